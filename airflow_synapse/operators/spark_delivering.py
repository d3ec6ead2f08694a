"""Work whose rows Spark itself writes to where they belong. Only running tasks import it: it is slow."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from airflow_synapse.exceptions import LoadChangedError
from airflow_synapse.operators.spark_work import SparkWork
from airflow_synapse.spark.job import Batch

#: Key of the task state store.
RECORD_KEY: Final = "synapse_delivery"

log: Final = logging.getLogger(__name__)


class SparkDelivering(SparkWork):
    """Work that is done when its batch is over. What came of it is kept, for the tries after it.

    :param is_repeatable: Whether to do it twice is to do it once.
    :param reload: Whether to do it again when the task is cleared.
    """

    def __init__(self, *work: Any, is_repeatable: bool, reload: bool) -> None:  # noqa: ANN401 - of SparkWork
        super().__init__(*work)
        self._is_repeatable = is_repeatable
        self._reload = reload

    def look_back(self) -> dict[str, Any] | None:
        """Return the result of an earlier try that has delivered, and whose files may be gone.

        :raises LoadChangedError: It has delivered other rows.
        """
        kept = self._try.store.get(RECORD_KEY) or {}
        identity = self._try.identity
        if kept.get("load_id") != identity.load_id:
            return None
        is_now = kept["clear_number"] == identity.clear_number
        is_same = kept["fingerprint"] == self._fingerprint
        if is_now and is_same:
            return self._kept(kept["result"])
        if self._is_repeatable or (self._reload and not is_now):
            return None
        if not is_same:
            raise LoadChangedError(
                f"Batch {kept['result']['batch']!r} of this DAG run has delivered its rows, of another source or to "
                "another target than now. To deliver the new ones too, clear the task with reload=True."
            )
        return {**self._kept(kept["result"]), "reused": True}

    def deliver(self, batch: Batch, result: dict[str, Any]) -> dict[str, Any]:
        """Keep the result of a batch, and remove its files."""
        result = {**result, "reused": False}
        identity = self._try.identity
        kept = {"load_id": identity.load_id, "clear_number": identity.clear_number, "fingerprint": self._fingerprint}
        self._try.store.set(RECORD_KEY, {**kept, "result": result})
        if self._try.has_store:
            self.remove_staging()
        else:
            self._job.remove_data(batch.name)  # the manifest is all that a later try can know it by
        log.info("Delivered: %s", result)
        return result

    def _kept(self, result: Mapping[str, Any]) -> dict[str, Any]:
        log.info("An earlier try has delivered the rows. Nothing is done.")
        self.remove_staging()
        return dict(result)
