"""The batch of a trigger. Only a triggerer that has one to wait for imports this: it is slow."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.exceptions import SparkPoolError, SynapseError
from airflow_synapse.execution import load_event
from airflow_synapse.hooks.async_livy import AsyncLivyClient, shared
from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.spark.watch import BatchWatch

if TYPE_CHECKING:
    from airflow_synapse.triggers.spark_batch import SparkBatchTrigger

log: Final = logging.getLogger(__name__)


class DeferredBatch:
    """A batch that was submitted, or the reason why it cannot be looked at.

    The constructor reads the connection and imports what is slow: not on an event loop.

    :param trigger: Who waits for it.
    """

    def __init__(self, trigger: SparkBatchTrigger) -> None:
        self._trigger = trigger
        self._client: AsyncLivyClient | None = None
        self._error: SynapseError | None = None
        try:
            settings = SynapseSparkPoolHook(trigger.spark_conn_id, trigger.spark_pool).settings
            self._client = AsyncLivyClient(settings)
        except SynapseError as error:  # somebody has changed the connection since the worker read it
            self._error = error

    async def wait(self) -> dict[str, Any]:
        """Wait until the batch is over, and return the event."""
        if self._client is None:
            assert self._error  # noqa: S101 - one of the two is there
            return load_event.failed(self._error)
        async with shared(self._client) as client:
            try:
                return await self._watch(client)
            except SparkPoolError as error:
                return load_event.failed(error)

    async def cancel(self) -> None:
        """Cancel this very batch."""
        if self._client is None:
            log.warning("Spark batch %d cannot be cancelled. %s", self._trigger.batch_id, self._error)
            return
        async with shared(self._client) as client:
            await self._cancel(client)

    async def _watch(self, client: AsyncLivyClient) -> dict[str, Any]:
        trigger = self._trigger
        watch = BatchWatch(trigger.name, trigger.batch_id)
        while True:
            try:
                if status := watch.see(await client.status(trigger.batch_id)):
                    return {"status": status.to_json()}
            except SparkPoolError as error:
                watch.miss(error)
            seconds = self._seconds_left()
            if seconds <= 0:
                log.warning("Spark batch %d is cancelled: it takes longer than execution_timeout.", trigger.batch_id)
                await self._cancel(client)
                return load_event.timed_out()
            await asyncio.sleep(min(trigger.poll_interval, seconds))

    async def _cancel(self, client: AsyncLivyClient) -> None:
        try:
            await client.cancel(self._trigger.batch_id)
        except SparkPoolError as error:
            log.warning("Spark batch %d could not be cancelled. %s", self._trigger.batch_id, error)

    def _seconds_left(self) -> float:
        if self._trigger.deadline is None:
            return float("inf")
        return (datetime.fromisoformat(self._trigger.deadline) - datetime.now(UTC)).total_seconds()
