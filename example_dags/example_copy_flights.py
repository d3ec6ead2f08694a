"""Load a day of flights into a dedicated SQL pool with COPY INTO.

What: every run loads the files of one day, its data interval, from ``landing/flights/<day>/`` into ``dbo.flights``.
Rows that do not fit the table's columns (a canceled flight has ``NA`` for its times) are left out of the table and
written below ``rejects/flights`` in the same container; up to 500 of them do not fail the load.

Why: the pool reads the files itself, in parallel, so the data never pass through the Airflow worker.

When: for files that land by day. A run replaces the rows of its day in one transaction, so that a reader never sees a
day that is half there, and a run that is tried again, cleared or backfilled leaves the same rows. See
``example_backfill_flights`` for many days at once.

Prerequisites: the connection ``synapse_default`` (type ``azure_synapse_sql_pool``), whose login has ADMINISTER DATABASE
BULK OPERATIONS and CREATE TABLE in the database, and ALTER, INSERT, SELECT and DELETE on the schema ``dbo``; and the
connection ``lake`` (type ``wasb``) of the storage account, with its account key (or a SAS that
may read, list, write, create and delete, for the rejected rows too).
"""

from datetime import datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_synapse.operators.copy import SynapseCopyOperator

CREATE_TABLE = """
IF OBJECT_ID('dbo.flights') IS NULL
CREATE TABLE dbo.flights (
    year smallint NOT NULL,
    month tinyint NOT NULL,
    day tinyint NOT NULL,
    dep_time smallint,
    sched_dep_time smallint NOT NULL,
    dep_delay smallint,
    arr_time smallint,
    sched_arr_time smallint NOT NULL,
    arr_delay smallint,
    carrier char(2) NOT NULL,
    flight smallint NOT NULL,
    tailnum varchar(6),
    origin char(3) NOT NULL,
    dest char(3) NOT NULL,
    air_time smallint,
    distance smallint NOT NULL,
    hour tinyint NOT NULL,
    minute tinyint NOT NULL,
    time_hour datetime2(0) NOT NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX)
"""

with DAG(
    dag_id="example_copy_flights",
    # An interval of a day: data_interval_start is the day whose files are loaded. (A "@daily" schedule has intervals of
    # no length, and its data_interval_start is the moment of the run.)
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2013, 1, 1),  # noqa: DTZ001 - Airflow gives it the time zone of its settings, UTC
    end_date=datetime(2013, 1, 31),  # noqa: DTZ001 - see above
    catchup=False,
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
        table="dbo.flights",
        external_locations="https://lake.blob.core.windows.net/landing/flights/{{ data_interval_start | ds }}/",
        storage_conn_id="lake",
        file_type="CSV",
        first_row=2,  # the first line names the columns
        row_terminator="0x0A",  # lines end with LF; the default is CR LF
        max_errors=500,
        error_file="/rejects/flights",
        write_disposition="replace_slice",
        slice_predicate="year = {{ data_interval_start.year }} AND month = {{ data_interval_start.month }} "
        "AND day = {{ data_interval_start.day }}",
        retries=2,
    )
    create_table >> load_day
