"""What a SqlPoolToSparkOperator does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.copy import ExternalLocation
from airflow_synapse.exceptions import LoadChangedError, RowCountError
from airflow_synapse.execution.copy_load import TaskTry
from airflow_synapse.execution.delivery_job import DeliveryJob
from airflow_synapse.execution.sql_export import SqlExport
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.operators.spark_work import SparkWork, facts_of, job_arguments
from airflow_synapse.spark.job import Batch
from airflow_synapse.transfer.job_request import DATA_FOLDER, REQUEST_NAME, deliver_request, spark_target
from airflow_synapse.transfer.lake_folder import below
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import read_save_mode

if TYPE_CHECKING:
    from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator

_SCRIPTS: Final = ("deliver.py", "job_run.py", "staged_columns.py")
#: Key of the task state store.
RECORD_KEY: Final = "synapse_delivery"

log: Final = logging.getLogger(__name__)


class SparkDelivering(SparkWork):
    """One execution of a SqlPoolToSparkOperator. The constructor checks the arguments, and connects to nothing.

    :param task: The operator, rendered.
    :param task_try: Who delivers.
    :raises TransferOptionError: An argument is wrong.
    """

    _task: SqlPoolToSparkOperator

    def __init__(self, task: SqlPoolToSparkOperator, task_try: TaskTry) -> None:
        self._mode = read_save_mode(task.save_mode)
        self._target = spark_target(
            table=task.spark_table, files=task.spark_files, file_type=task.spark_file_type, save_mode=self._mode
        )
        self._export = SqlExport(
            SynapseSqlPoolHook(task.synapse_conn_id),
            task_try,
            table=task.table,
            sql=task.sql,
            data_source=task.data_source,
            file_format=task.file_format,
        )
        job = DeliveryJob(
            **job_arguments(task),
            scripts=_SCRIPTS,
            request=self._export_for,
            identity=task_try.identity,
            is_repeatable=self._mode == "overwrite",
            reload=task.reload,
        )
        super().__init__(task, task_try, job, {"table": task.table, "sql": task.sql, "target": self._target})

    def look_back(self) -> dict[str, Any] | None:
        """Return the result of an earlier try that has delivered, and whose files may be gone.

        :raises LoadChangedError: It has delivered other rows.
        """
        kept = self._try.store.get(RECORD_KEY) or {}
        identity = self._try.identity
        if kept.get("load_id") != identity.load_id:
            return None
        is_now = kept["clear_number"] == identity.clear_number
        if self._mode == "overwrite" or (not is_now and self._task.reload):
            return self._kept(kept) if is_now and kept["fingerprint"] == self._fingerprint else None
        if kept["fingerprint"] != self._fingerprint:
            raise LoadChangedError(
                f"Batch {kept['result']['batch']!r} of this DAG run has delivered its rows, of another source or to "
                "another target than now. To deliver the new ones too, clear the task with reload=True."
            )
        return self._kept(kept) if is_now else {**self._kept(kept), "reused": True}

    def complete(self, batch: Batch, manifest: Manifest, deadline: str | None) -> dict[str, Any]:  # noqa: ARG002 - for who loads
        """Compare the rows, and remove the files.

        :raises RowCountError: Not all rows were delivered.
        """
        exported = json.loads(self._job.read(batch.name, REQUEST_NAME) or b"{}").get("rows")
        is_ignored = self._mode == "ignore" and manifest.rows == 0
        if exported is not None and manifest.rows != exported and not is_ignored:
            raise RowCountError(
                f"The pool has exported {exported:,} rows, and the job of {batch.name!r} has written {manifest.rows:,}."
            )
        result = {
            "rows_exported": exported,
            "rows_delivered": manifest.rows,
            **facts_of(batch, manifest),
            "reused": False,
        }
        identity = self._try.identity
        self._try.store.set(
            RECORD_KEY,
            {
                "load_id": identity.load_id,
                "clear_number": identity.clear_number,
                "fingerprint": self._fingerprint,
                "result": result,
            },
        )
        if self._try.has_store:
            self.remove_staging()
        else:
            self._job.remove_data(batch.name)  # the manifest is all that a later try can know it by
        log.info("Delivered: %s", result)
        return result

    def cancel(self) -> None:
        """Cancel the export, or the batch."""
        self._export.cancel()
        super().cancel()

    def _export_for(self, folder: ExternalLocation) -> Mapping[str, Any]:
        """Export to the folder of a batch, and return the request of its job."""
        exported = self._export.run(below(folder, DATA_FOLDER))
        return deliver_request(self._target, folder, schema=exported.schema, rows=exported.rows)

    def _kept(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        log.info("An earlier try has delivered the rows. Nothing is done.")
        self.remove_staging()
        result: dict[str, Any] = kept["result"]
        return result
