"""What a look at a running batch means, for whoever waits for it: on a worker, or in a triggerer."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Final

from airflow_synapse.exceptions import SparkPoolError
from airflow_synapse.spark.batch import NOT_FOUND, BatchStatus

#: Seconds without any answer after which the wait ends. The batch goes on, and a later try finds it.
_PATIENCE: Final = 1800.0

#: Looks in a row that do not find a batch, before it counts as over: it may have been accepted just now.
_LOOKS_FOR_UNKNOWN: Final = 3

log: Final = logging.getLogger(__name__)


class BatchWatch:
    """Watches one batch.

    :param name: Its name.
    :param batch_id: Its number.
    """

    def __init__(self, name: str, batch_id: int) -> None:
        self._name = name
        self._batch_id = batch_id
        self._what = f"Spark batch {batch_id} {name!r}"
        self._unknown = 0
        self._last = ""
        self._heard_at = monotonic()

    def see(self, status: BatchStatus | None) -> BatchStatus | None:
        """Take what the pool says, and log what is new.

        :return: The status once the batch is over; else None.
        """
        self._heard_at = monotonic()
        if status is None:
            self._unknown += 1
            log.warning("The Spark pool does not know %s.", self._what)
            gone = BatchStatus(batch_id=self._batch_id, name=self._name, state=NOT_FOUND)
            return gone if self._unknown >= _LOOKS_FOR_UNKNOWN else None
        self._unknown = 0
        if str(status) != self._last:
            self._last = str(status)
            log.info("%s", status)
        return status if status.is_over else None

    def miss(self, error: SparkPoolError) -> None:
        """Take that a look has failed.

        :raises SparkPoolError: The error will not pass, or lasts for too long.
        """
        if not error.retryable or monotonic() - self._heard_at > _PATIENCE:
            raise error
        log.warning("The Spark pool did not say how %s does; asking again. %s", self._what, error)
