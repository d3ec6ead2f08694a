"""Start a DAG when COPY INTO has rejected rows.

What: the triggerer looks at ``rejects/flights``, where ``example_copy_flights`` has its rejected rows written, and
starts a run as soon as there are new ones. The run gets a report: how many rows, why, from which files, and some of
them.

Why: nobody has to look, and no task waits. Each rejected row is in one report, also when the triggerer restarts.

When: for folders that many loads write to, whoever runs them. In the DAG of a load itself,
``SynapseRejectedRowsSensor(load_result=load.output, expect="none")`` says the same of that load alone.

Prerequisites: the connection ``lake`` (type ``wasb``) of the storage account, and Airflow 3.3 for a triggerer that
remembers what it has reported; older ones report it again after a restart.
"""

from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_synapse.triggers.rejected_rows import RejectedRowsTrigger

REJECTED_FLIGHTS = Asset(
    name="rejected_flights",
    watchers=[
        AssetWatcher(
            name="rejects_folder",
            trigger=RejectedRowsTrigger(
                error_file="https://lake.blob.core.windows.net/landing/rejects/flights",
                storage_conn_id="lake",
                quiet_seconds=10.0,  # these loads take seconds; a folder that they still write to has to wait
                poke_interval=10.0,
            ),
        )
    ],
)

with DAG(
    dag_id="example_rejected_rows_event",
    schedule=[REJECTED_FLIGHTS],
    catchup=False,
    tags=["example", "synapse"],
    doc_md=__doc__,
):

    @task
    def tell(triggering_asset_events: Any = None) -> list[dict[str, Any]]:  # noqa: ANN401 - Airflow's own
        """Write a line for each reason, and return the reports."""
        reports = [event.extra["payload"] for event in triggering_asset_events[REJECTED_FLIGHTS]]
        for report in reports:
            print(f"{report['rows']} rows of {len(report['folders'])} loads were rejected:")  # noqa: T201 - its log
            for reason in report["reasons"]:
                print(f"{reason['rows']:>8}  {reason['text']}")  # noqa: T201 - as above
        return reports

    tell()
