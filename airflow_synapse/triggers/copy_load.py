"""The trigger of a SynapseCopyOperator that waits without a worker."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import SyncToAsync, sync_to_async

if TYPE_CHECKING:
    from airflow_synapse.triggers.deferred_load import DeferredLoad

#: Loads at the same time in one triggerer, each in a thread. Source: memory and concurrency limits of a dedicated SQL
#: pool 2021-04: at most 128 concurrent requests, at the largest size.
MOST_LOADS: Final = 128
#: Seconds that a load gets to end once ``execution_timeout`` has cancelled it: its link may be dead.
_ENDING_SECONDS: Final = 60.0
#: One for each event loop; a triggerer has one.
_SLOTS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()


class SynapseCopyTrigger(BaseTrigger):
    """Runs a load in a thread of the triggerer, exactly as a worker would.

    It holds connection ids and plain arguments, and builds the statement itself: nothing secret is in the database. It
    cannot reach the task state store, so ``record`` is what the worker has read and written there.

    When the triggerer ends or hands the trigger over, nothing is cancelled: the thread dies with its process, the pool
    may go on, and whoever runs the trigger next finds the request as a retry would.

    :param arguments: :meth:`~airflow_synapse.execution.arguments.CopyArguments.to_json` of the operator's arguments.
    :param identity: Fields of :class:`~airflow_synapse.load.identity.LoadIdentity`.
    :param try_number: Airflow's number of the try.
    :param record: :meth:`~airflow_synapse.load.record.LoadRecord.to_json` as the worker stored it.
    :param has_store: Whether Airflow keeps that record between tries.
    :param known: What the task has to be told again: the event holds it too.
    :param deadline: When ``execution_timeout`` ends the load, in ISO 8601; None for never.
    :param cancel_on_kill: Whether to cancel the statement when a user clears or marks the task.
    """

    def __init__(
        self,
        *,
        arguments: dict[str, Any],
        identity: dict[str, Any],
        try_number: int,
        record: dict[str, Any],
        has_store: bool,
        known: dict[str, Any],
        deadline: str | None = None,
        cancel_on_kill: bool = True,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's, without types
        self.arguments = arguments
        self.identity = identity
        self.try_number = try_number
        self.record = record
        self.has_store = has_store
        self.known = known
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self._load: DeferredLoad | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class and its arguments."""
        return "airflow_synapse.triggers.copy_load.SynapseCopyTrigger", {
            "arguments": self.arguments,
            "identity": self.identity,
            "try_number": self.try_number,
            "record": self.record,
            "has_store": self.has_store,
            "known": self.known,
            "deadline": self.deadline,
            "cancel_on_kill": self.cancel_on_kill,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Load, and yield what came of it: an event of :mod:`airflow_synapse.execution.load_event`.

        With it are the record for the task's store, and ``known``.
        """
        slots = _SLOTS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MOST_LOADS))
        try:
            await asyncio.wait_for(slots.acquire(), self._seconds_left())
        except TimeoutError:
            from airflow_synapse.execution import load_event  # noqa: PLC0415 - a DAG file does not need it

            yield self._event({**load_event.timed_out(), "record": self.record})
            return
        try:
            # Reads connections from Airflow, whose synchronous calls need a thread of this kind before Airflow 3.3.
            self._load = await sync_to_async(self._prepare, thread_sensitive=False)()
            running = _in_thread(self._load.run)
        except BaseException:
            slots.release()
            raise
        running.add_done_callback(lambda _: slots.release())  # also when nobody waits for the thread any more
        done, _ = await asyncio.wait({running}, timeout=self._seconds_left())
        if not done:
            await asyncio.to_thread(self._load.time_out)
            done, _ = await asyncio.wait({running}, timeout=_ENDING_SECONDS)
        yield self._event(running.result() if done else self._load.given_up())

    async def on_kill(self) -> None:
        """Cancel the statement of this very load; where that does not help at once, end its session."""
        if self.cancel_on_kill and self._load:
            await asyncio.to_thread(self._load.cancel)

    def _event(self, event: dict[str, Any]) -> TriggerEvent:
        return TriggerEvent({**self.known, **event})  # type: ignore[no-untyped-call]  # Airflow's, without types

    def _prepare(self) -> DeferredLoad:
        from airflow_synapse.triggers.deferred_load import DeferredLoad  # noqa: PLC0415 - slow: not on the event loop

        return DeferredLoad(self)

    def _seconds_left(self) -> float | None:
        if self.deadline is None:
            return None
        return max(0.0, (datetime.fromisoformat(self.deadline) - datetime.now(UTC)).total_seconds())


def _in_thread(call: Callable[[], dict[str, Any]]) -> asyncio.Future[dict[str, Any]]:
    """Run a call in a daemon thread: the threads of an executor would keep a triggerer from ending."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[dict[str, Any]] = loop.create_future()
    context = contextvars.copy_context()  # Airflow finds the task of a log line by it

    def work() -> None:
        # By these asgiref finds the event loop, on which Airflow before 3.3 talks to its supervisor, be it to mask a
        # secret: from elsewhere it would read the answers of others, and the triggerer would end.
        SyncToAsync.threadlocal.main_event_loop = loop
        SyncToAsync.threadlocal.main_event_loop_pid = os.getpid()
        try:
            deliver = partial(outcome.set_result, context.run(call))
        except BaseException as error:
            deliver = partial(outcome.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: the triggerer has ended
            loop.call_soon_threadsafe(deliver)

    threading.Thread(target=work, name="synapse-load", daemon=True).start()
    return outcome
