"""What Airflow remembers of the batches of a task between its tries: the content of one key of the task state store."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from airflow_synapse.load.record import StateStore
from airflow_synapse.spark.names import BatchName

#: Key of the task state store.
RECORD_KEY: Final = "synapse_spark_batch"

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBatch:
    """A batch that was submitted, or was about to be.

    :param batch_id: Its number; None as long as nobody knows whether the pool has accepted it.
    :param is_withdrawn: Whether what its job reads was taken away, so that it does nothing should it still begin.
    """

    name: BatchName
    batch_id: int | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """The batches of a task, the latest last."""

    batches: tuple[RecordedBatch, ...] = ()

    def with_batch(self, batch: RecordedBatch) -> Self:
        """Return the record with a batch, in place of what it says of the batch of that name."""
        others = tuple(each for each in self.batches if each.name != batch.name)
        return replace(self, batches=(*others, batch))

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON can hold it."""
        return {
            "batches": [
                {"name": str(each.name), "batch_id": each.batch_id, "is_withdrawn": each.is_withdrawn}
                for each in self.batches
            ]
        }

    @classmethod
    def from_json(cls, value: Any, load_id: str) -> Self:  # noqa: ANN401 - any JSON value
        """Read a record. What belongs to another task, or to nothing, is left out.

        :param load_id: The task whose record it should be: a mapped task may find the record of another index.
        """
        if not isinstance(value, dict):
            return cls()
        return cls(
            batches=tuple(
                RecordedBatch(name=name, batch_id=entry["batch_id"], is_withdrawn=entry["is_withdrawn"])
                for entry in value["batches"]
                if (name := BatchName.parse(entry["name"])) and name.load_id == load_id
            )
        )


class BatchStore:
    """The record of one task in Airflow's store.

    :param store: The task's state store.
    :param load_id: :attr:`~airflow_synapse.load.identity.LoadIdentity.load_id` of the task.
    """

    def __init__(self, store: StateStore, load_id: str) -> None:
        self._store = store
        self._load_id = load_id

    def read(self) -> BatchRecord:
        """Return the record."""
        return BatchRecord.from_json(self._store.get(RECORD_KEY), self._load_id)

    def write(self, batch: RecordedBatch) -> None:
        """Write what is known of a batch, beside what another try may have written meanwhile."""
        self._store.set(RECORD_KEY, self.read().with_batch(batch).to_json())

    def remember(self, batch: RecordedBatch) -> None:
        """Write what is known of a batch; where that fails, a later try asks the pool."""
        try:
            self.write(batch)
        except Exception as error:  # whatever the store's backend raises: the batch counts more
            log.warning("What became of Spark batch %r could not be stored. %s", str(batch.name), error)
