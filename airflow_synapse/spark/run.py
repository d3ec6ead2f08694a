"""Submit a Spark batch so that its job is done once. The only place that decides to submit.

Submitting is not idempotent: a pool that has accepted a batch may answer 503, or nothing. So each batch has a name of
its own, which the task's state store knows before the pool does, and:

1. before a try submits, it looks for the batches of the earlier ones, in the store and in the pool's list. It takes
   the result of one, or goes on waiting for one; others that still run are cancelled;
2. a batch of which nobody knows whether the pool has it is *withdrawn*: what its job reads first is taken away, so that
   it does nothing, should it begin later. Then it is safe to submit again;
3. whether a job is done is told by what it has written last, not by Livy's state.

A user who clears the task asks for the work again: the batches from before are cancelled, and none of them is taken.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from airflow_synapse.exceptions import (
    LoadSupersededError,
    SparkBatchBusyError,
    SparkPoolError,
    StatementCancelledError,
)
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import StateStore
from airflow_synapse.spark.batch import BatchRequest, BatchStatus
from airflow_synapse.spark.names import BatchName
from airflow_synapse.spark.record import RECORD_KEY, BatchRecord, RecordedBatch
from airflow_synapse.spark.watch import BatchWatch

#: Batches that one try submits when the pool accepts none.
_ATTEMPTS: Final = 4
#: Seconds before each look for a batch after a doubtful answer.
_LOOKS: Final = (1.0, 2.0, 4.0, 8.0)
#: Seconds between two looks whether a cancelled batch has ended, and the number of looks.
_CANCEL_INTERVAL: Final = 2.0
_CANCEL_LOOKS: Final = 150

log: Final = logging.getLogger(__name__)


class SparkPool(Protocol):
    """A Spark pool, as far as a run needs it. Every method raises SparkPoolError."""

    def submit(self, request: BatchRequest) -> int:
        """Submit a batch and return its number, with a single request."""

    def find(self, text: str) -> Sequence[BatchStatus]:
        """Return the batches of the pool's list whose name contains a text."""

    def status(self, batch_id: int) -> BatchStatus | None:
        """Return what the pool says of a batch; None where it knows none of that number."""

    def cancel(self, batch_id: int) -> None:
        """Cancel a batch; one that is over stays as it is."""


class SparkJob(Protocol):
    """What a batch is to do, and where it leaves its result: a folder of storage for each batch, by its name."""

    def prepare(self, name: str, earlier: Sequence[str]) -> BatchRequest:
        """Put what the job reads where it finds it, and return the request of that name.

        :param name: Name of the batch.
        :param earlier: Names of the batches since the last clear that are over, without a result that can be taken.
        """

    def has_result(self, name: str) -> bool:
        """Say whether the job of that name has written what it writes last."""

    def withdraw(self, name: str) -> None:
        """Take away what the job of that name reads first, if it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch whose job does, or has done, the work of a task.

    :param name: Its name.
    :param batch_id: Its number, of which 0 is the first; None where only its result is known.
    :param is_done: Whether its result is there, so that there is nothing to wait for.
    """

    name: str
    batch_id: int | None
    is_done: bool = False


class SparkBatchRun:
    """The batches of one try of a task.

    :param pool: Where to submit.
    :param job: What to do.
    :param identity: Whose work it is.
    :param try_number: Airflow's number of the try.
    :param store: Where the task keeps what later tries must know.
    :param has_store: Whether ``store`` outlives this try.
    :param fingerprint: Eight hexadecimal digits that stand for what the job is to do: a batch with another one, of an
        earlier try, is cancelled instead of waited for.
    :param pause: Waits for that many seconds.
    """

    def __init__(
        self,
        *,
        pool: SparkPool,
        job: SparkJob,
        identity: LoadIdentity,
        try_number: int,
        store: StateStore,
        has_store: bool,
        fingerprint: str = "0" * 8,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._job = job
        self._identity = identity
        self._try_number = try_number
        self._store = store
        self._has_store = has_store
        self._fingerprint = fingerprint
        self._pause = pause
        self._record = BatchRecord()
        self._earlier: tuple[str, ...] = ()
        self._submitting: str | None = None
        self._batch: Batch | None = None
        self._is_cancelled = False

    def start(self) -> Batch:
        """Return the batch that does the work: one of an earlier try, or a new one.

        :raises LoadSupersededError: A later try has taken over.
        :raises SparkBatchBusyError: A batch of an earlier try was cancelled, and does not end.
        :raises SparkPoolError: The pool refuses the batch, or cannot be reached.
        """
        for number in range(1, _ATTEMPTS + 1):
            found = self._settle() or self._submit(is_last=number == _ATTEMPTS)
            if found:
                self._batch = found
                if self._is_cancelled:
                    self.cancel()
                    raise StatementCancelledError(f"Spark batch {found.name!r} was cancelled.")
                return found
        raise AssertionError("unreachable")

    def wait(self, batch: Batch, *, poll_interval: float) -> BatchStatus:
        """Wait until a batch is over. An error that passes is waited out; no error cancels the batch.

        :param batch: One that is not done.
        :param poll_interval: Seconds between two looks.
        :raises SparkPoolError: The pool does not know it any more, refuses to tell, or is out of reach for long.
        """
        assert batch.batch_id is not None  # noqa: S101 - only a batch that is done has none
        watch = BatchWatch(batch.name, batch.batch_id)
        while True:
            try:
                if status := watch.see(self._pool.status(batch.batch_id)):
                    return status
            except SparkPoolError as error:
                watch.miss(error)
            self._pause(poll_interval)

    def cancel(self) -> None:
        """Cancel the batch of this try, and no other; one that is being submitted is withdrawn, too.

        :raises SynapseError: It cannot be cancelled.
        """
        self._is_cancelled = True
        if self._batch and self._batch.batch_id is not None:
            self._pool.cancel(self._batch.batch_id)
        elif self._submitting:
            self._job.withdraw(self._submitting)
            for status in self._pool.find(self._submitting):
                self._pool.cancel(status.batch_id)

    def _settle(self) -> Batch | None:
        """Learn what became of the earlier batches, and end those that must not run any more."""
        self._record = self._stored()
        is_first = self._has_store and (self._try_number, self._identity.clear_number) == (1, 0)
        if is_first and not self._record.batches:
            return None
        listed = self._listed()
        for lost in [each for each in self._record.batches if each.batch_id is None and each.name not in listed]:
            if not self._is_ours(lost.name) or not self._job.has_result(str(lost.name)):
                self._job.withdraw(str(lost.name))
                self._remember(self._record.with_batch(replace(lost, is_withdrawn=True)))
        known: dict[BatchName, BatchStatus | None] = {**self._recorded(), **self._listed()}
        self._check_rank(known)
        ours = sorted(filter(self._is_ours, known), key=lambda name: name.rank, reverse=True)
        done = self._done(known, ours)
        going_on = None if done else self._going_on(known, ours)
        self._end(status for name, status in known.items() if name != going_on)
        if going_on and (status := known[going_on]):
            log.info("Going on with what an earlier try has submitted: %s", status)
            self._remember(self._record.with_batch(RecordedBatch(name=going_on, batch_id=status.batch_id)))
            return Batch(name=str(going_on), batch_id=status.batch_id)
        done = done or self._done({}, ours)  # a batch may have been faster than its cancellation
        clear = self._identity.clear_number
        self._earlier = tuple(str(name) for name in known if name.clear_number == clear and name != done)
        if done is None:
            return None
        log.info("Spark batch %r of an earlier try has done the work. Nothing is submitted.", str(done))
        ids = {each.name: each.batch_id for each in self._record.batches}
        status = known[done]
        return Batch(name=str(done), batch_id=status.batch_id if status else ids.get(done), is_done=True)

    def _submit(self, *, is_last: bool) -> Batch | None:
        """Submit a new batch; None where the pool does not say that it has it."""
        name = BatchName.of(
            self._identity,
            try_number=self._try_number,
            fingerprint=self._fingerprint,
            token=secrets.token_hex(4),
        )
        self._submitting = str(name)
        self._store_record(self._record.with_batch(RecordedBatch(name=name)))
        request = self._job.prepare(str(name), self._earlier)
        # After the record was written: a later try that has not seen it is seen here, or sees it and withdraws it.
        self._check_rank([*(each.name for each in self._stored().batches), *self._listed()])
        if self._is_cancelled:
            raise StatementCancelledError(f"Spark batch {str(name)!r} was cancelled before it was submitted.")
        try:
            batch_id: int | None = self._pool.submit(request)
        except SparkPoolError as error:
            if not error.retryable:
                self._remember(self._record.without(name))
                raise
            log.warning("The Spark pool may have accepted batch %r, or not. Looking for it. %s", str(name), error)
            batch_id = self._look_for(name)
            if batch_id is None and is_last:
                self._job.withdraw(str(name))  # should it begin after all, nobody waits for it
                raise
        if batch_id is None:
            return None
        log.info("Spark batch %d: %s", batch_id, name)
        self._remember(self._record.with_batch(RecordedBatch(name=name, batch_id=batch_id)))
        return Batch(name=str(name), batch_id=batch_id)

    def _look_for(self, name: BatchName) -> int | None:
        for seconds in _LOOKS:
            self._pause(seconds)
            try:
                status = self._listed().get(name)
            except SparkPoolError as error:
                log.warning("The list of the pool's batches cannot be read. %s", error)
                continue
            if status:
                return status.batch_id
        return None

    def _listed(self) -> dict[BatchName, BatchStatus]:
        found = self._pool.find(f"-{self._identity.load_id}-")
        return {name: status for status in found if (name := BatchName.parse(status.name))}

    def _recorded(self) -> dict[BatchName, BatchStatus | None]:
        return {
            each.name: None if each.batch_id is None else self._pool.status(each.batch_id)
            for each in self._record.batches
        }

    def _is_ours(self, name: BatchName) -> bool:
        """Say whether the job of that name does what this try is to do, and was not asked for before a clear."""
        return name.clear_number == self._identity.clear_number and name.fingerprint == self._fingerprint

    def _check_rank(self, names: Iterable[BatchName]) -> None:
        mine = self._identity.clear_number, self._try_number
        if any(name.rank > mine for name in names):
            raise LoadSupersededError("A later try of this task has taken over; nothing was submitted.")

    def _done(self, known: dict[BatchName, BatchStatus | None], names: Iterable[BatchName]) -> BatchName | None:
        """Return the name of a batch that is over and has its result."""
        for name in names:
            status = known.get(name)
            if (status is None or status.is_over) and self._job.has_result(str(name)):
                return name
        return None

    def _going_on(self, known: dict[BatchName, BatchStatus | None], names: Iterable[BatchName]) -> BatchName | None:
        """Return the name of the latest batch that runs and was not withdrawn."""
        withdrawn = {each.name for each in self._record.batches if each.is_withdrawn}
        for name in names:
            status = known[name]
            if status and not status.is_over and name not in withdrawn:
                return name
        return None

    def _end(self, statuses: Iterable[BatchStatus | None]) -> None:
        """Cancel what still runs, and wait until it is over: nothing may write where a new batch writes."""
        running = [status for status in statuses if status and not status.is_over]
        for status in running:
            log.warning("Cancelling what an earlier try has submitted: %s", status)
            self._pool.cancel(status.batch_id)
        for _ in range(_CANCEL_LOOKS):
            running = [now for each in running if (now := self._pool.status(each.batch_id)) and not now.is_over]
            if not running:
                return
            self._pause(_CANCEL_INTERVAL)
        raise SparkBatchBusyError(f"{running[0]} was cancelled, and does not end. Try again later.", retryable=True)

    def _stored(self) -> BatchRecord:
        return BatchRecord.from_json(self._store.get(RECORD_KEY), self._identity.load_id)

    def _store_record(self, record: BatchRecord) -> None:
        self._record = record
        self._store.set(RECORD_KEY, record.to_json())

    def _remember(self, record: BatchRecord) -> None:
        """Write the record; where that fails, a later try asks the pool."""
        try:
            self._store_record(record)
        except Exception as error:  # whatever the store's backend raises: the batch counts more
            log.warning("What became of the Spark batches could not be stored. %s", error)
