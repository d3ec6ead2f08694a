"""Three ways to wait for the same rejected rows, and a load that is checked."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import dag

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

WAYS = {
    "poke": {"poke_interval": 2},
    # Airflow fails a task that it has scheduled again before its executor has told of the end of the process, which
    # takes five seconds more with Airflow 3.1.
    "reschedule": {"poke_interval": 20, "mode": "reschedule"},
    "deferred": {"poke_interval": 20, "deferrable": True},
}


@dag(schedule=None)
def rejected_rows_sensors():
    for way, arguments in WAYS.items():
        SynapseRejectedRowsSensor(
            task_id=way,
            storage_conn_id="lake",
            container="landing",
            error_file="/watched/{{ run_id | replace(':', '-') }}",
            quiet_seconds=1,
            **arguments,
        )

    create = SQLExecuteQueryOperator(
        task_id="create", conn_id="synapse_default", sql="CREATE TABLE dbo.checked (dep_delay smallint) WITH (HEAP)"
    )
    load = SynapseCopyOperator(
        task_id="load",
        synapse_conn_id="synapse_default",
        storage_conn_id="lake",
        table="dbo.checked",
        external_locations="https://lake.blob.core.windows.net/landing/flights/{{ dag_run.conf['day'] }}/",
        columns=[{"name": "dep_delay", "field_number": 6}],
        file_type="CSV",
        first_row=2,
        row_terminator="0x0A",
        max_errors=500,
        error_file="/watched/loads",
    )
    check = SynapseRejectedRowsSensor(
        task_id="check",
        storage_conn_id="lake",
        load_result=load.output,
        expect="none",
        max_rejected_ratio=0.5,
    )
    create >> load >> check


rejected_rows_sensors()
