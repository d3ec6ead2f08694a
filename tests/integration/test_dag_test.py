"""Deferred tasks in ``dag.test()``, as people debug a DAG: a trigger's event is all that Airflow hands on there."""

import subprocess
import sys

import pytest

from airflow_synapse.local.airflow import airflow_environment, free_port

DAG_FILE = """
import os

from airflow.sdk import DAG

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

CONTAINER = "https://lake.blob.core.windows.net/" + os.environ["CONTAINER"]

with DAG("debugged", schedule=None) as dag:
    load = SynapseCopyOperator(
        task_id="load",
        table=os.environ["TABLE"],
        external_locations=CONTAINER + "/in/",
        storage_conn_id="lake",
        first_row=2,
        row_terminator="\\n",
        max_errors=1,
        error_file="/rejects",
        deferrable=True,
    )
    wait = SynapseRejectedRowsSensor(
        task_id="wait",
        error_file=CONTAINER + "/rejects",
        storage_conn_id="lake",
        quiet_seconds=3,  # after which the trigger has something to report
        poke_interval=0.5,
        deferrable=True,
    )
    load >> wait

if __name__ == "__main__":
    print("state:", dag.test().state)
"""


@pytest.mark.usefixtures("connections")
def test_deferred_tasks_go_on_in_dag_test(flights, table, rows, tmp_path, monkeypatch):
    dag_file = tmp_path / "dags" / "debugged.py"
    dag_file.parent.mkdir()
    dag_file.write_text(DAG_FILE)
    settings = airflow_environment(tmp_path / "home", dag_file.parent, port=free_port(), parallelism=1)
    for name, value in {**settings, "CONTAINER": flights.container_name, "TABLE": table}.items():
        monkeypatch.setenv(name, value)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], capture_output=True, check=True)

    done = subprocess.run([sys.executable, dag_file], capture_output=True, text=True, check=True)

    assert "state: success" in done.stdout, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("Trigger completed") == 2
    assert [row[0] for row in rows()] == [1, 2, 4]
