"""Airflow's own faults, in a real Airflow: the rows are in the table once.

``make faults`` has every load, moment and fault, in processes that stand for Airflow's.
"""

import os
import signal

import airflow as installed_airflow
import pytest
from packaging.version import Version

# Before, Airflow remembers nothing of a try, and tells a trigger nothing of a kill: an append then fails rather than
# guesses, which the unit tests show.
pytestmark = pytest.mark.skipif(
    Version(installed_airflow.__version__) < Version("3.3"), reason="the task state store came with Airflow 3.3"
)

ROWS = [(1, "new"), (2, "new"), (4, "new")]
RUNNING, COMMITTED = "running", "committed"


@pytest.fixture
def faults(workspace):
    """What the pool does wrong; nothing any more after the test."""
    yield workspace.sql_pool.faults
    workspace.sql_pool.faults.clear()


class Load:
    """A run whose COPY the pool holds at a moment."""

    def __init__(self, airflow, dag_id, run_id):
        self.airflow = airflow
        self.path = f"/dags/{dag_id}/dagRuns/{run_id}"
        self.task = f"{self.path}/taskInstances/load"

    def kill(self):
        os.kill(self.airflow.request("GET", self.task)["pid"], signal.SIGKILL)

    def mark_failed(self):
        self.airflow.request("PATCH", self.task, {"new_state": "failed"})

    def clear(self):
        self.airflow.request("POST", f"{self.path}/clear", {"dry_run": False})


@pytest.fixture
def held_load(airflow, trigger, faults, landing, new_table):
    """Start a run whose COPY is held: ``held_load("copy_faulty", "append", moment)`` returns it and its table."""

    def start(dag_id, write_disposition, moment):
        for key, value in ROWS:
            landing.upload_blob(f"in/{key}.csv", f"{key},{value}\n")
        table = new_table("k int NOT NULL, v varchar(8) NOT NULL")
        files = f"https://lake.blob.core.windows.net/{landing.container_name}/in/"
        hold = faults.hold(
            moment=moment, text=rf"^COPY INTO .*{'airflow_load' if write_disposition == 'replace' else ''}"
        )
        run_id = trigger(dag_id, {"table": table, "files": files, "write_disposition": write_disposition})
        faults.wait_until_held(hold, timeout=120)
        return Load(airflow, dag_id, run_id), table

    return start


@pytest.fixture
def rows(pool_connection):
    return lambda table: [tuple(row) for row in pool_connection.execute(f"SELECT k, v FROM {table} ORDER BY k")]


def is_over(tries):
    return lambda task: task["try_number"] >= tries and task["state"] in {"success", "failed"}


@pytest.mark.parametrize("moment", [RUNNING, COMMITTED])
@pytest.mark.parametrize("write_disposition", ["append", "replace"])
def test_a_killed_worker(held_load, rows, wait_for, write_disposition, moment):
    load, table = held_load("copy_faulty", write_disposition, moment)

    load.kill()

    assert wait_for(load.task, is_over(2))["state"] == "success"
    assert rows(table) == ROWS


@pytest.mark.parametrize("dag_id", ["copy_faulty", "copy_faulty_deferred"])
@pytest.mark.parametrize("moment", [RUNNING, COMMITTED])
def test_a_running_task_that_is_cleared(held_load, rows, wait_for, dag_id, moment):
    load, table = held_load(dag_id, "append", moment)

    load.clear()

    assert wait_for(load.task, is_over(2))["state"] == "success"
    assert rows(table) == ROWS


@pytest.mark.parametrize("dag_id", ["copy_faulty", "copy_faulty_deferred"])
def test_a_task_that_is_marked_failed_and_then_cleared(held_load, rows, wait_for, dag_id):
    load, table = held_load(dag_id, "append", COMMITTED)
    load.mark_failed()

    load.clear()

    assert wait_for(load.task, is_over(2))["state"] == "success"
    assert rows(table) == ROWS


@pytest.mark.parametrize("moment", [RUNNING, COMMITTED])
def test_a_triggerer_that_is_killed_and_started_again(airflow, held_load, rows, wait_for, moment):
    load, table = held_load("copy_faulty_deferred", "append", moment)

    with airflow.without("triggerer"):
        pass

    assert wait_for(load.task, is_over(1))["state"] == "success"
    assert rows(table) == ROWS


def test_a_run_that_succeeded_and_is_cleared(faults, held_load, rows, wait_for):
    load, table = held_load("copy_faulty", "append", RUNNING)
    faults.release()
    assert wait_for(load.task, is_over(1))["state"] == "success"

    load.clear()

    assert wait_for(load.task, is_over(2))["state"] == "success"
    assert rows(table) == ROWS
