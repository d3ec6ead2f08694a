"""What a SparkToSqlPoolOperator does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.copy import ExternalLocation, ManagedIdentity, TableName
from airflow_synapse.copy.identifiers import quote
from airflow_synapse.exceptions import SynapseError, TableExistsError
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.copy_load import CopyLoad, TaskTry
from airflow_synapse.execution.new_table import NewTable
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.hooks.staging_area import StagingArea
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.result import LoadResult
from airflow_synapse.operators.loading import task_try_of
from airflow_synapse.schema.create_table import build_table
from airflow_synapse.spark.batch import BatchStatus
from airflow_synapse.spark.run import Batch, SparkBatchRun
from airflow_synapse.transfer.job_request import COMPRESSIONS, DATA_FOLDER, spark_source, stage_request
from airflow_synapse.transfer.lake_folder import at_endpoint, below, read_folder
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import WriteChoice
from airflow_synapse.transfer.table_columns import with_columns

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator

_SCRIPTS: Final = ("stage.py", "job_run.py", "staged_columns.py", "connector.py")
#: Options of a batch: argument of the operator -> field of BatchRequest.
_SIZES: Final = ("driver_memory", "driver_cores", "executor_memory", "executor_cores", "executors")

log: Final = logging.getLogger(__name__)


def begin(task: SparkToSqlPoolOperator, context: Context) -> dict[str, Any]:
    """Stage and load the rows.

    :raises SynapseError: It failed.
    """
    loading = task.loading = SparkLoading(task, task_try_of(context))
    done = loading.look_back()
    if done is not None:
        return done
    batch = loading.start()
    return loading.load(batch, loading.wait(batch))


class SparkLoading:
    """One execution of a SparkToSqlPoolOperator. The constructor checks the arguments, and connects to nothing.

    :param task: The operator, rendered.
    :param task_try: Who loads.
    :raises TransferOptionError: An argument is wrong.
    :raises CopyOptionError: The same, for one that COPY gets.
    :raises CredentialError: A connection does not hold the credential that is needed.
    """

    def __init__(self, task: SparkToSqlPoolOperator, task_try: TaskTry) -> None:
        self._task = task
        self._try = task_try
        self._choice = WriteChoice.of(task.save_mode, task.write_disposition)
        root = read_folder(task.staging_folder, "staging_folder")
        source = spark_source(
            table=task.spark_table,
            sql=task.spark_sql,
            files=task.spark_files,
            file_type=task.spark_file_type,
            file_options=task.spark_file_options,
        )
        request = partial(
            stage_request,
            source,
            compression=task.compression,
            file_bytes=task.file_bytes,
            nested=task.nested,
            not_a_number=task.not_a_number,
        )
        # Stands for the rows, whichever batch stages them.
        self._origin = json.dumps([source, task.nested, task.not_a_number], sort_keys=True)
        self._copy_load = self._copy_of(root)
        self._is_loading = False
        self._new_table = NewTable(
            TableName.parse(task.table), SynapseSqlPoolHook(task.synapse_conn_id).session, task_try
        )
        self._job = StagedJob(
            area=StagingArea(SynapseStorageHook(task.storage_conn_id)),
            root=root,
            scripts=_SCRIPTS,
            deployed=read_folder(task.job_folder, "job_folder") if task.job_folder else None,
            request=request,
            batch={name: getattr(task, name) for name in _SIZES} | {"conf": task.spark_conf or {}},
        )
        self._pool = SynapseSparkPoolHook(task.spark_conn_id, task.spark_pool)
        self._run = SparkBatchRun(
            pool=self._pool,
            job=self._job,
            identity=task_try.identity,
            try_number=task_try.try_number,
            store=task_try.store,
            has_store=task_try.has_store,
            fingerprint=hashlib.sha256(json.dumps(request(root), sort_keys=True).encode()).hexdigest()[:8],
        )

    def look_back(self) -> dict[str, Any] | None:
        """Return the result where there is nothing to stage: an earlier try has loaded, or the table is there.

        :raises TableExistsError: It is there, and must not be.
        :raises SynapseError: An earlier try has loaded something else, or nobody can know whether it has loaded.
        """
        if result := self._copy_load.find_result():
            self._remove_staging()
            return self._result(result)
        if not self._choice.needs_missing_table or not self._new_table.is_taken():
            return None
        if self._choice.save_mode != "ignore":
            raise TableExistsError(f"{self._new_table.message} Nothing was started.")
        log.info("%s is there, and save_mode is ignore: it stays as it is.", self._task.table)
        copy = self._copy_load.copy
        return self._result(LoadResult(table=str(copy.target), label=copy.label or "", rows_loaded=0, rows_rejected=0))

    def start(self) -> Batch:
        """Return the batch that stages the rows, or has staged them."""
        return self._run.start()

    def wait(self, batch: Batch) -> BatchStatus | None:
        """Wait for a batch; return the last that the pool said of it, None where there was nothing to wait for."""
        return None if batch.is_done else self._run.wait(batch, poll_interval=self._task.poll_interval)

    def load(self, batch: Batch, status: BatchStatus | None) -> dict[str, Any]:
        """Load what a batch has staged, and remove it.

        :param status: The last that the pool said of the batch.
        :raises SparkJobError: It has staged nothing.
        :raises SynapseError: The load failed; what is staged stays for the next try.
        """
        manifest = self._manifest(batch, status)
        folder = self._job.folder(batch.name)
        log.info("%d rows are staged in %d files below %s", manifest.rows, len(manifest.files), folder)
        try:
            result = self._load(manifest, folder)
        except SynapseError:
            log.warning("The staged files stay for another try: %s", folder)
            raise
        self._remove_staging()
        return self._result(result, batch, manifest)

    def cancel(self) -> None:
        """Cancel what this task runs: the COPY, or the batch, and no other."""
        if self._is_loading:
            self._copy_load.cancel()
        else:
            self._run.cancel()

    def _manifest(self, batch: Batch, status: BatchStatus | None) -> Manifest:
        manifest = self._job.manifest(batch.name)
        if manifest is not None:
            return manifest
        status = status or BatchStatus(batch_id=-1, name=batch.name, state="unknown")
        raise self._pool.failure(status, _json(self._job.error_file(batch.name)))

    def _load(self, manifest: Manifest, folder: ExternalLocation) -> LoadResult:
        create_table = with_columns(self._task.create_table, manifest.columns)
        if self._choice.needs_missing_table:
            self._new_table.create(build_table(self._copy_load.copy.target, create_table))
        self._copy_load = copy_load = self._copy_of(
            below(folder, DATA_FOLDER),
            columns=[
                {"name": quote(column.name), "field_number": number}
                for number, column in enumerate(manifest.columns, start=1)
            ],
            create_table=create_table,
            rows=manifest.rows,
        )
        self._task.copy_statement = copy_load.copy.redacted_sql()
        self._is_loading = True
        return copy_load.run()

    def _copy_of(self, location: ExternalLocation, **known: Any) -> CopyLoad:  # noqa: ANN401 - more arguments
        """Return the load of a folder. Without what is known only of staged files, it can look back, and no more."""
        task = self._task
        # Source: COPY reference 2026-05, CREDENTIAL: Parquet files by managed identity need the dfs endpoint.
        endpoint = "dfs" if isinstance(task.credential, ManagedIdentity) else "blob"
        arguments = CopyArguments.of(
            task,
            external_locations=at_endpoint(location, endpoint).url,
            file_type="PARQUET",
            compression=COMPRESSIONS[task.compression.lower()],
            write_disposition=self._choice.write_disposition,
            origin=self._origin,
            **{"create_table": None, **known},
        )
        return CopyLoad(arguments, self._try)

    def _remove_staging(self) -> None:
        try:
            self._job.remove_all(self._try.identity, self._try.try_number)
        except SynapseError as error:
            log.warning("The rows are loaded, but staged files are left below %s. %s", self._task.staging_folder, error)

    @staticmethod
    def _result(
        result: LoadResult, batch: Batch | None = None, manifest: Manifest | None = None
    ) -> dict[str, Any]:
        return {
            **result.to_json(),
            "rows_staged": manifest.rows if manifest else None,
            "batch": batch.name if batch else None,
            "batch_id": batch.batch_id if batch else None,
            "application_id": manifest.application_id if manifest else None,
            "spark_seconds": manifest.seconds if manifest else None,
        }


def _json(text: bytes | None) -> Mapping[str, Any] | None:
    """Return what a job has written of its failure; None where that is nothing, or was cut off."""
    with suppress(ValueError):
        value = json.loads(text or b"null")
        return value if isinstance(value, dict) else None
    return None
