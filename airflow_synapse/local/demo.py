"""The demonstration: a month of real flights, loaded day by day by the example DAG in a real Airflow.

Then the rows that were rejected are put into a table, Spark gets the others, and the pool loads what Spark makes of
them.

``make demo`` runs it to its end; ``make ui`` leaves everything running to be looked at.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from azure.storage.blob import BlobServiceClient

from airflow_synapse.local.airflow import Airflow
from airflow_synapse.local.flights import flights_by_day
from airflow_synapse.local.home import WorkspaceError, default_home, locked
from airflow_synapse.local.spark_demo import (
    SPARK_DAG_ID,
    carriers_by_duckdb,
    carriers_by_spark,
    create_external_objects,
)
from airflow_synapse.local.text_table import text_table
from airflow_synapse.local.workspace import Workspace

DAG_ID: Final = "example_copy_flights"
REJECTS_DAG_ID: Final = "example_rejected_rows"
CONTAINER: Final = "landing"
_RUN_SECONDS: Final = 1500.0
_BACKFILL_ATTEMPTS: Final = 10
_ENDED: Final = {"success", "failed"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m airflow_synapse.local.demo", description=__doc__)
    parser.add_argument("--dags", type=Path, default=Path("example_dags"), help="folder of the example DAGs")
    parser.add_argument("--days", type=int, default=31, help="days of January 2013 to load (default: %(default)s)")
    parser.add_argument("--ui", action="store_true", help="leave everything running until Ctrl-C, and load nothing")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: leave every `with` block in order
    folder = default_home() / ("ui" if options.ui else "demo")
    try:
        with _running(folder, options.dags.resolve()) as (workspace, airflow):
            days = upload_flights(workspace, options.days)
            if options.ui:
                _wait_for_ctrl_c(airflow)
            totals, succeeded = _load(workspace, airflow, days)
            succeeded = _quarantine(workspace, airflow, totals["rows_rejected"]) and succeeded
            succeeded = _aggregate(workspace, airflow) and succeeded
    except WorkspaceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    print(json.dumps(totals), flush=True)  # the last line, for programs
    return 0 if succeeded else 1


@contextlib.contextmanager
def _running(folder: Path, dags: Path) -> Iterator[tuple[Workspace, Airflow]]:
    """Start a workspace and an Airflow with connections to it, in an empty folder; stop both at the end.

    :raises WorkspaceError: Another demonstration runs in the folder.
    """
    with locked(folder.with_suffix(".lock"), wait=False) as free:
        if not free:
            raise WorkspaceError(f"Another demonstration runs in {folder}. End it with Ctrl-C where it was started.")
        shutil.rmtree(folder, ignore_errors=True)
        with _started(folder, dags) as running:
            yield running


@contextlib.contextmanager
def _started(folder: Path, dags: Path) -> Iterator[tuple[Workspace, Airflow]]:
    _say(
        "Starting the workspace: storage (Azurite), SQL pool and Spark pool. It is no Azure, and listens on 127.0.0.1."
    )
    with Workspace(default_home(), folder / "workspace", spark=True) as workspace:
        create_external_objects(workspace, CONTAINER)
        _say("Starting Airflow")
        with Airflow(folder / "airflow", dags, environment=workspace.environment) as airflow:
            for connection_id, connection in workspace.connections().items():
                airflow.add_connection(connection_id, connection)
            yield workspace, airflow
            _say("Stopping Airflow and the workspace")


def upload_flights(workspace: Workspace, days: int) -> list[str]:
    """Upload the first days of January as one file a day, and return the days."""
    files = dict(list(flights_by_day(1).items())[:days])
    account = workspace.storage
    with BlobServiceClient(account.endpoint(), credential=account.key().reveal()) as client:
        container = client.create_container(CONTAINER)
        for day, content in files.items():
            container.upload_blob(f"flights/{day}/flights.csv", content)
    _say(f"Uploaded {len(files)} files to https://lake.blob.core.windows.net/{CONTAINER}/flights/<day>/flights.csv")
    return list(files)


def _load(workspace: Workspace, airflow: Airflow, days: list[str]) -> tuple[dict[str, int], bool]:
    """Load the days, show a table, and return the totals and whether everything is as it should be."""
    runs = backfill(airflow, days)
    rows = [_day(workspace, airflow, run) for run in sorted(runs, key=lambda run: str(run["logical_date"]))]
    columns = ["day", "state", "rows_loaded", "rows_rejected", "rows_in_table"]
    _say(text_table(columns, [[row[column] for column in columns] for row in rows]))
    totals = {"days": len(rows)} | {column: sum(int(row[column] or 0) for row in rows) for column in columns[2:]}
    if failed := [str(row["day"]) for row in rows if row["state"] != "success"]:
        _say(f"Failed: {', '.join(failed)}. Logs are in {airflow.home / 'logs'}.")
    lines = count_rejected_lines(workspace)
    if lines != totals["rows_rejected"]:
        _say(f"The Row files hold {lines} lines; the loads reported {totals['rows_rejected']} rejected rows.")
    return totals, not failed and lines == totals["rows_rejected"]


def _quarantine(workspace: Workspace, airflow: Airflow, rejected: int) -> bool:
    """Put the rejected rows of the month into a table, show why, and say whether they are as many as were rejected."""
    _say(f"A load of the month reports its rejected rows, and puts them into a table: {REJECTS_DAG_ID}")
    run = airflow.run_dag(REJECTS_DAG_ID)
    if run["state"] != "success":
        _say(f"Failed. Logs are in {airflow.home / 'logs'}.")
        return False
    report = airflow.returned(REJECTS_DAG_ID, run["dag_run_id"], "check")
    _say(text_table(["rows", "reason"], [[reason["rows"], reason["text"]] for reason in report["reasons"]]))
    kept = count_rows(workspace, "dbo.rejected_flights")
    _say(f"{report['rows']} rows were rejected; dbo.rejected_flights holds {kept}.")
    return bool(report["rows"] == kept == rejected)


def _aggregate(workspace: Workspace, airflow: Airflow) -> bool:
    """Let Spark aggregate the flights, show the table that comes back, and say whether it is DuckDB's too."""
    _say(f"The pool gives the flights to Spark, and loads what Spark makes of them: {SPARK_DAG_ID}")
    if airflow.run_dag(SPARK_DAG_ID)["state"] != "success":
        _say(f"Failed. Logs are in {airflow.home / 'logs'}.")
        return False
    rows = carriers_by_spark(workspace)
    _say(text_table(["carrier", "flights", "distance", "arr_delay"], rows))
    is_same = rows == carriers_by_duckdb(workspace)
    _say("DuckDB gives the same numbers." if is_same else "DuckDB gives other numbers.")
    return is_same


def backfill(airflow: Airflow, days: list[str]) -> list[dict[str, Any]]:
    """Run the example DAG for each day through a backfill, and return the ended runs.

    :raises WorkspaceError: They do not end in 25 minutes.
    """
    airflow.wait_for_dag(DAG_ID)
    _create_backfill(
        airflow,
        {
            "dag_id": DAG_ID,
            "from_date": f"{days[0]}T00:00:00Z",
            "to_date": f"{days[-1]}T00:00:00Z",
            "max_active_runs": 4,
            "reprocess_behavior": "none",
        },
    )
    # After the backfill has made its runs, so that the scheduler finds none to make.
    airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
    _say(f"Backfilling {len(days)} days of {DAG_ID}; its pages are at {airflow.url}/dags/{DAG_ID}")
    deadline = time.monotonic() + _RUN_SECONDS
    shown = -1
    while time.monotonic() < deadline:
        runs: list[dict[str, Any]] = airflow.request("GET", f"/dags/{DAG_ID}/dagRuns?limit=100")["dag_runs"]
        ended = [run for run in runs if run["state"] in _ENDED]
        if len(ended) != shown:
            shown = len(ended)
            _say(f"  {shown} of {len(days)} days done")
        if len(ended) >= len(days):
            return ended
        time.sleep(1.0)
    raise WorkspaceError(f"Not every day was done in {_RUN_SECONDS:g} s. Logs are in {airflow.home / 'logs'}.")


def _create_backfill(airflow: Airflow, backfill: dict[str, object]) -> None:
    """Ask for a backfill; again where SQLite, to which the DAG processor writes too, is locked just then."""
    for attempts_left in reversed(range(_BACKFILL_ATTEMPTS)):
        try:
            airflow.request("POST", "/backfills", backfill)
        except WorkspaceError as error:
            if "Database is locked" not in str(error) or not attempts_left:
                raise
            time.sleep(2.0)
        else:
            return


def _day(workspace: Workspace, airflow: Airflow, run: dict[str, Any]) -> dict[str, Any]:
    """Return what one run reported, and how many of its rows the table holds."""
    day = str(run["logical_date"])[:10]
    result: dict[str, Any] = {}
    with contextlib.suppress(WorkspaceError):  # a run that failed has left no result
        result = airflow.returned(DAG_ID, run["dag_run_id"], "load_day")
    year, month, number = map(int, day.split("-"))
    in_table = count_rows(workspace, "dbo.flights WHERE year = ? AND month = ? AND day = ?", year, month, number)
    return {
        "day": day,
        "state": run["state"],
        "rows_loaded": result.get("rows_loaded"),
        "rows_rejected": result.get("rows_rejected"),
        "rows_in_table": in_table,
    }


def count_rows(workspace: Workspace, source: str, *parameters: int) -> int:
    """Count the rows of a table, for which a WHERE clause may stand behind its name."""
    connection = workspace.sql_pool.connect()
    try:
        return int(connection.execute(f"SELECT COUNT(*) FROM {source}", *parameters).fetchval())
    finally:
        connection.close()


def count_rejected_lines(workspace: Workspace) -> int:
    """Count the lines of all files of rows that the days have rejected."""
    account = workspace.storage
    with BlobServiceClient(account.endpoint(), credential=account.key().reveal()) as client:
        container = client.get_container_client(CONTAINER)
        return sum(
            len(container.download_blob(blob.name).readall().splitlines())
            for blob in container.list_blobs(name_starts_with="rejects/flights/")
            if blob.name.endswith(".Row.Txt")
        )


def _wait_for_ctrl_c(airflow: Airflow) -> NoReturn:
    airflow.wait_for_dag(DAG_ID)
    _say(f"Airflow is at {airflow.url} (no login). Try a backfill of {DAG_ID} over January 2013. Ctrl-C stops all.")
    while True:
        time.sleep(3600)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
