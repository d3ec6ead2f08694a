"""A load that a real triggerer runs."""

import sqlite3
from contextlib import closing

import airflow as installed_airflow
import pytest
from cryptography.fernet import Fernet
from packaging.version import Version

from airflow_synapse.local.flights import flights_by_day
from airflow_synapse.secret import Secret

STATUS = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = ?"


@pytest.fixture
def faults(workspace):
    yield workspace.sql_pool.faults
    workspace.sql_pool.faults.clear()


@pytest.fixture
def held_load(trigger, faults):
    """Start the DAG and hold its COPY: returns the run's id once the triggerer has sent it."""
    fault = faults.hold(text="COPY INTO .*deferred")
    run_id = trigger("copy_deferred")
    faults.wait_until_held(fault, timeout=120)
    return run_id


def test_a_deferred_load_gives_up_its_worker_and_stores_nothing_secret(
    airflow, workspace, faults, held_load, wait_for_run, xcom
):
    path = f"/dags/copy_deferred/dagRuns/{held_load}/taskInstances/load"
    assert airflow.request("GET", path)["state"] == "deferred"
    with closing(sqlite3.connect(f"file:{airflow.home / 'airflow.db'}?mode=ro", uri=True)) as database:
        ((class_path, arguments),) = database.execute("SELECT classpath, kwargs FROM trigger").fetchall()
        everything = "".join(database.iterdump())
    if not arguments.startswith("{"):  # encrypted
        arguments = Fernet(airflow.environment["AIRFLOW__CORE__FERNET_KEY"]).decrypt(arguments.encode()).decode()
    assert class_path == "airflow_synapse.triggers.copy_load.SynapseCopyTrigger"
    assert "dbo.deferred" in arguments
    stored = everything + arguments
    secrets = [Secret(workspace.storage.key("lake").reveal())]
    secrets.append(Secret(workspace.connections()["synapse_default"]["password"]))
    assert not [form for secret in secrets for form in secret.encodings() if form in stored]
    assert "sig=" not in stored

    faults.release()

    assert wait_for_run("copy_deferred", held_load) == "success"
    result = xcom("copy_deferred", held_load, "load")
    assert result["rows_loaded"] == flights_by_day(1)["2013-01-01"].count(b"\n") - 1


@pytest.mark.skipif(
    Version(installed_airflow.__version__) < Version("3.3"), reason="Airflow tells triggers of a kill since 3.3"
)
def test_a_deferred_load_that_is_marked_failed_is_cancelled_in_the_pool(airflow, held_load, wait_for, pool_connection):
    path = f"/dags/copy_deferred/dagRuns/{held_load}/taskInstances/load"

    airflow.request("PATCH", path, {"new_state": "failed"})

    wait_for(path, lambda _: pool_connection.execute(STATUS, held_load).fetchval() == "Cancelled")
