"""The demonstration on an Airflow whose database is locked, and beside another demonstration."""

import signal
import time

import pytest

from airflow_synapse.local import demo
from airflow_synapse.local.home import HOME_VARIABLE, WorkspaceError, locked

LOCKED = 'POST /backfills: 503 {"detail":"Database is locked. Backfill creation is not supported on SQLite."}'


class Answers:
    """Stands where Airflow is: it answers a backfill with these errors, then with success."""

    url = "http://127.0.0.1:1"

    def __init__(self, *errors):
        self.errors = list(errors)
        self.backfills = 0

    def wait_for_dag(self, dag_id):
        """It is there."""

    def request(self, method, path, body=None):
        if path == "/backfills":
            if self.errors:
                raise WorkspaceError(self.errors.pop(0))
            self.backfills += 1
        return {"dag_runs": [{"state": "success"}]}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    seconds = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


def test_a_backfill_is_asked_for_again_while_the_database_is_locked(waits):
    airflow = Answers(LOCKED, LOCKED)
    assert demo.backfill(airflow, ["2013-01-01"]) == [{"state": "success"}]
    assert (airflow.backfills, len(waits)) == (1, 2)


def test_a_database_that_stays_locked_ends_the_demonstration():
    with pytest.raises(WorkspaceError, match="locked"):
        demo.backfill(Answers(*[LOCKED] * 100), ["2013-01-01"])


def test_another_error_is_not_repeated(waits):
    with pytest.raises(WorkspaceError, match="409"):
        demo.backfill(Answers("POST /backfills: 409 running"), ["2013-01-01"])
    assert waits == []


def test_the_folder_of_a_running_demonstration_is_left_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # that of pytest stays
    (tmp_path / "ui" / "airflow").mkdir(parents=True)
    with locked(tmp_path / "ui.lock", wait=False):
        assert demo.main(["--ui"]) == 1
    assert (tmp_path / "ui" / "airflow").exists()
    assert capsys.readouterr().err.startswith("Another demonstration runs")
