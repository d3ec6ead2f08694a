"""The example DAG for rejected rows: a load, the report on its rejected rows, and the table that keeps them."""

import pytest

from airflow_synapse.local.demo import REJECTS_DAG_ID, count_rows
from airflow_synapse.local.flights import flights_by_day

AIR_TIME = 14


@pytest.fixture(scope="module")
def run(airflow, days):
    """The ended run, for the days that there are files of."""
    return airflow.run_dag(REJECTS_DAG_ID)


@pytest.fixture(scope="module")
def canceled(days):
    """The lines of flights without a time in the air."""
    lines = [line for day in days for line in flights_by_day(1)[day].decode().splitlines()[1:]]
    return sorted(line for line in lines if line.split(",")[AIR_TIME] == "NA")


def test_each_rejected_row_is_in_the_table_as_it_was(run, canceled, pool_connection):
    assert run["state"] == "success"
    rows = pool_connection.execute("SELECT raw_row FROM dbo.rejected_flights ORDER BY raw_row").fetchall()
    assert [row[0] for row in rows] == canceled


def test_the_report_counts_them_by_reason(run, canceled, xcom):
    report = xcom(REJECTS_DAG_ID, run["dag_run_id"], "check")
    assert report["rows"] == sum(reason["rows"] for reason in report["reasons"]) == len(canceled)


def test_the_branch_without_rejected_rows_is_skipped(airflow, run):
    path = f"/dags/{REJECTS_DAG_ID}/dagRuns/{run['dag_run_id']}/taskInstances"
    states = {task["task_id"]: task["state"] for task in airflow.request("GET", path)["task_instances"]}
    assert states.pop("nothing_rejected") == "skipped"
    assert set(states.values()) == {"success"}


def test_the_statement_is_shown_without_its_secret(airflow, run):
    path = f"/dags/{REJECTS_DAG_ID}/dagRuns/{run['dag_run_id']}/taskInstances/quarantine"
    statement = airflow.request("GET", path)["rendered_fields"]["copy_statement"]
    assert "COPY INTO [dbo].[rejected_flights]" in statement
    assert "SECRET = '***'" in statement


def test_a_run_that_is_cleared_leaves_the_same_rows(airflow, run, canceled, wait_for_run, workspace):
    run_id = run["dag_run_id"]
    airflow.request("POST", f"/dags/{REJECTS_DAG_ID}/dagRuns/{run_id}/clear", {"dry_run": False})
    assert wait_for_run(REJECTS_DAG_ID, run_id) == "success"
    assert count_rows(workspace, "dbo.rejected_flights") == len(canceled)
