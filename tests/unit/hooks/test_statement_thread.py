"""Calls of the driver in a thread, with a cursor that blocks until it is cancelled."""

import os
import signal
import threading

import pytest

from airflow_synapse.exceptions import StatementCancelledError
from airflow_synapse.hooks.statement_thread import StatementThread


class Cursor:
    """Executes until somebody cancels it, as a cursor of the driver does."""

    def __init__(self, *, deaf_for=0):
        self.running = threading.Event()
        self.stop = threading.Event()
        self.cancels = 0
        self.deaf_for = deaf_for

    def execute(self):
        self.running.set()
        if not self.stop.wait(30):
            raise AssertionError("Nobody cancelled the statement.")
        raise RuntimeError("HY008")

    def cancel(self):
        self.cancels += 1
        if self.cancels > self.deaf_for:
            self.stop.set()


@pytest.fixture
def thread():
    return StatementThread()


def execution(thread, cursor):
    def execute():
        with thread.watching(cursor):
            cursor.execute()

    return execute


def when_running(cursor, action):
    """Do something from another thread once the statement runs."""
    threading.Thread(target=lambda: cursor.running.wait() and action(), daemon=True).start()


def test_a_call_returns_its_value_from_another_thread(thread):
    assert thread.run(threading.current_thread) is not threading.current_thread()


def test_a_call_raises_its_error_here(thread):
    with pytest.raises(ZeroDivisionError):
        thread.run(lambda: 1 / 0)


def test_cancel_stops_the_running_statement(thread):
    cursor = Cursor()
    when_running(cursor, thread.cancel)
    with pytest.raises(RuntimeError, match="HY008"):
        thread.run(execution(thread, cursor))


def test_cancel_is_repeated_when_the_first_came_too_early(thread):
    cursor = Cursor(deaf_for=2)
    when_running(cursor, thread.cancel)
    with pytest.raises(RuntimeError, match="HY008"):
        thread.run(execution(thread, cursor))
    assert cursor.cancels == 3


def test_a_cancelled_thread_runs_nothing_more(thread):
    thread.cancel()
    with pytest.raises(StatementCancelledError):
        thread.run(lambda: pytest.fail("It ran."))


def test_a_signal_handler_runs_while_the_statement_does_and_its_exception_cancels_it(thread):
    # Airflow's execution_timeout is a signal handler that raises.
    cursor = Cursor()

    def expire(number, frame):
        raise TimeoutError("execution_timeout")

    previous = signal.signal(signal.SIGALRM, expire)
    try:
        when_running(cursor, lambda: os.kill(os.getpid(), signal.SIGALRM))
        with pytest.raises(TimeoutError, match="execution_timeout"):
            thread.run(execution(thread, cursor))
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert cursor.cancels
    assert not thread.busy


def test_sigterm_cancels_and_then_does_what_it_did_before(thread):
    cursor, seen = Cursor(), []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(cursor.cancels))
    try:
        when_running(cursor, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with thread.cancelled_by_sigterm(), pytest.raises(RuntimeError, match="HY008"):
            thread.run(execution(thread, cursor))
        restored = signal.getsignal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert seen == [1]
    assert restored is not previous
    assert restored.__name__ == "<lambda>"


def test_waiting_for_the_pool_ends_when_cancelled(thread):
    threading.Timer(0.01, thread.cancel).start()
    with pytest.raises(StatementCancelledError):
        thread.run(lambda: thread.pause(30))


def test_waiting_for_the_pool_ends_by_itself(thread):
    thread.pause(0)


def test_a_statement_that_cannot_be_stopped_leaves_the_thread_busy(thread, monkeypatch):
    monkeypatch.setattr("airflow_synapse.hooks.statement_thread._GRACE", 0.01)
    release = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        interrupt_while(thread, release)
    busy = thread.busy
    release.set()
    assert busy


def interrupt_while(thread, release):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGALRM)).start()
        thread.run(lambda: release.wait(30))
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_a_cursor_is_not_let_go_while_it_is_being_cancelled(thread):
    # The driver crashes the process when a cursor is freed during SQLCancel.
    cancelling, may_return, let_go = threading.Event(), threading.Event(), threading.Event()

    class SlowToCancel:
        def cancel(self):
            cancelling.set()
            may_return.wait(30)

    def execute():
        with thread.watching(SlowToCancel()):
            threading.Thread(target=thread.cancel, daemon=True).start()
            cancelling.wait(30)
        let_go.set()

    threading.Thread(target=execute, daemon=True).start()
    cancelling.wait(30)
    assert not let_go.wait(0.05)
    may_return.set()
    assert let_go.wait(30)
