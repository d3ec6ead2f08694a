"""A server that runs as a child process and never outlives the process that started it.

The child's standard input is a pipe that only the parent holds. When the parent ends, killed or not, the pipe ends, and
the child takes that as the order to stop. It works on every system and needs no watcher, and a Ctrl-C in the terminal
does not reach the child, which lives in a session of its own, before the parent has decided the order of stopping.

A program that does not look at its standard input is run through this module, which looks at it in its place:
``python -m airflow_synapse.local.child_process PROGRAM ARGUMENT ...``
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from airflow_synapse.local.home import WorkspaceError

_POLL_SECONDS: Final = 0.02
_GROUP_STOP_SECONDS: Final = 12.0
_STOP_SECONDS: Final = 15.0
_LOG_TAIL_LINES: Final = 15


class ChildProcess:
    """Start a server and own it until :meth:`stop`.

    :param name: What it is called in error messages.
    :param command: Program and arguments. They are visible to every user of the machine: no secret goes there.
    :param log: File that receives its output; an older one is replaced.
    :param error_log: File that receives what it writes to standard error instead of ``log``; an older one is replaced.
    :param environment: All its variables; those of this process without.
    :param first_input: What the child reads from its standard input before it only waits for the end of it.
    :param ends_with_input: Whether the program itself stops when its standard input ends.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        error_log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        first_input: str = "",
        ends_with_input: bool = True,
    ) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        wrapper = [] if ends_with_input else [sys.executable, "-m", "airflow_synapse.local.child_process"]
        with log.open("wb") as output, error_log.open("wb") if error_log else contextlib.nullcontext() as errors:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                [*wrapper, *command],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors or subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        self._input = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it ended at once; wait_for says so, with its output
            self._input.write(first_input.encode())

    @property
    def process_id(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the child has not ended."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the child ended with; None while it runs."""
        return self._process.poll()

    def wait_for(self, pattern: str, *, timeout: float) -> re.Match[str]:
        """Wait until the output matches a regular expression, and return the match.

        :param timeout: Seconds.
        :raises WorkspaceError: The child ended, or said nothing of the kind in time; the message holds the end of its
            output. The child is stopped.
        """
        deadline = time.monotonic() + timeout
        while True:
            ended = not self.is_running  # looked at before the log: what it wrote last still counts
            if match := re.search(pattern, self._log.read_text(errors="replace")):
                return match
            if ended or time.monotonic() > deadline:
                reason = (
                    f"was not ready in {timeout:g} s" if not ended else f"ended with code {self._process.returncode}"
                )
                self.stop()
                raise WorkspaceError(f"{self.name} {reason}. {self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def log_tail(self) -> str:
        """Return the last lines of its output, and where all of it is."""
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return f"The end of {self._log}:\n" + "\n".join(lines)

    def ask_to_stop(self) -> None:
        """Order the child to end and return at once."""
        self._input.close()

    def stop(self) -> None:
        """Order the child to end and wait for it; after 15 seconds use force."""
        self.ask_to_stop()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class ChildServer:
    """What owns one child process; a base for classes whose constructors return when it is ready.

    :ivar process: The child.
    """

    process: ChildProcess

    def stop(self) -> None:
        """Stop the process, and what runs in it; what it has stored stays."""
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def run_until_input_ends(command: Sequence[str]) -> int:
    """Run a program and return its exit code; when standard input ends first, end it with all its descendants."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - ours
    while process.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], 0.1)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GROUP_STOP_SECONDS
        while time.monotonic() < deadline:
            process.poll()  # reaps it; as a zombie it would keep the group alive
            os.killpg(process.pid, 0)
            time.sleep(_POLL_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


if __name__ == "__main__":
    sys.exit(run_until_input_ends(sys.argv[1:]))
