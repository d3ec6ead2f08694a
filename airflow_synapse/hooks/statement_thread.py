"""Run a blocking call of the driver in a thread, so that the main thread stays able to stop it.

Python runs signal handlers in the main thread only, and between two of its instructions. A main thread that waits
inside the driver sees SIGTERM, and the alarm of Airflow's ``execution_timeout``, when the statement has ended.
"""

from __future__ import annotations

import contextvars
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, Protocol, TypeVar

from airflow_synapse.exceptions import StatementCancelledError

#: Seconds between two looks at whether the call has ended or is to stop.
_SLICE: Final = 0.2
#: Seconds that a cancelled statement gets to end. Airflow kills a task five seconds after SIGTERM.
_GRACE: Final = 3.0

T = TypeVar("T")


class Cancellable(Protocol):
    """A cursor of the driver, as far as it is needed here."""

    def cancel(self) -> None:
        """Ask the server to stop the running statement. Called from another thread than the one that waits for it."""


class StatementThread:
    """Runs calls of the driver one after the other, each in a thread; once cancelled, it runs none any more."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._cursor: Cancellable | None = None
        # Held while a cursor is cancelled, and to let go of it: a cursor that is freed in between crashes the process.
        # Reentrant, because a signal handler may cancel while its own thread is just doing so.
        self._cursor_lock = threading.RLock()
        self._running: Future[Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is running."""
        return self._running is not None and not self._running.done()

    def has_ended(self, timeout: float) -> bool:
        """Say whether no call is running, or the running one ends within ``timeout`` seconds."""
        running = self._running
        return running is None or not wait([running], timeout=timeout).not_done

    @property
    def is_cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._cancelled.is_set()

    def run(self, call: Callable[[], T]) -> T:
        """Run ``call`` and return what it returns.

        When the caller is interrupted while it waits (a timeout, a signal), the statement is cancelled first.

        :raises StatementCancelledError: :meth:`cancel` was called before.
        """
        self.check()
        outcome: Future[T] = Future()
        self._running = outcome
        context = contextvars.copy_context()

        def work() -> None:
            try:
                outcome.set_result(context.run(call))
            except BaseException as error:
                outcome.set_exception(error)

        # A daemon: a statement that cannot be stopped must not keep the process alive.
        worker = threading.Thread(target=work, name="synapse-statement", daemon=True)
        try:
            worker.start()  # in here: a signal may come while the thread starts
            while not wait([outcome], timeout=_SLICE).done:
                if self._cancelled.is_set():
                    self._cancel_cursor()  # again: the first time may have come just before the statement began
        except BaseException:
            self.cancel()
            wait([outcome], timeout=_GRACE)
            raise
        return outcome.result()

    def cancel(self) -> None:
        """Stop the running statement and refuse later ones. Returns at once; may be called from a signal handler."""
        self._cancelled.set()
        self._cancel_cursor()

    def check(self) -> None:
        """Raise when cancelled.

        :raises StatementCancelledError: :meth:`cancel` was called before.
        """
        if self._cancelled.is_set():
            raise StatementCancelledError("The statement was cancelled before it began.")

    def pause(self, seconds: float) -> None:
        """Wait, unless and until cancelled.

        :raises StatementCancelledError: :meth:`cancel` was called.
        """
        if self._cancelled.wait(seconds):
            raise StatementCancelledError("Cancelled while waiting for the pool.")

    @contextmanager
    def watching(self, cursor: Cancellable) -> Iterator[None]:
        """Name the cursor that :meth:`cancel` stops for as long as the block runs."""
        self.check()
        self._cursor = cursor
        try:
            yield
        finally:
            with self._cursor_lock:
                self._cursor = None

    @contextmanager
    def cancelled_by_sigterm(self) -> Iterator[None]:
        """Cancel on SIGTERM for as long as the block runs, then do what SIGTERM did before.

        For operators that have no ``on_kill`` of their own, such as ``SQLExecuteQueryOperator``.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous: Any = signal.getsignal(signal.SIGTERM)

        def handle(number: int, frame: FrameType | None) -> None:
            self.cancel()
            if callable(previous):
                previous(number, frame)
            elif previous is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)

        signal.signal(signal.SIGTERM, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, previous)

    def _cancel_cursor(self) -> None:
        with self._cursor_lock:
            if self._cursor:
                with suppress(Exception):  # the link may be broken: then there is nothing to stop
                    self._cursor.cancel()
