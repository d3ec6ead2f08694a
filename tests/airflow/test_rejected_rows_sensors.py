"""Sensors for rejected rows in a real Airflow."""

import pytest

DAG_ID = "rejected_rows_sensors"
WAITING = {"poke": "running", "reschedule": "up_for_reschedule", "deferred": "deferred"}


@pytest.fixture(scope="module")
def run_id(airflow, lake, days, trigger, wait_for, wait_for_run):
    """The ended run of the DAG, whose sensors have waited before there were rejected rows."""
    run_id = trigger(DAG_ID, {"day": days[0]})
    for task_id, state in WAITING.items():
        path = f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}"
        wait_for(path, lambda task, state=state: task["state"] == state)
    folder = f"watched/{run_id.replace(':', '-')}/_rejectedrows/20130131-000000"
    landing = lake.get_container_client("landing")
    landing.upload_blob(f"{folder}/QID1_1_1.Error.Txt", b"no number in row 7\n" * 2)
    landing.upload_blob(f"{folder}/QID1_1_1.Row.Txt", b"1,NA\n2,NA\n")
    assert wait_for_run(DAG_ID, run_id) == "success"
    return run_id


def test_all_ways_to_wait_return_the_same_report(run_id, xcom):
    reports = [xcom(DAG_ID, run_id, way) for way in WAITING]
    assert reports[0]["rows"] == 2
    assert reports == [reports[0]] * 3


def test_the_rejected_rows_of_a_load_are_measured_by_the_rows_that_it_loaded(run_id, xcom):
    loaded, report = xcom(DAG_ID, run_id, "load"), xcom(DAG_ID, run_id, "check")
    assert report["rows"] == loaded["rows_rejected"] > 0
    assert report["ratio"] == report["rows"] / (report["rows"] + loaded["rows_loaded"])
