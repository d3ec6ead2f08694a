"""A COPY that takes long enough to be interrupted."""

from airflow.sdk import dag

from airflow_synapse.operators.copy import SynapseCopyOperator


@dag(schedule=None)
def copy_long():
    SynapseCopyOperator(
        task_id="load",
        synapse_conn_id="synapse_default",
        storage_conn_id="lake",
        table="dbo.long_load",
        external_locations="https://lake.blob.core.windows.net/landing/long/",
        file_type="CSV",
        row_terminator="0x0A",
        request_label="the long load",
    )


copy_long()
