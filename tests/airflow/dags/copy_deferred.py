"""A COPY that waits in the triggerer."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import dag

from airflow_synapse.operators.copy import SynapseCopyOperator


@dag(schedule=None)
def copy_deferred():
    create = SQLExecuteQueryOperator(
        task_id="create",
        conn_id="synapse_default",
        sql="IF OBJECT_ID('dbo.deferred') IS NULL CREATE TABLE dbo.deferred (carrier char(2), flight smallint)",
    )
    load = SynapseCopyOperator(
        task_id="load",
        synapse_conn_id="synapse_default",
        storage_conn_id="lake",
        table="dbo.deferred",
        external_locations="https://lake.blob.core.windows.net/landing/flights/2013-01-01/",
        columns=[{"name": "carrier", "field_number": 10}, {"name": "flight", "field_number": 11}],
        file_type="CSV",
        first_row=2,
        row_terminator="0x0A",
        request_label="{{ run_id }}",
        deferrable=True,
    )
    create >> load


copy_deferred()
