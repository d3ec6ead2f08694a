"""A DAG that a real triggerer starts when rejected rows appear."""

import pytest

DAG_ID = "example_rejected_rows_event"
EVENTS = "/assets/events?limit=100"


@pytest.fixture
def reject(lake):
    """Put the rejected rows of a load where the DAG looks for them: ``reject("load")`` returns their folder."""
    landing, names = lake.get_container_client("landing"), []

    def put(load):
        folder = f"rejects/flights/{load}/_rejectedrows/20130131-000000"
        for suffix, content in {"Error.Txt": b"no number in row 7\n" * 2, "Row.Txt": b"1,NA\n2,NA\n"}.items():
            names.append(f"{folder}/QID1_1_1.{suffix}")
            landing.upload_blob(names[-1], content)
        return folder

    yield put
    for name in names:
        landing.delete_blob(name)


def reported(answer):
    """The folders that the events of watched assets tell of."""
    payloads = [event["extra"]["payload"] for event in answer["asset_events"] if event["extra"].get("from_trigger")]
    return [folder["path"] for payload in payloads for folder in payload["folders"]]


def test_rejected_rows_start_a_run_with_their_report_and_are_reported_once(
    airflow, days, reject, wait_for, wait_for_run, xcom
):
    airflow.wait_for_dag(DAG_ID)
    airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
    first = reject("first")

    runs = wait_for(f"/dags/{DAG_ID}/dagRuns", lambda answer: answer["dag_runs"])["dag_runs"]

    assert wait_for_run(DAG_ID, runs[0]["dag_run_id"]) == "success"
    (report, *_) = xcom(DAG_ID, runs[0]["dag_run_id"], "tell")
    assert {each["path"]: each["rows"] for each in report["folders"]}[first] == 2

    with airflow.without("triggerer"):
        second = reject("second")
    answer = wait_for(EVENTS, lambda answer: second in reported(answer))

    assert reported(answer).count(first) == 1
