"""What a run of Spark batches needs: a pool, and a job whose result can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from airflow_synapse.spark.batch import BatchRequest, BatchStatus


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
