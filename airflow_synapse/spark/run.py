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
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from airflow_synapse.exceptions import (
    LoadSupersededError,
    SparkBatchBusyError,
    SparkPoolError,
    StatementCancelledError,
    SynapseError,
)
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import StateStore
from airflow_synapse.spark.batch import BatchStatus
from airflow_synapse.spark.job import Batch, SparkJob, SparkPool
from airflow_synapse.spark.names import BatchName
from airflow_synapse.spark.record import BatchStore, RecordedBatch
from airflow_synapse.spark.settle import Settled, Settlement
from airflow_synapse.spark.watch import BatchWatch

#: Batches that one try submits when the pool accepts none.
_ATTEMPTS: Final = 4
#: Seconds before each look for a batch after a doubtful answer.
_LOOKS: Final = (1.0, 2.0, 4.0, 8.0)
#: Seconds that a cancellation may take: Airflow ends the process after five.
_CANCEL_SECONDS: Final = 4.0

log: Final = logging.getLogger(__name__)


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
        self._me = BatchName.of(identity, try_number=try_number, fingerprint=fingerprint, token="0" * 8)
        self._store = BatchStore(store, identity.load_id)
        self._has_store = has_store
        self._pause = pause
        self._settlement = Settlement(pool=pool, job=job, me=self._me, store=self._store, pause=pause)
        self._submitted: list[BatchName] = []  # or about to be, unless the pool has refused it
        self._batch: Batch | None = None
        self._is_cancelled = False

    def start(self) -> Batch:
        """Return the batch that does the work: one of an earlier try, or a new one.

        :raises LoadSupersededError: A later try has taken over.
        :raises SparkBatchBusyError: A batch of an earlier try was cancelled, and does not end.
        :raises SparkPoolError: The pool refuses the batch, or cannot be reached.
        :raises StatementCancelledError: It was cancelled meanwhile.
        """
        try:
            return self._started(self._find_or_submit())
        except LoadSupersededError:
            raise  # the later try may wait for what this one has submitted
        except Exception:
            if not self._batch:
                self._withdraw()
            raise

    def _find_or_submit(self) -> Batch:
        error: SparkPoolError = SparkBatchBusyError(
            "Other tries of this task submit batches at the same time. Try again later.", retryable=True
        )
        for _ in range(_ATTEMPTS):
            settled = self._settle()
            try:
                batch = settled.batch or self._submit(settled)
            except SparkPoolError as failure:
                if not failure.retryable:
                    raise
                error = failure
                continue
            if batch:
                return batch
        raise error

    def _withdraw(self) -> None:
        """Take away what the batches read that the pool may have: should one begin after all, nobody waits for it."""
        for name in self._submitted:
            try:
                self._job.withdraw(str(name))
            except SynapseError as error:
                log.warning("Should Spark batch %r begin after all, nobody waits for it. %s", str(name), error)

    def wait(self, batch: Batch, *, poll_interval: float) -> BatchStatus:
        """Wait until a batch is over. An error that passes is waited out; no error cancels the batch.

        :param batch: One that is not done.
        :param poll_interval: Seconds between two looks.
        :return: What the pool says of it at last, which may be that it does not know it any more.
        :raises SparkPoolError: The pool refuses to tell, or is out of reach for long.
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

        Returns within four seconds, from whatever thread it is called, also from a signal handler.
        """
        self._is_cancelled = True
        canceller = threading.Thread(target=self._cancel, daemon=True)
        canceller.start()
        canceller.join(_CANCEL_SECONDS)

    def _cancel(self) -> None:
        try:
            if self._batch and self._batch.batch_id is not None:
                self._pool.cancel(self._batch.batch_id)
                return
            for name in tuple(self._submitted):
                self._job.withdraw(str(name))
                for status in self._pool.find(str(name)):
                    self._pool.cancel(status.batch_id)
        except SynapseError as error:
            log.warning("The Spark batch could not be cancelled. %s", error)

    def _started(self, batch: Batch) -> Batch:
        self._batch = batch
        if self._is_cancelled:  # while it was being submitted, when nobody knew its number
            self.cancel()
            raise StatementCancelledError(f"Spark batch {batch.name!r} was cancelled.")
        return batch

    def _settle(self) -> Settled:
        if self._has_store and self._me.rank == (0, 1) and not self._store.read().batches:
            return Settled()  # the very first try has nobody before it
        return self._settlement.run()

    def _submit(self, settled: Settled) -> Batch | None:
        """Submit a new batch; None where another one has come up meanwhile.

        :raises SparkPoolError: The pool refuses it; or does not say that it has it, where the error is retryable.
        """
        name = replace(self._me, token=secrets.token_hex(4))
        self._submitted.append(name)
        self._store.write(RecordedBatch(name=name))
        earlier = sorted(str(each) for each in settled.names if each.clear_number == name.clear_number)
        request = self._job.prepare(str(name), earlier)
        # Now: a try that looks later than this sees the record, and withdraws the batch or is one that gives up.
        if other := self._settlement.find_new(settled, name, has_store=self._has_store):
            log.info("Spark batch %r of another try has come up.", str(other))
            return None
        if self._is_cancelled:
            raise StatementCancelledError(f"Spark batch {str(name)!r} was cancelled before it was submitted.")
        try:
            batch_id = self._pool.submit(request)
        except SparkPoolError as error:
            if not error.retryable:
                self._submitted.remove(name)  # the pool has it not, and never will
                raise
            found = self._look_for(name)
            if found is None:
                raise
            batch_id = found
        log.info("Spark batch %d: %s", batch_id, name)
        self._store.remember(RecordedBatch(name=name, batch_id=batch_id))
        return Batch(name=str(name), batch_id=batch_id)

    def _look_for(self, name: BatchName) -> int | None:
        """Return the number of a batch that the pool may have accepted; None where it does not list it."""
        for seconds in _LOOKS:
            log.warning("The Spark pool did not say whether it has batch %r. Looking for it.", str(name))
            self._pause(seconds)
            try:
                status = self._settlement.listed().get(name)
            except SparkPoolError as error:
                log.warning("The list of the pool's batches cannot be read. %s", error)
                continue
            if status:
                return status.batch_id
        return None
