"""What a task does that runs a job of this package on a Spark pool. Only running tasks import it: it is slow."""

from __future__ import annotations

import hashlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from airflow_synapse.copy import ExternalLocation
from airflow_synapse.exceptions import StagedFilesError, SynapseError
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.access import missing_storage_rights
from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.hooks.staging_area import StagingArea
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.rights import MissingRight, check_rights
from airflow_synapse.operators.loading import deadline_of, raise_failure
from airflow_synapse.spark.batch import BatchStatus
from airflow_synapse.spark.job import Batch
from airflow_synapse.spark.run import SparkBatchRun
from airflow_synapse.transfer.arguments import memory_size, named_values, whole_number
from airflow_synapse.transfer.job_request import ERROR_NAME, spark_source, stage_request
from airflow_synapse.transfer.lake_folder import read_folder
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.triggers.spark_batch import SparkBatchTrigger

if TYPE_CHECKING:
    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
    from airflow_synapse.operators.spark_transfer import SparkTransferOperator

#: Scripts of the job that stages rows; the first one is run.
STAGING_SCRIPTS: Final = ("stage.py", "job_run.py", "staged_columns.py", "connector.py")
#: What the operator says of the sizes of a batch, by the names of BatchRequest, and what reads it.
_SIZES: Final = {
    "driver_memory": memory_size,
    "driver_cores": whole_number,
    "executor_memory": memory_size,
    "executor_cores": whole_number,
    "executors": whole_number,
}

log: Final = logging.getLogger(__name__)


class SparkWork(ABC):
    """One execution of a SparkTransferOperator: a batch, and what comes before and after it.

    :param task: The operator, rendered.
    :param task_try: Who works.
    :param job: The job.
    :param request: Stands for what the job is to do: a batch of another request is not waited for.
    """

    def __init__(
        self, task: SparkTransferOperator, task_try: TaskTry, job: StagedJob, request: Mapping[str, Any]
    ) -> None:
        self._task = task
        self._try = task_try
        self._job = job
        self._pool = SynapseSparkPoolHook(task.spark_conn_id, task.spark_pool)
        self._fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:8]
        self._run = SparkBatchRun(
            pool=self._pool,
            job=job,
            identity=task_try.identity,
            try_number=task_try.try_number,
            store=task_try.store,
            has_store=task_try.has_store,
            fingerprint=self._fingerprint,
        )

    def begin(self) -> dict[str, Any]:
        """Do the work; a deferrable task is deferred while the batch runs.

        :raises SynapseError: It failed.
        """
        done = self.look_back()
        if done is not None:
            return done
        task, deadline = self._task, deadline_of(self._task)
        if task.check_access:
            self._check_access()
        batch = self._run.start()
        if batch.batch_id is not None:
            task.spark_application_url = self._pool.studio_url(batch.name, batch.batch_id)
        if task.deferrable and not batch.is_done:
            self._defer(batch, deadline)
        status = None if batch.is_done else self._run.wait(batch, poll_interval=task.poll_interval)
        return self.complete(batch, self._manifest(batch, status), deadline)

    def go_on(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Go on after a batch that the task was deferred for.

        :param event: What the trigger said of it.
        :raises SynapseError: It failed.
        """
        raise_failure(event)
        batch = Batch(name=event["name"], batch_id=event["batch_id"])
        return self.complete(batch, self._manifest(batch, BatchStatus.from_json(event["status"])), event["deadline"])

    def cancel(self) -> None:
        """Cancel the batch of this task, and no other."""
        self._run.cancel()

    def remove_staging(self) -> None:
        """Remove all folders that batches of this task have left. Where that fails, the log says so."""
        try:
            self._job.remove_all(self._try.identity, self._try.try_number)
        except SynapseError as error:
            log.warning("The work is done, but files are left below %s. %s", self._task.staging_folder, error)

    @abstractmethod
    def look_back(self) -> dict[str, Any] | None:
        """Return the result where there is nothing to do.

        :raises SynapseError: The work must not be begun.
        """

    @abstractmethod
    def missing_pool_rights(self) -> list[MissingRight]:
        """Return the rights that the login lacks in the pool."""

    @abstractmethod
    def complete(self, batch: Batch, manifest: Manifest, deadline: str | None) -> dict[str, Any]:
        """Do what comes after the batch, and return the result.

        :param deadline: When ``execution_timeout`` ends the task, in ISO 8601; None for never.
        """

    def _check_access(self) -> None:
        folder = read_folder(self._task.staging_folder, "staging_folder")
        storage = SynapseStorageHook(self._task.storage_conn_id)
        check_rights([*self.missing_pool_rights(), *missing_storage_rights(storage, folder)])

    def _defer(self, batch: Batch, deadline: str | None) -> NoReturn:
        task = self._task
        assert batch.batch_id is not None  # noqa: S101 - only a batch that is done has none
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
            method_name="execute_after_batch",
        )

    def _manifest(self, batch: Batch, status: BatchStatus | None) -> Manifest:
        try:
            manifest = self._job.manifest(batch.name)
        except SynapseError:
            self.leave(batch)
            raise
        if manifest is not None:
            return manifest
        self.leave(batch)
        if status is None:
            raise StagedFilesError(f"Somebody has removed the manifest of Spark batch {batch.name!r}.")
        raise self._pool.failure(status, _json(self._job.read(batch.name, ERROR_NAME)))

    def leave(self, batch: Batch) -> None:
        """Name the folder that a failure leaves for the next try."""
        log.warning("What the job has written stays for a next try: %s", self._job.folder(batch.name))


def job_arguments(task: SparkTransferOperator) -> dict[str, Any]:
    """Return what the arguments of an operator say of its job, as arguments of StagedJob.

    :raises TransferOptionError: An argument is wrong.
    :raises CopyOptionError: A folder is no text, or its host or container is none of a storage account.
    """
    sizes: dict[str, Any] = {name: read(getattr(task, name), name) for name, read in _SIZES.items()}
    return {
        "area": StagingArea(SynapseStorageHook(task.storage_conn_id)),
        "root": read_folder(task.staging_folder, "staging_folder"),
        "deployed": read_folder(task.job_folder, "job_folder") if task.job_folder else None,
        "batch": {**sizes, "conf": named_values(task.spark_conf, "spark_conf")},
    }


def staging_request(task: SparkToSqlPoolOperator) -> Callable[[ExternalLocation], dict[str, Any]]:
    """Return what makes the request of the staging job for a folder.

    :raises TransferOptionError: An argument is wrong.
    """
    source = spark_source(
        table=task.spark_table,
        sql=task.spark_sql,
        files=task.spark_files,
        file_type=task.spark_file_type,
        file_options=task.spark_file_options,
    )
    return partial(
        stage_request,
        source,
        compression=task.compression,
        file_bytes=task.file_bytes,
        nested=task.nested,
        not_a_number=task.not_a_number,
    )


def facts_of(batch: Batch | None = None, manifest: Manifest | None = None) -> dict[str, Any]:
    """Return what a result says of a batch; None where that is not known."""
    return {
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
