"""Loads that tests interrupt: one in a worker, one in the triggerer. Each run names its table and its files."""

from datetime import timedelta

from airflow.sdk import dag

from airflow_synapse.operators.copy import SynapseCopyOperator


def define(dag_id, *, deferrable):
    @dag(dag_id=dag_id, schedule=None)
    def copy_faulty():
        SynapseCopyOperator(
            task_id="load",
            synapse_conn_id="synapse_default",
            storage_conn_id="lake",
            table="{{ dag_run.conf['table'] }}",
            external_locations="{{ dag_run.conf['files'] }}",
            write_disposition="{{ dag_run.conf['write_disposition'] }}",
            file_type="CSV",
            row_terminator="0x0A",
            deferrable=deferrable,
            retries=3,
            retry_delay=timedelta(seconds=1),
        )

    copy_faulty()


define("copy_faulty", deferrable=False)
define("copy_faulty_deferred", deferrable=True)
