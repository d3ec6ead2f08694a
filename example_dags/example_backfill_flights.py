"""Load the schedule of past flights, day by day, as often as anybody likes.

What: every run loads the files of one day, its data interval, from ``landing/flights/<day>/`` into
``dbo.scheduled_flights``: those columns of the files that say what was planned.

Why: a backfill runs a DAG for days that are over, and may run it again for days that are done: "All Runs" in the form
of Airflow's page does. A load that only adds rows would double them then. Here a run replaces the rows of its own day,
in one transaction, and nothing else: after any number of backfills, retries and clears the table holds each day once.

When: for a first load of history, and after the files of some days were delivered anew. On the page of the DAG choose
Trigger, then Backfill, the days from and to, and what to run: missing runs, also those that failed, or all.

Prerequisites: the connection ``synapse_default`` (type ``azure_synapse_sql_pool``), whose login has ADMINISTER DATABASE
BULK OPERATIONS and CREATE TABLE in the database, and ALTER, INSERT, SELECT and DELETE on the schema ``dbo``; and the
connection ``lake`` (type ``wasb``) of the storage account. A staging table for the rows of the
day is made beside the table, and dropped.
"""

from datetime import datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_synapse.operators.copy import SynapseCopyOperator

CREATE_TABLE = """
IF OBJECT_ID('dbo.scheduled_flights') IS NULL
CREATE TABLE dbo.scheduled_flights (
    year smallint NOT NULL,
    month tinyint NOT NULL,
    day tinyint NOT NULL,
    sched_dep_time smallint NOT NULL,
    sched_arr_time smallint NOT NULL,
    carrier char(2) NOT NULL,
    flight smallint NOT NULL,
    tailnum varchar(6),
    origin char(3) NOT NULL,
    dest char(3) NOT NULL,
    distance smallint NOT NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX)
"""

#: The columns of the table, and where they are in the files.
COLUMNS = [
    {"name": "year", "field_number": 1},
    {"name": "month", "field_number": 2},
    {"name": "day", "field_number": 3},
    {"name": "sched_dep_time", "field_number": 5},
    {"name": "sched_arr_time", "field_number": 8},
    {"name": "carrier", "field_number": 10},
    {"name": "flight", "field_number": 11},
    {"name": "tailnum", "field_number": 12},
    {"name": "origin", "field_number": 13},
    {"name": "dest", "field_number": 14},
    {"name": "distance", "field_number": 16},
]

with DAG(
    dag_id="example_backfill_flights",
    # The run of a day has that day as its data interval. In a backfill, {{ ds }} of a "@daily" schedule does too, but
    # its interval has no length, and that of a DAG without a schedule is the moment at which somebody started it.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2013, 1, 1),  # noqa: DTZ001 - Airflow gives it the time zone of its settings, UTC
    end_date=datetime(2013, 12, 31),  # noqa: DTZ001 - see above
    catchup=False,  # days are loaded when somebody asks for them
    tags=["example", "synapse"],
    doc_md=__doc__,
):
    create_table = SQLExecuteQueryOperator(
        task_id="create_table",
        conn_id="synapse_default",
        sql=CREATE_TABLE,
        # Of two first runs that start together one may find that the other has just created the table.
        retries=2,
        retry_delay=timedelta(seconds=5),
    )
    load_day = SynapseCopyOperator(
        task_id="load_day",
        synapse_conn_id="synapse_default",
        storage_conn_id="lake",
        table="dbo.scheduled_flights",
        columns=COLUMNS,
        external_locations="https://lake.blob.core.windows.net/landing/flights/{{ data_interval_start | ds }}/",
        file_type="CSV",
        first_row=2,  # the first line names the columns
        row_terminator="0x0A",  # lines end with LF; the default is CR LF
        write_disposition="replace_slice",
        # Rows of another day in the files make the load fail: the next load of their day would not replace them.
        slice_predicate="year = {{ data_interval_start.year }} AND month = {{ data_interval_start.month }} "
        "AND day = {{ data_interval_start.day }}",
        retries=2,
        retry_delay=timedelta(seconds=10),
    )
    create_table >> load_day
