"""Faults of a Spark pool: what it is told to do wrong, so that a client can prove that it copes.

A fault waits for a request or a batch that fits it. Its ``label`` is compared with the batch's name, and its ``text``
with what is asked for: ``submit``, ``get``, ``list``, ``cancel`` or ``log``. Its moments:

``before``
    The pool has not looked at the request.
``after``
    The pool has done what was asked for, and has not answered.
``queued``
    The batch waits for its turn.
``ended``
    The job has ended; the batch is not yet in its last state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from airflow_synapse.local.fault_client import ControlClient
from airflow_synapse.local.faults import Fault

BEFORE: Final = "before"
AFTER: Final = "after"
QUEUED: Final = "queued"
ENDED: Final = "ended"
SUBMIT: Final = "submit"
REQUESTS: Final = (SUBMIT, "get", "list", "cancel", "log")
#: What a fault does, and when it may. ``unavailable``: answer with status 503. ``throttle``: answer with 429 and the
#: seconds as ``Retry-After``. ``drop``: hang up. ``delay``: let a batch queue that many seconds more. ``hold``: let it
#: queue until released. ``die``: let it die before its job starts. ``lie``: tell success though the job failed.
MOMENTS_OF: Final = {
    "unavailable": (BEFORE, AFTER),
    "throttle": (BEFORE,),
    "drop": (BEFORE, AFTER),
    "delay": (QUEUED,),
    "hold": (QUEUED,),
    "die": (QUEUED,),
    "lie": (ENDED,),
}


@dataclass(slots=True)
class SparkFault(Fault):
    """A fault that waits for a request or a batch.

    :param moment: When it acts; the first that its action may act at, if empty.
    """

    moment: str = ""

    actions: ClassVar[tuple[str, ...]] = tuple(MOMENTS_OF)
    moments: ClassVar[tuple[str, ...]] = (BEFORE, AFTER, QUEUED, ENDED)

    def __post_init__(self) -> None:
        possible = MOMENTS_OF.get(self.action, (BEFORE,))
        self.moment = self.moment or possible[0]
        Fault.__post_init__(self)
        if self.moment not in possible:
            raise ValueError(f"A fault that is to {self.action} acts {' or '.join(possible)}, not {self.moment}.")


class SparkFaultClient(ControlClient):
    """Speaks with the control port of a Spark pool.

    Every fault takes the name of the batch, with ``*`` and ``?`` as wildcards (default: any batch), and how many
    requests or batches it is for; it returns its number.
    """

    def unavailable(
        self, *, request: str = SUBMIT, moment: str = BEFORE, name: str | None = None, times: int = 1
    ) -> int:
        """Answer a request with status 503, before or after doing what it asks for."""
        return self._add("unavailable", moment=moment, text=request, label=name, times=times)

    def throttle(
        self, retry_after: float = 1.0, *, request: str = SUBMIT, name: str | None = None, times: int = 1
    ) -> int:
        """Answer a request with status 429 and that many seconds as ``Retry-After``."""
        return self._add("throttle", seconds=retry_after, text=request, label=name, times=times)

    def drop(self, *, request: str = SUBMIT, moment: str = AFTER, name: str | None = None, times: int = 1) -> int:
        """Hang up instead of answering a request, before or after doing what it asks for."""
        return self._add("drop", moment=moment, text=request, label=name, times=times)

    def delay(self, seconds: float, *, name: str | None = None, times: int = 1) -> int:
        """Let a batch queue that many seconds more."""
        return self._add("delay", seconds=seconds, label=name, times=times)

    def hold(self, *, name: str | None = None, times: int = 1) -> int:
        """Let a batch queue until :meth:`release`, or until it is cancelled."""
        return self._add("hold", label=name, times=times)

    def die(self, *, name: str | None = None, times: int = 1) -> int:
        """Let a batch die before its job starts."""
        return self._add("die", label=name, times=times)

    def lie(self, *, name: str | None = None, times: int = 1) -> int:
        """Tell success of a batch though its job failed."""
        return self._add("lie", label=name, times=times)
