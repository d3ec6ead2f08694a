"""A real Airflow, with the example DAGs and those in ``dags/``, connected to the workspace."""

import shutil
import time
from pathlib import Path

import pytest

from airflow_synapse.local.airflow import Airflow
from airflow_synapse.local.demo import backfill, upload_flights

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "example_dags"
SECONDS_FOR_A_RUN = 300


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.airflow)


@pytest.fixture(scope="session")
def days(workspace):
    """The days whose flights are in the container ``landing``."""
    return upload_flights(workspace, 3)


@pytest.fixture(scope="session")
def airflow(spark_workspace, days, tmp_path_factory):
    """Airflow's four components; see :class:`airflow_synapse.local.airflow.Airflow`."""
    workspace = spark_workspace
    folder = tmp_path_factory.mktemp("airflow")
    for source in (EXAMPLES, HERE / "dags", HERE.parent / "faults" / "dags"):
        shutil.copytree(source, folder / "dags", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    with Airflow(folder / "home", folder / "dags", environment=workspace.environment) as running:
        for connection_id, connection in workspace.connections().items():
            running.add_connection(connection_id, connection)
        yield running


@pytest.fixture(scope="session")
def backfill_runs(airflow, days):
    """The ended runs of ``example_copy_flights`` for the days, by day.

    For the whole session: Airflow closes a backfill up to 30 s after its last run, and takes no other before.
    """
    return {run["logical_date"][:10]: run for run in backfill(airflow, days)}


@pytest.fixture(scope="session")
def trigger(airflow):
    """Start a run: ``trigger("dag_id", {"key": "value"})`` returns its id."""

    def start(dag_id, configuration=None):
        airflow.wait_for_dag(dag_id)
        airflow.request("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        body = {"logical_date": None, "conf": configuration or {}}
        return airflow.request("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"]

    return start


@pytest.fixture(scope="session")
def wait_for(airflow):
    """Ask until an answer is right: ``wait_for("/dags/...", lambda answer: ...)`` returns it."""

    def wait(path, is_right):
        deadline = time.monotonic() + SECONDS_FOR_A_RUN
        while not is_right(answer := airflow.request("GET", path)):
            assert time.monotonic() < deadline, f"{path} still is {answer}"
            time.sleep(0.25)
        return answer

    return wait


@pytest.fixture(scope="session")
def wait_for_run(wait_for):
    """Wait until a run has ended, and return its state."""

    def wait(dag_id, run_id):
        path = f"/dags/{dag_id}/dagRuns/{run_id}"
        return wait_for(path, lambda run: run["state"] in {"success", "failed"})["state"]

    return wait


@pytest.fixture(scope="session")
def xcom(airflow):
    """Return the value that a task returned."""

    def get(dag_id, run_id, task_id, map_index=-1):
        return airflow.returned(dag_id, run_id, task_id, map_index=map_index)

    return get
