"""The control port of a pool's process: tells the pool what to do wrong, and when.

It takes one JSON object a request, ``{"command": ..., arguments ...}``, as the body of a POST, and answers with one. A
page in a browser cannot reach it: a request that does not say ``Content-Type: application/json`` is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.local.faults import Fault, Faults
from airflow_synapse.local.http_server import HttpServer

if TYPE_CHECKING:
    from airflow_synapse.local.pool import Pool

CONTENT_TYPE: Final = "application/json"
Command = Callable[..., object]


class FaultControl(HttpServer):
    """Listens on a free port of 127.0.0.1 until :meth:`close`.

    :param commands: What can be asked for, by name.
    """

    def __init__(self, commands: Mapping[str, Command]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, answer = _answer(commands, self.headers.get("Content-Type"), self._body())
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def log_message(self, format: str, *_: object) -> None:
                """Write nothing: the log is the pool's."""

        super().__init__(Handler)


def _answer(commands: Mapping[str, Command], content_type: str | None, body: bytes) -> tuple[int, dict[str, Any]]:
    if content_type != CONTENT_TYPE:
        return 415, {"error": f"A request needs the header Content-Type: {CONTENT_TYPE}."}
    try:
        arguments: dict[str, Any] = json.loads(body)
        command = commands[arguments.pop("command")]
        return 200, {"result": command(**arguments)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return 400, {"error": f"The request cannot be run: {error}. Commands: {', '.join(commands)}."}


def fault_commands(faults: Faults, fault_type: type[Fault] = Fault) -> dict[str, Command]:
    """Return the commands that every pool has."""
    return {
        "add": lambda **fields: faults.add(fault_type(**fields)),
        "list": faults.listed,
        "release": faults.release,
        "clear": faults.clear,
    }


def sql_pool_commands(pool: Pool) -> dict[str, Command]:
    """Return the commands of a SQL pool."""

    def clear() -> None:
        pool.faults.clear()
        pool.availability.clear()

    return fault_commands(pool.faults) | {
        "clear": clear,
        "pause": pool.pause,
        "resume": pool.resume,
        "warm_up": pool.availability.warm_up,
        "refuse_logins": pool.availability.refuse,
        "forget_requests": pool.forget_requests,
    }
