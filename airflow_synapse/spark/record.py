"""What Airflow remembers of the batches of a task between its tries: the content of one key of the task state store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from airflow_synapse.spark.names import BatchName

#: Key of the task state store.
RECORD_KEY: Final = "synapse_spark_batch"


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
        return replace(self, batches=(*self.without(batch.name).batches, batch))

    def without(self, name: BatchName) -> Self:
        """Return the record without a batch."""
        return replace(self, batches=tuple(each for each in self.batches if each.name != name))

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
