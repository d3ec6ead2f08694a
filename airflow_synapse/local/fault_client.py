"""Set faults of a running pool, from tests and from the command line."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Final

from airflow_synapse.local.fault_control import CONTENT_TYPE
from airflow_synapse.local.faults import RUNNING
from airflow_synapse.local.home import WorkspaceError

_TIMEOUT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.02


class ControlClient:
    """Speaks with the control port of a pool, whichever it is.

    :param port: Port of 127.0.0.1.
    :raises WorkspaceError: From every method: nobody listens, or the pool refuses the command.
    """

    def __init__(self, port: int) -> None:
        self.port = port

    def wait_until_held(self, fault: int, *, timeout: float = 30.0) -> None:
        """Wait until a fault holds something.

        :raises WorkspaceError: It does not in time.
        """
        deadline = time.monotonic() + timeout
        while not any(listed["number"] == fault and listed["held"] for listed in self.listed()):
            if time.monotonic() > deadline:
                raise WorkspaceError(f"Fault {fault} holds nothing after {timeout:g} s.")
            time.sleep(_POLL_SECONDS)

    def release(self, fault: int | None = None) -> int:
        """Let go on what a fault holds, or what any holds; return how many that are."""
        return int(self.command("release", number=fault))

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults that wait for their moment or hold something."""
        faults: list[dict[str, Any]] = self.command("list")
        return faults

    def clear(self) -> None:
        """Remove every fault, and refused logins; a paused pool stays paused."""
        self.command("clear")

    def _add(self, action: str, **fields: object) -> int:
        return int(self.command("add", action=action, **fields))

    def command(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - whatever the command returns
        """Send a command and return its result."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_SECONDS)
        try:
            body = json.dumps({"command": command, **arguments})
            connection.request("POST", "/", body, {"Content-Type": CONTENT_TYPE})
            answer = json.loads(connection.getresponse().read())
        except OSError as error:
            raise WorkspaceError(f"The control port {self.port} does not answer: {error}") from None
        finally:
            connection.close()
        if "error" in answer:
            raise WorkspaceError(answer["error"])
        return answer["result"]


class FaultClient(ControlClient):
    """Speaks with the control port of a SQL pool.

    Faults of statements (:meth:`drop`, :meth:`delay`, :meth:`hold`, :meth:`outlive`) take the same arguments, as
    :class:`~airflow_synapse.local.faults.Fault` describes them, and return the number of the fault.
    """

    def drop(self, *, moment: str = RUNNING, label: str | None = None, text: str | None = None, times: int = 1) -> int:
        """Break the client's connection at that moment."""
        return self._add("drop", moment=moment, label=label, text=text, times=times)

    def delay(
        self,
        seconds: float,
        *,
        moment: str = RUNNING,
        label: str | None = None,
        text: str | None = None,
        times: int = 1,
    ) -> int:
        """Let a statement take so much longer; a COPY shows its rows little by little meanwhile."""
        return self._add("delay", seconds=seconds, moment=moment, label=label, text=text, times=times)

    def hold(self, *, moment: str = RUNNING, label: str | None = None, text: str | None = None, times: int = 1) -> int:
        """Hold a statement at that moment until :meth:`release`, or until it is cancelled."""
        return self._add("hold", moment=moment, label=label, text=text, times=times)

    def outlive(self, *, label: str | None = None, text: str | None = None, times: int = 1) -> int:
        """Let a statement go on to its end when its client is gone."""
        return self._add("outlive", moment="before", label=label, text=text, times=times)

    def pause(self) -> None:
        """Pause the pool: statements are cancelled, sessions end, DMVs are emptied, logins are answered with 42108."""
        self.command("pause")

    def resume(self, *, warm_up_seconds: float = 0.0, warm_up_logins: int = 0) -> None:
        """Resume the pool; until it is warm, logins are answered with 42109."""
        self.command("resume", warm_up_seconds=warm_up_seconds, warm_up_logins=warm_up_logins)

    def warm_up(self, *, seconds: float = 0.0, logins: int = 0) -> None:
        """Answer logins with 42109 for that long, or the next so many."""
        self.command("warm_up", seconds=seconds, logins=logins)

    def refuse_logins(self, number: int, *, times: int = 1, message: str | None = None) -> None:
        """Refuse the next logins with that error number."""
        self.command("refuse_logins", number=number, times=times, message=message)

    def forget_requests(self) -> None:
        """Empty the DMVs."""
        self.command("forget_requests")
