"""Loads that are interrupted: one in a worker, one in the triggerer. The run's configuration has their arguments."""

from datetime import timedelta

from airflow.sdk import dag

from airflow_synapse.operators.copy import SynapseCopyOperator

_OF_THE_RUN = (
    "table",
    "external_locations",
    "write_disposition",
    "slice_predicate",
    "partition_values",
    "upsert_keys",
    "ledger_table",
)


def define(dag_id, *, deferrable):
    # Native: what a run does not name is None, and a list stays a list.
    @dag(dag_id=dag_id, schedule=None, render_template_as_native_obj=True)
    def copy_faulty():
        SynapseCopyOperator(
            task_id="load",
            synapse_conn_id="synapse_default",
            storage_conn_id="lake",
            **{name: f"{{{{ dag_run.conf.get('{name}') }}}}" for name in _OF_THE_RUN},
            file_type="CSV",
            row_terminator="'0x0A'",  # would be the number 10 without the inner quotes
            deferrable=deferrable,
            retries=3,
            retry_delay=timedelta(seconds=1),
        )

    copy_faulty()


define("copy_faulty", deferrable=False)
define("copy_faulty_deferred", deferrable=True)
