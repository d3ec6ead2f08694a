"""From Spark to the SQL pool: what the operator itself costs, and the way without staging.

    python -m benchmarks.spark_transfer [rows]

One run of SparkToSqlPoolOperator with real Spark, the local pool and Azurite. Its own time is all but that in which it
waits for the batch or for COPY. The other way sends the rows as INSERT statements from tasks of the same Spark, by
pyodbc with fast_executemany; it is slow, so that it sends a part of them. Both rates are those of the local pool: how
fast a pool of the service takes INSERTs, they do not say.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyodbc

from airflow_synapse.local.home import default_home
from airflow_synapse.local.odbc import driver_path
from airflow_synapse.local.spark.environment import install
from airflow_synapse.local.sql_pool import DATABASE, LOGIN
from airflow_synapse.local.workspace import Workspace
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.spark.run import SparkBatchRun
from benchmarks.connected import connected_workspace, new_container
from benchmarks.figure import Figure

ROWS = 5_000_000
_INSERTED_ROWS = 20_000
_COLUMNS = "id, id * 0.5D AS x, concat('flight ', id % 1000) AS name"


def figures(rows: int = ROWS) -> Iterator[Figure]:
    """Yield the operator's own seconds, and the rates of both ways."""
    logging.disable(logging.CRITICAL)  # a worker writes its log to a pipe, which is not ours
    with connected_workspace(spark=True) as workspace:
        new_container(workspace, "staging", {})
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
            alternative=f"INSERT of {_INSERTED_ROWS:,} rows from two tasks of Spark by pyodbc's fast_executemany, "
            "without Spark's start",
            bar="> 1",
        )


def _transfer(rows: int) -> dict[str, float]:
    """Run the operator, and return the seconds of all, of the batch and of COPY."""
    waited = _waits_for_batches()
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
    seconds = time.perf_counter() - started
    if result["rows_loaded"] != rows:
        raise RuntimeError(f"{result['rows_loaded']} rows were loaded.")
    return {"all": seconds, "batch": sum(waited), "copy": result["seconds"]}


def _waits_for_batches() -> list[float]:
    """Return a list that gets the seconds of each wait for a batch."""
    waited: list[float] = []
    wait = SparkBatchRun.wait

    def timed(*arguments: Any, **keywords: Any) -> Any:
        started = time.perf_counter()
        try:
            return wait(*arguments, **keywords)
        finally:
            waited.append(time.perf_counter() - started)

    SparkBatchRun.wait = timed  # type: ignore[method-assign]  # this process ends soon
    return waited


def _insert(workspace: Workspace, rows: int) -> float:
    """Send rows as INSERT statements from two tasks of Spark; return rows a second."""
    pool = workspace.sql_pool
    connection = pool.connect()
    connection.execute("CREATE TABLE dbo.inserted (id bigint, x float, name nvarchar(16)) WITH (HEAP)")
    settings = {
        "login": f"DRIVER={{{driver_path()}}};SERVER=localhost,{pool.port};DATABASE={DATABASE};UID={LOGIN};"
        f"PWD={pool.password.reveal()};Encrypt=yes;TrustServerCertificate=yes",
        "query": f"SELECT {_COLUMNS} FROM range(0, {rows}, 1, 2)",
        "statement": "INSERT INTO dbo.inserted VALUES (?, ?, ?)",
    }
    spark = install(default_home())
    with tempfile.TemporaryDirectory() as folder:
        # Spark's environment has no pyodbc, which is one file, and has this Python: its workers find it here.
        module = Path(pyodbc.__file__)
        (Path(folder) / module.name).symlink_to(module)
        session = subprocess.run(
            [spark.python, Path(__file__).with_name("spark_insert_session.py")],
            input=json.dumps(settings),
            env={**os.environ, **spark.variables, "PYTHONPATH": folder},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if session.returncode:
        raise RuntimeError(session.stderr[-4000:])
    (inserted,) = connection.execute("SELECT COUNT(*) FROM dbo.inserted").fetchone()
    connection.close()
    if inserted != rows:
        raise RuntimeError(f"{inserted} rows were inserted.")
    return rows / float(session.stdout.splitlines()[-1])


if __name__ == "__main__":
    for figure in figures(*map(int, sys.argv[1:])):
        print(figure, flush=True)
