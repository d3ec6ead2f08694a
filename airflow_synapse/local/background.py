"""The one workspace of a home folder that runs in the background, and how other processes find it.

Its process holds a lock for as long as it lives, and writes a state file once it is ready. A state file without a lock
is a leftover of a process that was killed, and counts for nothing.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from airflow_synapse.local.home import WorkspaceError, locked
from airflow_synapse.local.workspace import Workspace

_START_SECONDS: Final = 600.0  # the first start downloads Azurite and Spark
_STOP_SECONDS: Final = 40.0
_POLL_SECONDS: Final = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """A running workspace.

    :param process_id: The process to ask to stop.
    :param connections: As :meth:`~airflow_synapse.local.workspace.Workspace.connections` returns them.
    :param control_port: Where the SQL pool is told to do something wrong.
    :param spark_control_port: Where the Spark pool is; None if there is none.
    :param environment: The environment variables that a process needs beside the connections.
    """

    process_id: int
    connections: dict[str, dict[str, Any]]
    control_port: int
    spark_control_port: int | None = None
    environment: dict[str, str] = field(default_factory=dict)


def is_running(home: Path) -> bool:
    """Say whether a process of the workspace of ``home`` lives, ready or not."""
    with locked(home / "workspace.lock", wait=False) as free:
        return not free


def running_state(home: Path) -> State | None:
    """Return the state of the running workspace; None when there is none.

    :raises WorkspaceError: It has not finished starting.
    """
    if not is_running(home):
        return None
    try:
        return State(**json.loads((home / "workspace.json").read_text()))
    except FileNotFoundError:
        raise _not_ready(home) from None


def _not_ready(home: Path) -> WorkspaceError:
    return WorkspaceError(f"The workspace in {home} is starting or stopping. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a workspace consists of.

    :param storage_port: Port of 127.0.0.1; 0 takes a free one, as for the others.
    :param spark: Whether it has a Spark pool.
    """

    storage_port: int = 0
    sql_port: int = 0
    spark: bool = False
    spark_port: int = 0


def run(home: Path, parts: Parts, *, ready: Callable[[State], None]) -> None:
    """Run the workspace in this process until it gets SIGTERM or SIGINT.

    :param ready: Called once, when the workspace answers.
    :raises WorkspaceError: One runs already, a part does not start, or one ends by itself.
    :raises KeyboardInterrupt: A signal came before it was ready.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with locked(home / "workspace.lock", wait=False) as free:
        if not free:
            raise WorkspaceError(
                f"The workspace in {home} is up already. Look at it with `status`, end it with `down`."
            )
        with (
            _file(home / "workspace.pid", str(os.getpid())),
            Workspace(home, home / "workspace", **asdict(parts)) as workspace,
        ):
            stop_asked = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop_asked.set())
            state = State(
                os.getpid(),
                workspace.connections(),
                workspace.sql_pool.control_port,
                workspace.spark_pool.control_port if workspace.spark_pool else None,
                workspace.environment,
            )
            with _file(home / "workspace.json", json.dumps(asdict(state))):
                ready(state)
                while not stop_asked.wait(1.0):
                    workspace.check()


@contextlib.contextmanager
def _file(path: Path, text: str) -> Iterator[None]:
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(path)  # a reader finds all of it or nothing
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def start(home: Path, parts: Parts) -> State:
    """Start the workspace in a process that outlives this one, and return its state when it is ready.

    :raises WorkspaceError: It does not start; the message holds what it said.
    """
    if is_running(home):
        raise WorkspaceError(f"The workspace in {home} is up already. Look at it with `status`, end it with `down`.")
    for leftover in ("workspace.json", "workspace.pid"):
        (home / leftover).unlink(missing_ok=True)
    log_file = home / "workspace.log"
    log.info("Starting. The first time, this downloads what is missing. Progress is in %s", log_file)
    arguments = ["--storage-port", str(parts.storage_port), "--sql-port", str(parts.sql_port), "--home", str(home)]
    arguments += ["--spark", "--spark-port", str(parts.spark_port)] if parts.spark else []
    with log_file.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "airflow_synapse.local", "up", "--foreground", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # it prints the connections, which are no matter for a log
            stderr=output,
            start_new_session=True,
        )
    try:
        return _state_when_ready(home, process, log_file)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _state_when_ready(home: Path, process: subprocess.Popen[bytes], log_file: Path) -> State:
    deadline = time.monotonic() + _START_SECONDS
    while not (home / "workspace.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise WorkspaceError(f"The workspace does not start:\n{log_file.read_text(errors='replace').strip()}")
        time.sleep(_POLL_SECONDS)
    return State(**json.loads((home / "workspace.json").read_text()))


def stop(home: Path) -> bool:
    """Stop the running workspace, ready or not, and wait until it is gone; return whether there was one.

    :raises WorkspaceError: It does not stop.
    """
    if not is_running(home):
        return False
    try:
        process_id = int((home / "workspace.pid").read_text())
    except FileNotFoundError:
        raise _not_ready(home) from None
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_running(home):
        if time.monotonic() > deadline:
            raise WorkspaceError(f"The workspace (process {process_id}) did not stop in {_STOP_SECONDS:g} s.")
        time.sleep(_POLL_SECONDS)
    return True
