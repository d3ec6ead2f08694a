"""From Spark to the SQL pool: what the operator itself costs, and the way without staging.

    python -m benchmarks.spark_transfer [rows]

One run of SparkToSqlPoolOperator with real Spark, the local pool and Azurite. Its own time is all that is neither the
batch (as Spark's driver measures it, and its start as the pool does) nor COPY. The other way sends the rows as INSERT
statements from Spark's executors, by pyodbc with fast_executemany; it is slow, so that it sends a part of them. Both
rates are those of the local pool: how fast a pool of the service takes INSERTs, they do not say.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyodbc
from azure.storage.blob import BlobServiceClient

from airflow_synapse.execution.copy_load import CopyLoad
from airflow_synapse.local.home import default_home
from airflow_synapse.local.workspace import Workspace
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.spark.run import SparkBatchRun
from benchmarks.figure import Figure

ROWS = 5_000_000
_INSERTED_ROWS = 20_000
_COLUMNS = "id, id * 0.5D AS x, concat('flight ', id % 1000) AS name"


def figures(rows: int = ROWS) -> Iterator[Figure]:
    """Yield the operator's own seconds, and the rates of both ways."""
    logging.disable(logging.CRITICAL)  # a worker writes its log to a pipe, which is not ours
    with tempfile.TemporaryDirectory() as folder, Workspace(default_home(), Path(folder), spark=True) as workspace:
        _connect(workspace)
        spent = _transfer(rows)
        yield Figure(
            name=f"SparkToSqlPoolOperator besides batch and COPY, {rows:,} rows",
            ours=spent["all"] - spent["batch"] - spent["copy"],
            theirs=spent["all"],
            unit="s",
            alternative="the whole task, batch and COPY included",
            bar="ours < 3",
        )
        yield Figure(
            name=f"rows to the local pool: staging and COPY of {rows:,}",
            ours=rows / spent["all"],
            theirs=_insert(workspace, _INSERTED_ROWS),
            unit="rows/s",
            alternative=f"INSERT of {_INSERTED_ROWS:,} rows by pyodbc's fast_executemany, without Spark's start",
            bar="> 1",
        )


def _connect(workspace: Workspace) -> None:
    """Define the connections, and make the container."""
    os.environ.update(workspace.environment)
    for name, fields in workspace.connections().items():
        os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(fields)
    account = workspace.storage
    with BlobServiceClient(account.endpoint(), credential=account.key().reveal()) as client:
        client.create_container("staging")


def _transfer(rows: int) -> dict[str, float]:
    """Run the operator, and return the seconds of all, of the batch and of COPY."""
    spent = {"batch": 0.0, "copy": 0.0}
    _time(SparkBatchRun, "wait", "batch", spent)
    _time(CopyLoad, "run", "load", spent)
    kept: dict[str, Any] = {}
    context = {
        "ti": SimpleNamespace(dag_id="b", task_id="b", run_id="b", map_index=-1, try_number=1),
        "dag_run": SimpleNamespace(clear_number=0),
        "task_state_store": SimpleNamespace(get=kept.get, set=lambda key, value, **_: kept.update({key: value})),
        "outlet_events": {},
    }
    operator = SparkToSqlPoolOperator(
        task_id="b",
        table="dbo.transferred",
        spark_sql=f"SELECT {_COLUMNS} FROM range({rows})",
        create_table={"index": "HEAP"},
        staging_folder="abfss://staging@lake.dfs.core.windows.net/b",
        storage_conn_id="lake",
        spark_pool="spark",
        poll_interval=0.2,
        deferrable=False,
    )
    execute = inspect.unwrap(SparkToSqlPoolOperator.execute)  # without what warns that no task runner is there
    started = time.perf_counter()
    result = execute(operator, context)  # type: ignore[arg-type]  # as much of a context as is needed
    spent["all"] = time.perf_counter() - started
    if result["rows_loaded"] != rows:
        raise RuntimeError(f"{result['rows_loaded']} rows were loaded.")
    return {**spent, "copy": result["seconds"]}


def _time(owner: type, name: str, what: str, spent: dict[str, float]) -> None:
    """Add up the seconds that a method takes."""
    method = getattr(owner, name)

    def timed(*arguments: Any, **keywords: Any) -> Any:
        started = time.perf_counter()
        try:
            return method(*arguments, **keywords)
        finally:
            spent[what] = spent.get(what, 0.0) + time.perf_counter() - started

    setattr(owner, name, timed)


def _insert(workspace: Workspace, rows: int) -> float:
    """Send rows as INSERT statements, as an executor would; return rows a second."""
    connection: pyodbc.Connection = workspace.sql_pool.connect()
    connection.execute("CREATE TABLE dbo.inserted (id bigint, x float, name nvarchar(16)) WITH (HEAP)")
    cursor = connection.cursor()
    cursor.fast_executemany = True
    values = [(number, number * 0.5, f"flight {number % 1000}") for number in range(rows)]
    started = time.perf_counter()
    cursor.executemany("INSERT INTO dbo.inserted VALUES (?, ?, ?)", values)
    seconds = time.perf_counter() - started
    connection.close()
    return rows / seconds


if __name__ == "__main__":
    for figure in figures(*map(int, sys.argv[1:])):
        print(figure, flush=True)
