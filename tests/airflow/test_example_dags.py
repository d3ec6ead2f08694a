"""The example DAGs run in a real Airflow, and leave no secret behind."""

import base64
import re

from airflow_synapse.local.demo import DAG_ID, count_rejected_lines
from airflow_synapse.local.flights import flights_by_day

#: Positions of the columns that are numbers in the table.
NUMBERS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15, 16, 17)


def source_rows(day):
    """Return how many rows of a day fit the table, and how many have ``NA`` for a number."""
    lines = flights_by_day(1)[day].decode().splitlines()[1:]
    rejected = sum("NA" in [line.split(",")[position] for position in NUMBERS] for line in lines)
    return len(lines) - rejected, rejected


def table_rows(connection, day):
    year, month, number = map(int, day.split("-"))
    statement = "SELECT COUNT(*) FROM dbo.flights WHERE year = ? AND month = ? AND day = ?"
    return connection.execute(statement, year, month, number).fetchval()


def test_every_dag_file_can_be_read(airflow, backfill_runs):
    assert airflow.request("GET", "/importErrors")["import_errors"] == []


def test_every_day_of_a_backfill_succeeds(backfill_runs, days):
    assert {day: run["state"] for day, run in backfill_runs.items()} == dict.fromkeys(days, "success")


def test_result_of_a_load_counts_its_rows_and_files(backfill_runs, days, xcom):
    loaded, rejected = source_rows(days[0])

    result = xcom(DAG_ID, backfill_runs[days[0]]["dag_run_id"], "load_day")

    assert (result["rows_loaded"], result["rows_rejected"], result["files"]) == (loaded, rejected, 1)
    assert result["bytes"] == len(flights_by_day(1)[days[0]])
    assert re.fullmatch(r"QID\d+", result["request_id"])


def test_table_holds_the_rows_of_each_day_once(backfill_runs, days, pool_connection):
    assert [table_rows(pool_connection, day) for day in days] == [source_rows(day)[0] for day in days]


def test_rejected_rows_are_in_the_error_folder(backfill_runs, days, workspace):
    assert count_rejected_lines(workspace) == sum(source_rows(day)[1] for day in days)


def test_statement_is_shown_as_a_rendered_field_without_its_secret(airflow, backfill_runs, days):
    path = f"/dags/{DAG_ID}/dagRuns/{backfill_runs[days[0]]['dag_run_id']}/taskInstances/load_day"

    fields = airflow.request("GET", path)["rendered_fields"]

    statement = next(str(value) for value in fields.values() if "COPY INTO" in str(value))
    assert f"landing/flights/{days[0]}/" in statement
    assert "SECRET = '***'" in statement


def test_statement_is_in_the_log_without_its_secret(airflow, backfill_runs, days):
    logs = [path.read_text() for path in (airflow.home / "logs").rglob("attempt=1.log") if "load_day" in str(path)]

    assert sum("COPY INTO [dbo].[flights]" in log and "SECRET = '***'" in log for log in logs) == len(days)


def test_log_does_not_hold_the_headers_of_the_storage_sdk(airflow, backfill_runs):
    logs = [path for path in (airflow.home / "logs").rglob("attempt=1.log") if "load_day" in str(path)]

    assert [path for path in logs if "Request headers" in path.read_text()] == []


def test_no_file_of_airflow_holds_a_secret(airflow, backfill_runs, workspace):
    key, password = workspace.storage.key("lake").reveal(), workspace.sql_pool.password.reveal()
    patterns = [re.escape(text.encode()) for text in (key, password, base64.b64encode(key.encode()).decode())]
    secret = re.compile(b"|".join([*patterns, rb"sig=[A-Za-z0-9%+/]{20}"]))
    files = [path for path in airflow.home.rglob("*") if path.is_file()]

    assert [path for path in files if secret.search(path.read_bytes())] == []
    assert any(DAG_ID.encode() in path.read_bytes() for path in files)  # the search does find what is there


def test_cleared_run_does_not_double_its_day(airflow, backfill_runs, days, wait_for_run, pool_connection):
    run_id = backfill_runs[days[1]]["dag_run_id"]

    airflow.request("POST", f"/dags/{DAG_ID}/dagRuns/{run_id}/clear", {"dry_run": False})

    assert wait_for_run(DAG_ID, run_id) == "success"
    assert table_rows(pool_connection, days[1]) == source_rows(days[1])[0]
