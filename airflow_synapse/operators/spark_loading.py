"""What a SparkToSqlPoolOperator does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.copy import ExternalLocation, ManagedIdentity, TableName
from airflow_synapse.copy.identifiers import quote
from airflow_synapse.copy.keywords import Endpoint
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
from airflow_synapse.operators.loading import complete, deadline_of, defer_load, raise_failure, task_try_of
from airflow_synapse.schema.create_table import build_table
from airflow_synapse.spark.batch import BatchStatus
from airflow_synapse.spark.run import Batch, SparkBatchRun
from airflow_synapse.transfer.job_request import COMPRESSIONS, DATA_FOLDER, spark_source, stage_request
from airflow_synapse.transfer.lake_folder import at_endpoint, below, read_folder
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import WriteChoice
from airflow_synapse.transfer.table_columns import with_columns
from airflow_synapse.triggers.spark_batch import SparkBatchTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator

_SCRIPTS: Final = ("stage.py", "job_run.py", "staged_columns.py", "connector.py")
#: Options of a batch: argument of the operator -> field of BatchRequest.
_SIZES: Final = ("driver_memory", "driver_cores", "executor_memory", "executor_cores", "executors")

log: Final = logging.getLogger(__name__)


def begin(task: SparkToSqlPoolOperator, context: Context) -> dict[str, Any]:
    """Stage and load the rows; a deferrable task is deferred for each of the two.

    :raises SynapseError: It failed.
    """
    loading = task.loading = SparkLoading(task, task_try_of(context))
    done = loading.look_back()
    if done is not None:
        return done
    batch = loading.start()
    deadline = deadline_of(task)
    if task.deferrable and batch.batch_id is not None and not batch.is_done:
        task.defer(
            trigger=SparkBatchTrigger(
                spark_conn_id=task.spark_conn_id,
                spark_pool=task.spark_pool,
                name=batch.name,
                batch_id=batch.batch_id,
                poll_interval=task.poll_interval,
                deadline=deadline,
                cancel_on_kill=task.cancel_on_kill,
            ),
            method_name="execute_staged",
            kwargs={"batch": asdict(batch), "deadline": deadline},
        )
    return loading.load(batch, loading.wait(batch), deadline)


def go_on(
    task: SparkToSqlPoolOperator,
    context: Context,
    event: Mapping[str, Any],
    batch: Mapping[str, Any],
    deadline: str | None,
) -> dict[str, Any]:
    """Load what a batch has staged while the task was deferred.

    :param event: What the trigger said of the batch.
    :raises SynapseError: It failed.
    """
    raise_failure(event)
    loading = task.loading = SparkLoading(task, task_try_of(context))
    return loading.load(Batch(**batch), BatchStatus.from_json(event["status"]), deadline)


def finish(
    task: SparkToSqlPoolOperator, context: Context, event: dict[str, Any], staged: Mapping[str, Any]
) -> dict[str, Any]:
    """Take over what a deferred load has come to, and remove what was staged.

    :param event: What the trigger said of the load.
    :param staged: What is known of the staged files, for the result.
    :raises SynapseError: It failed.
    """
    result = complete(context, event)
    SparkLoading(task, task_try_of(context)).remove_staging()
    return {**result, **staged}


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
        self._copy_load = CopyLoad(self._arguments(root), task_try)
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
            self.remove_staging()
            return {**result.to_json(), **_staged()}
        if not self._choice.needs_missing_table or not self._new_table.is_taken():
            return None
        if self._choice.save_mode != "ignore":
            raise TableExistsError(f"{self._new_table.message} Nothing was started.")
        log.info("%s is there, and save_mode is ignore: it stays as it is.", self._task.table)
        copy = self._copy_load.copy
        ignored = LoadResult(table=str(copy.target), label=copy.label or "", rows_loaded=0, rows_rejected=0)
        return {**ignored.to_json(), **_staged()}

    def start(self) -> Batch:
        """Return the batch that stages the rows, or has staged them."""
        return self._run.start()

    def wait(self, batch: Batch) -> BatchStatus | None:
        """Wait for a batch; return the last that the pool said of it, None where there was nothing to wait for."""
        return None if batch.is_done else self._run.wait(batch, poll_interval=self._task.poll_interval)

    def load(self, batch: Batch, status: BatchStatus | None, deadline: str | None) -> dict[str, Any]:
        """Load what a batch has staged, and remove it; a deferrable task is deferred instead.

        :param status: The last that the pool said of the batch.
        :param deadline: When a deferred load ends.
        :raises SparkJobError: It has staged nothing.
        :raises SynapseError: The load failed; what is staged stays for the next try.
        """
        manifest = self._manifest(batch, status)
        folder = self._job.folder(batch.name)
        log.info("%d rows are staged in %d files below %s", manifest.rows, len(manifest.files), folder)
        staged = _staged(batch, manifest)
        try:
            arguments = self._prepare(manifest, folder)
            if self._task.deferrable:
                self._defer(arguments, staged, deadline)
            result = self._copy_load.run()
        except SynapseError:
            log.warning("The staged files stay for another try: %s", folder)
            raise
        self.remove_staging()
        return {**result.to_json(), **staged}

    def remove_staging(self) -> None:
        """Remove all folders that batches of this task have left. Where that fails, they are named in the log."""
        try:
            self._job.remove_all(self._try.identity, self._try.try_number)
        except SynapseError as error:
            log.warning("The rows are loaded, but staged files are left below %s. %s", self._task.staging_folder, error)

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

    def _prepare(self, manifest: Manifest, folder: ExternalLocation) -> CopyArguments:
        """Make the table where it must be new, and return what to load."""
        create_table = with_columns(self._task.create_table, manifest.columns)
        if self._choice.needs_missing_table:
            self._new_table.create(build_table(self._copy_load.copy.target, create_table))
        arguments = self._arguments(
            below(folder, DATA_FOLDER),
            columns=[
                {"name": quote(column.name), "field_number": number}
                for number, column in enumerate(manifest.columns, start=1)
            ],
            create_table=create_table,
            rows=manifest.rows,
        )
        self._copy_load = CopyLoad(arguments, self._try)
        self._task.copy_statement = self._copy_load.copy.redacted_sql()
        self._is_loading = True
        return arguments

    def _defer(self, arguments: CopyArguments, staged: Mapping[str, Any], deadline: str | None) -> None:
        """Give up the worker, unless the pool does not show enough for that."""
        plain = arguments.to_json()
        record = self._copy_load.hand_over()
        if record is not None:
            defer_load(
                self._task,
                plain,
                self._try,
                record,
                deadline=deadline,
                method_name="execute_loaded",
                kwargs={"staged": staged, "copy_statement": self._task.copy_statement},
            )

    def _arguments(self, location: ExternalLocation, **known: Any) -> CopyArguments:  # noqa: ANN401 - more of them
        """Return what to load from a folder. Without what only staged files tell, it serves to look back."""
        task = self._task
        # Source: COPY reference 2026-05, CREDENTIAL: Parquet files by managed identity need the dfs endpoint.
        endpoint: Endpoint = "dfs" if isinstance(task.credential, ManagedIdentity) else "blob"
        return CopyArguments.of(
            task,
            external_locations=at_endpoint(location, endpoint).url,
            file_type="PARQUET",
            compression=COMPRESSIONS[task.compression.lower()],
            write_disposition=self._choice.write_disposition,
            origin=self._origin,
            **{"create_table": None, **known},
        )


def _staged(batch: Batch | None = None, manifest: Manifest | None = None) -> dict[str, Any]:
    """Return what the result says of the Spark job."""
    return {
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
