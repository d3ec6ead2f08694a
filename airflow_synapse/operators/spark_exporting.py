"""What a SqlPoolToSparkOperator does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.copy import ExternalLocation, TableName
from airflow_synapse.exceptions import SynapseError
from airflow_synapse.execution.delivery_job import DeliveryJob
from airflow_synapse.execution.sql_export import SqlExport
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.load.rights import MissingRight, rights_to_export
from airflow_synapse.operators.spark_delivering import SparkDelivering
from airflow_synapse.operators.spark_work import facts_of, job_arguments
from airflow_synapse.spark.job import Batch
from airflow_synapse.transfer.job_request import DATA_FOLDER, REQUEST_NAME, deliver_request, spark_target
from airflow_synapse.transfer.lake_folder import below
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import read_save_mode

if TYPE_CHECKING:
    from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator

_SCRIPTS: Final = ("deliver.py", "job_run.py", "staged_columns.py")

log: Final = logging.getLogger(__name__)


class SparkExporting(SparkDelivering):
    """One execution of a SqlPoolToSparkOperator. The constructor checks the arguments, and connects to nothing.

    :param task: The operator, rendered.
    :param task_try: Who delivers.
    :raises TransferOptionError: An argument is wrong.
    """

    _task: SqlPoolToSparkOperator

    def __init__(self, task: SqlPoolToSparkOperator, task_try: TaskTry) -> None:
        mode = read_save_mode(task.save_mode)
        self._target = spark_target(
            table=task.spark_table, files=task.spark_files, file_type=task.spark_file_type, save_mode=mode
        )
        self._hook = SynapseSqlPoolHook(task.synapse_conn_id)
        self._export = SqlExport(
            self._hook,
            task_try,
            table=task.table,
            sql=task.sql,
            data_source=task.data_source,
            file_format=task.file_format,
        )
        self._exported_to: ExternalLocation | None = None
        once = {"is_repeatable": mode == "overwrite", "reload": task.reload}
        job = DeliveryJob(
            **job_arguments(task),
            scripts=_SCRIPTS,
            request=self._export_for,
            identity=task_try.identity,
            **once,
        )
        request = {"table": task.table, "sql": task.sql, "target": self._target}
        super().__init__(task, task_try, job, request, **once)

    def missing_pool_rights(self) -> list[MissingRight]:
        """Return which rights to export the login lacks."""
        table = TableName.parse(self._task.table) if self._task.table else None
        schema = table.schema if table else None
        return self._hook.missing_rights(rights_to_export(schema or "dbo"))

    def complete(self, batch: Batch, manifest: Manifest, deadline: str | None) -> dict[str, Any]:  # noqa: ARG002 - for who loads
        """Return the result, and remove the files.

        The job writes only where the files hold as many rows as were exported, so that nothing is left to compare.
        """
        exported = json.loads(self._job.read(batch.name, REQUEST_NAME) or b"{}").get("rows")
        return self.deliver(
            batch, {"rows_exported": exported, "rows_delivered": manifest.rows, **facts_of(batch, manifest)}
        )

    def cancel(self) -> None:
        """Cancel the export, or the batch, and remove what the pool has exported."""
        self._export.cancel()
        super().cancel()
        if self._exported_to:
            self._remove_data(self._exported_to)

    def leave(self, batch: Batch) -> None:
        """Remove what the pool has exported: the next try exports again. What the job says of itself stays."""
        self._remove_data(self._job.folder(batch.name))

    def _remove_data(self, folder: ExternalLocation) -> None:
        try:
            self._job.area.remove(below(folder, DATA_FOLDER))
        except SynapseError as error:
            log.warning("Exported files are left in %s. %s", folder, error)

    def _export_for(self, folder: ExternalLocation) -> Mapping[str, Any]:
        """Export to the folder of a batch, and return the request of its job."""
        self._exported_to = folder
        exported = self._export.run(below(folder, DATA_FOLDER))
        return deliver_request(self._target, folder, schema=exported.schema, rows=exported.rows)
