"""A DAG that a real triggerer starts when rejected rows appear."""

import airflow as installed_airflow
import pytest
from packaging.version import Version

DAG_ID = "example_rejected_rows_event"
EVENTS = "/assets/events?limit=100"


@pytest.fixture(scope="module")
def reject(lake, days):
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


@pytest.fixture(scope="module")
def first(reject):
    """The folder of the first load."""
    return reject("first")


@pytest.fixture(scope="module")
def run(airflow, first, wait_for):
    """The run that it starts."""
    airflow.wait_for_dag(DAG_ID)
    airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
    return wait_for(f"/dags/{DAG_ID}/dagRuns", lambda answer: answer["dag_runs"])["dag_runs"][0]["dag_run_id"]


def reported(answer):
    """The folders that the events of watched assets tell of."""
    payloads = [event["extra"]["payload"] for event in answer["asset_events"] if event["extra"].get("from_trigger")]
    return [folder["path"] for payload in payloads for folder in payload["folders"]]


def test_rejected_rows_start_a_run_that_gets_their_report(run, first, wait_for_run, xcom):
    assert wait_for_run(DAG_ID, run) == "success"
    (report, *_) = xcom(DAG_ID, run, "tell")
    assert {each["path"]: each["rows"] for each in report["folders"]}[first] == 2


@pytest.mark.skipif(
    Version(installed_airflow.__version__) < Version("3.3"), reason="Airflow keeps the state of assets since 3.3"
)
def test_the_next_triggerer_reports_only_what_is_new(airflow, run, first, reject, wait_for):
    with airflow.without("triggerer"):
        second = reject("second")

    answer = wait_for(EVENTS, lambda answer: second in reported(answer))

    assert reported(answer).count(first) == 1
