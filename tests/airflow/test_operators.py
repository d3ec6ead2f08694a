"""What DAG authors do with the operator: mapping, mixing with common.sql, stopping."""

import gzip

import pytest

from airflow_synapse.local.flights import flights_by_day


@pytest.fixture(scope="module")
def mapped_run(trigger, wait_for_run, days):
    """The ended run of the DAG ``copy_mapped``."""
    run_id = trigger("copy_mapped", {"days": days})
    assert wait_for_run("copy_mapped", run_id) == "success"
    return run_id


def test_mapped_copy_loads_each_item(mapped_run, days, xcom):
    files = flights_by_day(1)

    loaded = [xcom("copy_mapped", mapped_run, "load", index)["rows_loaded"] for index in range(len(days))]

    assert loaded == [files[day].count(b"\n") - 1 for day in days]


def test_query_operator_returns_rows_through_the_same_connection(mapped_run, days, xcom):
    files = flights_by_day(1)

    rows = xcom("copy_mapped", mapped_run, "rows")

    assert rows == [[sum(files[day].count(b"\n") - 1 for day in days), "9E"]]


def test_task_that_is_marked_failed_cancels_its_copy(airflow, lake, trigger, wait_for, pool_connection):
    endless = gzip.compress(b"2013,EWR\n" * 1_000_000) * 2000  # parts of a gzip file may follow each other
    lake.get_container_client("landing").upload_blob("long/flights.csv.gz", endless)
    pool_connection.execute("CREATE TABLE dbo.long_load (year smallint, origin char(3)) WITH (HEAP)")
    statement = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = 'the long load'"
    run_id = trigger("copy_long")
    path = f"/dags/copy_long/dagRuns/{run_id}/taskInstances/load"
    wait_for(path, lambda _: pool_connection.execute(statement).fetchval() == "Running")

    airflow.request("PATCH", path, {"new_state": "failed"})

    wait_for(path, lambda _: pool_connection.execute(statement).fetchval() == "Cancelled")
    assert pool_connection.execute("SELECT COUNT(*) FROM dbo.long_load").fetchval() == 0
    (log,) = (airflow.home / "logs" / "dag_id=copy_long").rglob("attempt=1.log")
    wait_for(path, lambda _: "The statement was cancelled" in log.read_text())  # in time: nobody had to kill the task
