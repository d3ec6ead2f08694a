"""What a look at a running batch means, for whoever waits for it: on a worker, or in a triggerer."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Final

from airflow_synapse.exceptions import SparkPoolError
from airflow_synapse.spark.batch import BatchStatus

#: Seconds without any answer after which the wait ends. The batch goes on, and a later try finds it.
_PATIENCE: Final = 1800.0

log: Final = logging.getLogger(__name__)


class BatchWatch:
    """Watches one batch.

    :param name: Its name.
    :param batch_id: Its number.
    """

    def __init__(self, name: str, batch_id: int) -> None:
        self._what = f"Spark batch {batch_id} {name!r}"
        self._last = ""
        self._heard_at = monotonic()

    def see(self, status: BatchStatus | None) -> BatchStatus | None:
        """Take what the pool says, and log what is new.

        :return: The status once the batch is over; else None.
        :raises SparkPoolError: The pool does not know the batch.
        """
        if status is None:
            raise SparkPoolError(
                f"The pool does not know {self._what} any more. Another try sees whether its result is there.",
                retryable=True,
                status=404,
            )
        self._heard_at = monotonic()
        if str(status) != self._last:
            self._last = str(status)
            log.info("%s", status)
        return status if status.is_over else None

    def miss(self, error: SparkPoolError) -> None:
        """Take that a look has failed.

        :raises SparkPoolError: The error will not pass, or lasts for too long.
        """
        if not error.retryable or error.status == 404 or monotonic() - self._heard_at > _PATIENCE:
            raise error
        log.warning("The Spark pool did not say how %s does; asking again. %s", self._what, error)
