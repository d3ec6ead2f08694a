"""A DAG that a real triggerer starts when rejected rows appear."""

import time

import airflow as installed_airflow
import pytest
from packaging.version import Version

from airflow_synapse.local.home import WorkspaceError

DAG_ID = "example_rejected_rows_event"
EVENTS = "/assets/events?limit=100"
SECONDS_FOR_AN_EVENT = 300
#: What a trigger has reported it remembers only once Airflow has the event for sure.
SECONDS_TO_REMEMBER = 6
#: Airflow keeps the state of assets since 3.3; an older one's triggerer begins again.
KEEPS_STATE = Version(installed_airflow.__version__) >= Version("3.3")


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
def wait_for_events(airflow):
    """Ask for the events of assets until the answer is right, and return it."""

    def wait(is_right):
        deadline = time.monotonic() + SECONDS_FOR_AN_EVENT
        while time.monotonic() < deadline:
            try:
                answer = airflow.request("GET", EVENTS)
            except WorkspaceError as error:
                # Airflow 3.3 cannot show the event of a run that has no start yet.
                if ": 500 " not in str(error):
                    raise
            else:
                if is_right(answer):
                    return answer
            time.sleep(0.25)
        pytest.fail("The event does not come.")

    return wait


@pytest.fixture(scope="module")
def run(airflow, first, wait_for_events):
    """The run that is told of it; rejected rows of other tests may have started one before."""
    airflow.wait_for_dag(DAG_ID)
    airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
    return runs_told_of(first, wait_for_events(lambda answer: runs_told_of(first, answer)))[0]


def reported(event):
    """The folders that an event of a watched asset tells of."""
    return [folder["path"] for folder in event["extra"]["payload"]["folders"]]


def events(answer):
    """The events of watched assets."""
    return [event for event in answer["asset_events"] if event["extra"].get("from_trigger")]


def runs_told_of(folder, answer):
    """The runs that events of a folder have started."""
    return [run["run_id"] for event in events(answer) if folder in reported(event) for run in event["created_dagruns"]]


def test_rejected_rows_start_a_run_that_gets_their_report(run, first, wait_for_run, xcom):
    assert wait_for_run(DAG_ID, run) == "success"
    folders = [folder for report in xcom(DAG_ID, run, "tell") for folder in report["folders"]]
    assert {folder["path"]: folder["rows"] for folder in folders}[first] == 2


def test_the_next_triggerer_reports_only_what_is_new_if_airflow_can_remember(
    airflow, run, first, reject, wait_for_events
):
    time.sleep(SECONDS_TO_REMEMBER)
    with airflow.without("triggerer"):
        second = reject("second")

    answer = wait_for_events(lambda answer: [event for event in events(answer) if second in reported(event)])

    assert len([event for event in events(answer) if first in reported(event)]) == (1 if KEEPS_STATE else 2)
