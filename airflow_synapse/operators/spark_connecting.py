"""Leave the load to the connector of the Synapse runtime, for ``method="connector"``. Only running tasks import it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_synapse.copy import ExternalLocation, TableName
from airflow_synapse.execution.delivery_job import DeliveryJob
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.rights import MissingRight
from airflow_synapse.operators.spark_delivering import SparkDelivering
from airflow_synapse.operators.spark_work import STAGING_SCRIPTS, facts_of, job_arguments, staging_request
from airflow_synapse.spark.job import Batch
from airflow_synapse.transfer.job_request import connector_request
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import read_save_mode

if TYPE_CHECKING:
    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator


class ConnectorWork(SparkDelivering):
    """One execution of a SparkToSqlPoolOperator whose job writes with the connector. Airflow does not talk to the pool.

    :param task: The operator, rendered.
    :param task_try: Who works.
    :raises TransferOptionError: An argument is wrong, or is none of the connector's.
    """

    def __init__(self, task: SparkToSqlPoolOperator, task_try: TaskTry) -> None:
        mode = read_save_mode(task.save_mode)
        self._table = TableName.parse(task.table, option="table")
        stage = staging_request(task)
        connect = partial(
            connector_request,
            table=self._table,
            table_type=task.table_type.upper(),
            mode=mode,
            login=task.connector_login,
            options={
                "server": task.server,
                "data_source": task.data_source,
                "file_format": task.file_format,
                "location": task.location,
            },
        )

        def request(folder: ExternalLocation) -> dict[str, Any]:
            return connect(stage(folder), folder)

        once = {"is_repeatable": mode == "overwrite", "reload": task.reload}
        arguments = job_arguments(task)
        job = DeliveryJob(**arguments, scripts=STAGING_SCRIPTS, request=request, identity=task_try.identity, **once)
        super().__init__(task, task_try, job, request(arguments["root"]), **once)

    def missing_pool_rights(self) -> list[MissingRight]:
        """Return nothing: the pool tells a login its own rights only, and here the workspace's identity loads.

        It needs CREATE TABLE, ALTER on the schema, ADMINISTER DATABASE BULK OPERATIONS and INSERT. Source: azure-docs,
        Azure Synapse Dedicated SQL Pool Connector for Apache Spark, Prerequisites.
        """
        return []

    def complete(self, batch: Batch, manifest: Manifest, deadline: str | None) -> dict[str, Any]:  # noqa: ARG002 - for who loads
        """Return the result. How many rows the connector has written, it does not tell."""
        result = LoadResult(table=str(self._table), label="").to_json()
        return self.deliver(batch, {**result, "rows_staged": None, **facts_of(batch, manifest)})
