"""Two loads to look at on the pages of Airflow: one that succeeds and one that fails."""

from airflow.sdk import dag

from airflow_synapse.operators.copy import SynapseCopyOperator


@dag(schedule=None)
def copy_shown():
    for task_id, table in (("good", "dbo.shown"), ("bad", "dbo.nowhere")):
        SynapseCopyOperator(
            task_id=task_id,
            synapse_conn_id="synapse_default",
            storage_conn_id="lake",
            table=table,
            external_locations="https://lake.blob.core.windows.net/landing/flights/{{ dag_run.conf['day'] }}/",
            columns=[{"name": "carrier", "field_number": 10}],
            file_type="CSV",
            first_row=2,
            row_terminator="0x0A",
            error_file="/rejects/shown",
            max_errors=1000,
            retries=3,
        )


copy_shown()
