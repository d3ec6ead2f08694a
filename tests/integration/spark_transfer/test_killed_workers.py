"""Workers that are really killed, and triggerers that are started anew: rows arrive once, and nothing is left."""

import json
import subprocess
import sys
import time

import pytest
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import serialize
from transfer_task import TRIGGERER, WORKER, event_of

from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator

SECONDS = 120
NUMBERS = [(number, f"n{number}") for number in range(100)]


@pytest.fixture
def load(new_task, new_name):
    return new_task(
        SparkToSqlPoolOperator, table=new_name(), spark_sql="SELECT id, concat('n', id) AS name FROM range(100)"
    )


@pytest.fixture
def rows(pool_connection, load):
    return lambda: [
        tuple(row) for row in pool_connection.execute(f"SELECT * FROM {load.arguments['table']} ORDER BY id")
    ]


@pytest.fixture
def batches(load):
    """Return the batches of the task that the pool knows, the first one first."""

    def look():
        (record,) = [value for key, value in load.kept.items() if key == "synapse_spark_batch"]
        load_id = record["batches"][0]["name"].split("-")[2]
        found = SynapseSparkPoolHook("azure_synapse_default", "spark").find(f"-{load_id}-")
        return sorted(found, key=lambda batch: batch.batch_id)

    return look


@pytest.fixture
def worker(tmp_path):
    """Start the current try of a task in a worker of its own, with what the task has stored."""
    store = tmp_path / "store.json"
    processes = []

    def start(task):
        store.write_text(json.dumps(task.kept))
        process = subprocess.Popen([sys.executable, WORKER], stdin=subprocess.PIPE, text=True)
        processes.append(process)
        json.dump(task.work(store), process.stdin)
        process.stdin.close()
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def end(process, task, tmp_path):
    """Wait for the end of a worker, and keep what it has stored."""
    process.wait(timeout=30)
    task.kept = json.loads((tmp_path / "store.json").read_text())


def until_held(faults, number):
    until(lambda: any(fault["number"] == number and fault["held"] for fault in faults.listed()))


def has_batch(tmp_path):
    kept = json.loads((tmp_path / "store.json").read_text() or "{}")
    return any(batch["batch_id"] is not None for batch in kept.get("synapse_spark_batch", {}).get("batches", ()))


def test_a_batch_outlives_its_worker_and_is_waited_for(load, worker, rows, staged, batches, tmp_path):
    process = worker(load)
    until(lambda: has_batch(tmp_path))
    process.kill()
    end(process, load, tmp_path)
    load.run_again()
    assert rows() == NUMBERS
    assert [batch.state for batch in batches()] == ["success"]
    assert staged() == []


def test_a_worker_that_dies_while_copy_runs_has_loaded_once(load, worker, rows, staged, spark_workspace, tmp_path):
    faults = spark_workspace.sql_pool.faults
    held = faults.hold(text="COPY INTO*")
    process = worker(load)
    until_held(faults, held)
    process.kill()
    end(process, load, tmp_path)
    faults.release()
    load.run_again()
    assert rows() == NUMBERS
    assert staged() == []


@pytest.mark.usefixtures("lake_objects")
def test_a_worker_that_dies_while_the_pool_exports_leaves_nothing(
    new_task, new_table, worker, staged, spark_workspace, pool_connection, staging, tmp_path
):
    export = new_task(
        SqlPoolToSparkOperator,
        table=new_table("id bigint"),
        data_source="transfer_lake",
        file_format="transfer_parquet",
        spark_files=f"{staging}-delivered",
    )
    faults = spark_workspace.sql_pool.faults
    held = faults.hold(text="CREATE EXTERNAL TABLE*")
    process = worker(export)
    until_held(faults, held)
    process.kill()
    end(process, export, tmp_path)
    faults.release()
    assert export.run_again()["rows_delivered"] == 0
    assert pool_connection.execute("SELECT name FROM sys.external_tables").fetchall() == []
    assert [name for name in staged() if name.startswith("staging/")] == []


def test_a_killed_task_cancels_its_batch(load, worker, rows, staged, batches, spark_pool, tmp_path):
    spark_pool.faults.hold()
    process = worker(load)
    until(lambda: has_batch(tmp_path))
    process.terminate()
    end(process, load, tmp_path)
    assert [batch.state for batch in batches()] == ["killed"]
    spark_pool.faults.clear()
    load.run_again()
    assert rows() == NUMBERS
    assert staged() == []


def test_a_triggerer_that_dies_leaves_the_batch_to_the_next_one(load, rows, staged, spark_pool):
    load.arguments["deferrable"] = True
    spark_pool.faults.hold()
    with pytest.raises(TaskDeferred) as deferred:
        load.operator().execute(load.context)
    row = json.dumps([deferred.value.trigger.serialize()[0], serialize(deferred.value.trigger.serialize()[1])])
    first = subprocess.Popen([sys.executable, TRIGGERER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    first.stdin.write(row)
    first.stdin.close()
    while "state not_started" not in (line := first.stdout.readline()):
        assert line, "the triggerer has ended"
    first.kill()
    first.wait()
    spark_pool.faults.clear()
    first.stdout.close()
    load.arguments["deferrable"] = False  # the load runs in the worker that goes on
    load.operator().execute_after_batch(load.context, event=event_of(row))
    assert rows() == NUMBERS
    assert staged() == []
