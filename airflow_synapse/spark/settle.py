"""What became of the batches that earlier tries of a task have submitted, and which of them must end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from airflow_synapse.exceptions import LoadSupersededError, SparkBatchBusyError
from airflow_synapse.spark.batch import BatchStatus
from airflow_synapse.spark.job import Batch, SparkJob, SparkPool
from airflow_synapse.spark.names import BatchName
from airflow_synapse.spark.record import BatchStore, RecordedBatch

#: Seconds between two looks whether a cancelled batch has ended, and the number of looks.
_CANCEL_INTERVAL: Final = 2.0
_CANCEL_LOOKS: Final = 150

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a settlement has found.

    :param batch: The batch that does, or has done, the work; None where there is none: then nothing runs any more.
    :param names: All batches that it knows of.
    """

    batch: Batch | None = None
    names: frozenset[BatchName] = frozenset()


class Settlement:
    """Looks for the batches of a task.

    :param pool: The Spark pool.
    :param job: What they do.
    :param me: Stands for the try that asks, whatever its token.
    :param store: What Airflow remembers of them.
    :param pause: Waits for that many seconds.
    """

    def __init__(
        self, *, pool: SparkPool, job: SparkJob, me: BatchName, store: BatchStore, pause: Callable[[float], None]
    ) -> None:
        self._pool = pool
        self._job = job
        self._me = me
        self._store = store
        self._pause = pause

    def run(self) -> Settled:
        """Find the batch whose result is, or will be, that of the task, and end all others.

        :raises LoadSupersededError: There is a batch of a later try.
        :raises SparkBatchBusyError: A batch was cancelled, and does not end.
        """
        recorded = {each.name: each for each in self._store.read().batches}
        self._check_rank(recorded)
        known = self._known(recorded.values())
        lost = {name for name, status in known.items() if status is None}
        for name in lost:
            self._withdraw(recorded[name])
        if lost:  # one may have come up by now
            known = self._known(recorded.values())
        withdrawn = lost | {each.name for each in recorded.values() if each.is_withdrawn}
        self._check_rank(known)

        ours = sorted(filter(self._is_ours, known), key=lambda name: name.rank, reverse=True)
        over = [name for name in ours if (status := known[name]) is None or status.is_over]
        done = self._with_result(over)
        running = [name for name in ours if name not in over and name not in withdrawn]
        going_on = running[0] if running and not done else None
        self._end(status for name, status in known.items() if name != going_on)
        done = done or self._with_result(name for name in ours if name not in over and name != going_on)  # too fast
        names = frozenset(known)
        if done:
            status, record = known[done], recorded.get(done)
            batch_id = status.batch_id if status else record.batch_id if record else None
            log.info("Spark batch %r of an earlier try has done the work.", str(done))
            return Settled(batch=Batch(name=str(done), batch_id=batch_id, is_done=True), names=names)
        if going_on and (status := known[going_on]):
            log.info("Going on with what an earlier try has submitted: %s", status)
            self._store.remember(RecordedBatch(name=going_on, batch_id=status.batch_id))
            return Settled(batch=Batch(name=str(going_on), batch_id=status.batch_id), names=names)
        return Settled(names=names)

    def listed(self) -> dict[BatchName, BatchStatus]:
        """Return the batches of the task that the pool lists."""
        found = self._pool.find(f"-{self._me.load_id}-")
        return {name: status for status in found if (name := BatchName.parse(status.name))}

    def find_new(self, settled: Settled, mine: BatchName, *, has_store: bool) -> BatchName | None:
        """Return a batch of the task that has come up since a settlement, but for one.

        :param has_store: Whether every try records its batches, so that the pool, whose list is long, is not asked.
        :raises LoadSupersededError: There is a batch of a later try, or it has withdrawn that one.
        """
        recorded = self._store.read().batches
        names = {each.name for each in recorded} | (set() if has_store else self.listed().keys())
        self._check_rank(names)
        if any(each.name == mine and each.is_withdrawn for each in recorded):
            raise _superseded()
        return next(iter(names - settled.names - {mine}), None)

    def _known(self, recorded: Iterable[RecordedBatch]) -> dict[BatchName, BatchStatus | None]:
        """Return what the pool says of every batch that is recorded or listed; None where it knows nothing."""
        known: dict[BatchName, BatchStatus | None] = dict(self.listed())
        for each in recorded:
            if each.name not in known:
                known[each.name] = None if each.batch_id is None else self._pool.status(each.batch_id)
        return known

    def _withdraw(self, batch: RecordedBatch) -> None:
        """Make sure that a batch that the pool does not know, or not yet, does nothing."""
        # In this order: whoever is about to submit it puts its request there first, and reads the record then.
        self._store.write(replace(batch, is_withdrawn=True))
        self._job.withdraw(str(batch.name))

    def _is_ours(self, name: BatchName) -> bool:
        """Say whether the job of that name does what this try is to do, and was not asked for before a clear."""
        return (name.clear_number, name.fingerprint) == (self._me.clear_number, self._me.fingerprint)

    def _check_rank(self, names: Iterable[BatchName]) -> None:
        if any(name.rank > self._me.rank for name in names):
            raise _superseded()

    def _with_result(self, names: Iterable[BatchName]) -> BatchName | None:
        return next((name for name in names if self._job.has_result(str(name))), None)

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


def _superseded() -> LoadSupersededError:
    return LoadSupersededError("A later try of this task has taken over; nothing was submitted.")
