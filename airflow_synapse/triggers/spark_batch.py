"""The trigger that waits for a Spark batch without a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from airflow_synapse.triggers.deferred_batch import DeferredBatch


class SparkBatchTrigger(BaseTrigger):
    """Looks at one batch until it is over.

    It submits nothing, so that it can be started again anywhere. When the triggerer ends or hands it over, the batch
    goes on.

    :param spark_conn_id: Connection of type ``azure_synapse``.
    :param spark_pool: Name of the Spark pool; None takes that of the connection.
    :param name: Name of the batch.
    :param batch_id: Its number, of which 0 is the first.
    :param poll_interval: Seconds between two looks.
    :param deadline: When ``execution_timeout`` ends the batch, in ISO 8601; None for never.
    :param cancel_on_kill: Whether to cancel the batch when a user clears or marks the task.
    """

    def __init__(
        self,
        *,
        spark_conn_id: str,
        spark_pool: str | None,
        name: str,
        batch_id: int,
        poll_interval: float = 30.0,
        deadline: str | None = None,
        cancel_on_kill: bool = True,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's, without types
        self.spark_conn_id = spark_conn_id
        self.spark_pool = spark_pool
        self.name = name
        self.batch_id = batch_id
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class and its arguments."""
        return "airflow_synapse.triggers.spark_batch.SparkBatchTrigger", {
            "spark_conn_id": self.spark_conn_id,
            "spark_pool": self.spark_pool,
            "name": self.name,
            "batch_id": self.batch_id,
            "poll_interval": self.poll_interval,
            "deadline": self.deadline,
            "cancel_on_kill": self.cancel_on_kill,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield one event.

        It holds the ``name``, ``batch_id`` and ``deadline`` of the trigger. Its ``status`` is
        :meth:`~airflow_synapse.spark.batch.BatchStatus.to_json` of a batch that is over. Else it is an event of
        :mod:`airflow_synapse.execution.load_event`: ``timed_out`` for a batch that was cancelled because of that, or
        the ``error`` of a pool that does not answer, whose batch may go on.
        """
        batch = await self._prepared()
        known = {"name": self.name, "batch_id": self.batch_id, "deadline": self.deadline}
        event = {**known, **await batch.wait()}
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # Airflow's, without types

    async def on_kill(self) -> None:
        """Cancel this very batch, whatever the task does by now."""
        if self.cancel_on_kill:
            batch = await self._prepared()
            await batch.cancel()

    async def _prepared(self) -> DeferredBatch:
        # Reads a connection from Airflow, whose synchronous calls need a thread of this kind before Airflow 3.3.
        return await sync_to_async(self._prepare, thread_sensitive=False)()

    def _prepare(self) -> DeferredBatch:
        from airflow_synapse.triggers.deferred_batch import DeferredBatch  # noqa: PLC0415 - slow: not on the event loop

        return DeferredBatch(self)
