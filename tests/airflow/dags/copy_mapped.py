"""A COPY task for each of the days in the run's configuration, and common.sql's operators on the same connection."""

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator
from airflow.sdk import dag, task

from airflow_synapse.operators.copy import SynapseCopyOperator

CREATE_TABLE = """
CREATE TABLE dbo.mapped (carrier char(2), flight smallint) WITH (DISTRIBUTION = HASH(carrier), HEAP)
"""


@dag(schedule=None)
def copy_mapped():
    @task
    def locations(dag_run=None):
        return [f"https://lake.blob.core.windows.net/landing/flights/{day}/" for day in dag_run.conf["days"]]

    @task
    def rows(result):
        return [list(row) for row in result]  # tuples have no form of their own in JSON

    create = SQLExecuteQueryOperator(task_id="create", conn_id="synapse_default", sql=CREATE_TABLE)
    load = SynapseCopyOperator.partial(
        task_id="load",
        synapse_conn_id="synapse_default",
        storage_conn_id="lake",
        table="dbo.mapped",
        columns=[{"name": "carrier", "field_number": 10}, {"name": "flight", "field_number": 11}],
        file_type="CSV",
        first_row=2,
        row_terminator="0x0A",
    ).expand(external_locations=locations())
    count = SQLExecuteQueryOperator(
        task_id="count", conn_id="synapse_default", sql="SELECT COUNT(*) AS n, MIN(carrier) AS first FROM dbo.mapped"
    )
    check = SQLCheckOperator(task_id="check", conn_id="synapse_default", sql="SELECT COUNT(*) FROM dbo.mapped")
    create >> load >> [count, check]
    rows(count.output)


copy_mapped()
