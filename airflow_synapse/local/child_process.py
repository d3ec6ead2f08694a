"""A server that runs as a child process and never outlives the process that started it.

The child's standard input is a pipe that only the parent holds. When the parent is gone, killed or not, the pipe ends,
and the child takes that as the order to stop: it works on every system, needs no watcher, and a Ctrl-C in the terminal
does not reach the child, which lives in a session of its own, before the parent has decided the order of stopping.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from airflow_synapse.local.home import WorkspaceError

_POLL_SECONDS: Final = 0.02
_STOP_SECONDS: Final = 15.0
_LOG_TAIL_LINES: Final = 15


class ChildProcess:
    """Start a server and own it until :meth:`stop`.

    :param name: What it is called in error messages.
    :param command: Program and arguments. They are visible to every user of the machine: no secret goes there.
    :param log: File that receives its output; an older one is replaced.
    :param environment: Variables to add to those of this process.
    :param first_input: What the child reads from its standard input before it only waits for the end of it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        first_input: str = "",
    ) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | dict(environment or {}),
                start_new_session=True,
            )
        if first_input:
            self._send(first_input)

    @property
    def process_id(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the child has not ended."""
        return self._process.poll() is None

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
                self.stop()
                reason = f"ended with code {self._process.returncode}" if ended else f"was not ready in {timeout:g} s"
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
                raise WorkspaceError(f"{self.name} {reason}. The end of {self._log}:\n{tail}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Order the child to end and wait for it; after 15 seconds use force."""
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, text: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        try:
            self._process.stdin.write(text.encode())
        except BrokenPipeError:
            pass  # it ended at once; wait_for says so, with its output

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
