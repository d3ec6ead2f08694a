"""Load a month of flights, look at the rows that do not fit, and keep them in a table for whoever has to mend them.

What: a run loads the files of a month into ``dbo.flown_flights``, whose columns take flights that have flown: a flight
that was canceled has ``NA`` for its times, and is rejected. A sensor reports the rejected rows of this load, by reason;
they are put into ``dbo.rejected_flights``, each with its reason; and if there are some, somebody is told.

Why: COPY writes rejected rows to files that nobody opens. In a table next to the data they can be counted, searched and
joined.

When: for loads of which a few rows may be missing for a while, but not unnoticed. A run that is cleared, say after its
files were mended, replaces its rows in both tables; for that, ``quarantine`` runs without rejected rows too. Where
other options of the load would take the rows, ``RejectedRowsToFilesOperator`` makes files of them to be loaded again.

Prerequisites: the connection ``synapse_default`` (type ``azure_synapse_sql_pool``), whose login has ADMINISTER DATABASE
BULK OPERATIONS and CREATE TABLE in the database, and ALTER, INSERT, SELECT and DELETE on the schema ``dbo``; and the
connection ``lake`` (type ``wasb``) of the storage account, with its account key (or a SAS that
may read, list, write, create and delete, for the rejected rows too).
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

#: The columns of the table: where they are in the files, and their types.
COLUMNS = {
    "year": (1, "smallint NOT NULL"),
    "month": (2, "tinyint NOT NULL"),
    "day": (3, "tinyint NOT NULL"),
    "dep_time": (4, "smallint NOT NULL"),
    "arr_time": (7, "smallint NOT NULL"),
    "carrier": (10, "char(2) NOT NULL"),
    "flight": (11, "smallint NOT NULL"),
    "origin": (13, "char(3) NOT NULL"),
    "dest": (14, "char(3) NOT NULL"),
    "air_time": (15, "smallint NOT NULL"),
}

with DAG(
    dag_id="example_rejected_rows",
    schedule=None,
    start_date=datetime(2013, 1, 1),  # noqa: DTZ001 - Airflow gives it the time zone of its settings, UTC
    params={"month": "2013-01"},
    default_args={"storage_conn_id": "lake", "retries": 2, "retry_delay": timedelta(seconds=10)},
    tags=["example", "synapse"],
    doc_md=__doc__,
):
    load_month = SynapseCopyOperator(
        task_id="load_month",
        table="dbo.flown_flights",
        create_table={"columns": {name: sql_type for name, (_, sql_type) in COLUMNS.items()}},
        columns=[{"name": name, "field_number": number} for name, (number, _) in COLUMNS.items()],
        external_locations="https://lake.blob.core.windows.net/landing/flights/{{ params.month }}-*/*.csv",
        file_type="CSV",
        first_row=2,  # the first line of each file names the columns
        row_terminator="0x0A",  # lines end with LF; the default is CR LF
        max_errors=10_000,
        error_file="/rejects/flown_flights",
        write_disposition="replace_slice",
        # Whoever starts a run writes the month: as a number it cannot be a condition of theirs.
        slice_predicate="year = {{ params.month[:4] | int }} AND month = {{ params.month[5:] | int }}",
        max_rejected_ratio=0.1,  # something else is wrong with such files: leave the table as it is
    )
    check = SynapseRejectedRowsSensor(
        task_id="check",
        load_result=load_month.output,
        expect="none",  # do not wait for them: the load is over
        on_breach="succeed",  # what to do is decided below
    )
    quarantine = RejectedRowsToTableOperator(
        task_id="quarantine", table="dbo.rejected_flights", load_result=load_month.output
    )

    @task.branch
    def decide(report: dict[str, Any]) -> str:
        """Return the task to go on with."""
        return "notify" if report["rows"] else "nothing_rejected"

    @task
    def notify(report: dict[str, Any], result: dict[str, Any]) -> None:
        """Stands where a message to somebody would be."""
        print(f"{report['rows']} rows were rejected; see {result['table']}.")  # noqa: T201 - the task's log
        for reason in report["reasons"]:
            print(f"{reason['rows']:>8}  {reason['text']}")  # noqa: T201 - as above

    @task
    def nothing_rejected() -> None:
        """End here."""

    decision = decide(check.output)
    check >> quarantine >> decision >> [notify(check.output, quarantine.output), nothing_rejected()]
