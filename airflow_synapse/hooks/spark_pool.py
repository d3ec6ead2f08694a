"""The hook for a Spark pool of Azure Synapse: submit, look at and cancel Livy batches, and say why one failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from airflow.sdk import BaseHook

from airflow_synapse.exceptions import CredentialError, SparkJobError, SparkPoolError
from airflow_synapse.hooks.livy import LivyClient
from airflow_synapse.hooks.masking import mask
from airflow_synapse.hooks.spark_settings import SparkSettings
from airflow_synapse.load.redaction import scrub
from airflow_synapse.spark.batch import BatchRequest, BatchStatus
from airflow_synapse.spark.failure import job_failure, without_credentials

#: Characters of the end of the driver's log that are shown.
_LOG_TAIL: Final = 4000

log: Final = logging.getLogger(__name__)


class SynapseSparkPoolHook(BaseHook):
    """Run Livy batches on an Apache Spark pool of a Synapse workspace.

    :class:`~airflow_synapse.spark.run.SparkBatchRun` uses it to submit a batch once, whatever is retried or lost.

    :param spark_conn_id: Connection of type ``azure_synapse``, that of the Azure provider: host is
        ``https://<workspace>.dev.azuresynapse.net``; client id and secret of a service principal, if any, are login and
        password, with the extra ``tenantId``. Links to Synapse Studio also need the extra ``subscriptionId`` and
        ``resource_group_name``.
    :param spark_pool: Name of the Spark pool; None takes the extra ``spark_pool`` of the connection.
    """

    conn_name_attr = "spark_conn_id"
    default_conn_name = "azure_synapse_default"
    hook_name = "Azure Synapse Spark pool"

    def __init__(self, spark_conn_id: str = default_conn_name, spark_pool: str | None = None) -> None:
        super().__init__()
        self.spark_conn_id = spark_conn_id
        self._spark_pool = spark_pool

    @cached_property
    def settings(self) -> SparkSettings:
        """The connection's fields, checked; what is secret in them is masked from here on in the task's log.

        :raises SparkPoolError: The endpoint or the Spark pool is missing or wrong.
        :raises CredentialError: Half of a service principal is missing.
        """
        settings = SparkSettings.from_connection(self.get_connection(self.spark_conn_id), self._spark_pool)
        for secret in settings.secrets:
            mask(secret)
        return settings

    def get_conn(self) -> LivyClient:
        """Return a client of the pool's Livy endpoint."""
        return self._client

    def submit(self, request: BatchRequest) -> int:
        """Submit a batch with a single request, and return its number, of which 0 is the first.

        :raises CredentialError: The request holds the connection's password.
        :raises SparkPoolError: The pool refuses it; or, where the error is retryable, may have accepted it or not.
        """
        for where, value in request.values():
            if scrub(str(value), self.settings.secrets) != str(value):
                raise CredentialError(
                    f"{where} of the Spark batch holds the password of connection {self.spark_conn_id!r}, which Livy "
                    "would show to everybody who may see the pool's jobs. Leave it out."
                )
        return self._client.submit(request)

    def find(self, text: str) -> list[BatchStatus]:
        """Return the batches of the pool's list whose name contains a text.

        :raises SparkPoolError: The list cannot be read.
        """
        return self._client.find(text)

    def status(self, batch_id: int) -> BatchStatus | None:
        """Return what the pool says of a batch; None where it knows none of that number.

        :raises SparkPoolError: It cannot be asked.
        """
        return self._client.status(batch_id)

    def cancel(self, batch_id: int) -> None:
        """Cancel exactly this batch; one that is over, or unknown, stays as it is.

        :raises SparkPoolError: It cannot be cancelled.
        """
        self._client.cancel(batch_id)

    def studio_url(self, name: str, batch_id: int) -> str | None:
        """Return the page of a batch in Synapse Studio; None where the connection does not say enough for one."""
        return self.settings.studio_url(name, batch_id)

    def driver_log_tail(self, status: BatchStatus, stream: str) -> str:
        """Return the end of what the driver of a batch has written, without secrets.

        What looks like a credential of others is masked, too: a job's traceback may hold a signature. Where the log is
        served is not documented, so that no log is no error: then the text is empty.

        :param stream: ``stdout``, where all is that a Python job prints, its traceback too; or ``stderr``, Spark's own.
        """
        if status.application_id is None:
            return ""
        try:
            text = self._client.driver_log(status.batch_id, status.application_id, stream)
        except SparkPoolError as error:
            log.info("The driver's log cannot be shown. %s", error)
            return ""
        return scrub(without_credentials(text)[-_LOG_TAIL:], self.settings.secrets)

    def failure(self, status: BatchStatus, job_error: Mapping[str, Any] | None = None) -> SparkJobError:
        """Return the error for a batch that has ended without its result, and log the end of the driver's log.

        :param status: The last that the pool said of it.
        :param job_error: What the job has written into its ``error.json``; None where there is none.
        """
        for stream in ("stderr", "stdout"):
            if tail := self.driver_log_tail(status, stream):
                log.error("The end of %s of the driver of Spark batch %d:\n%s", stream, status.batch_id, tail)
        failure = job_failure(status, job_error, self.studio_url(status.name, status.batch_id))
        return SparkJobError(scrub(str(failure), self.settings.secrets), retryable=failure.retryable)

    @cached_property
    def _client(self) -> LivyClient:
        return LivyClient(self.settings)
