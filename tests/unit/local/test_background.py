"""A start that takes long: a download, in whose place the tests hold the lock of the installation."""

import signal
import subprocess
import sys
import time

import pytest

from airflow_synapse.local.background import is_running
from airflow_synapse.local.home import locked

COMMAND = [sys.executable, "-m", "airflow_synapse.local"]


@pytest.fixture
def starting(tmp_path):
    """A process of ``up`` whose workspace is not ready, and does not get ready."""
    with locked(tmp_path / "azurite.lock", wait=True):
        up = subprocess.Popen([*COMMAND, "up", "--home", tmp_path], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not (tmp_path / "workspace.pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield up
        up.send_signal(signal.SIGINT)
        up.communicate()


def test_down_ends_a_start(starting, tmp_path):
    down = subprocess.run([*COMMAND, "down", "--home", tmp_path], capture_output=True, text=True, check=False)
    assert (down.stdout, down.returncode) == ("The workspace is down.\n", 0)
    assert starting.wait(10) == 1
    assert not is_running(tmp_path)


def test_ctrl_c_ends_a_start(starting, tmp_path):
    starting.send_signal(signal.SIGINT)
    output = starting.communicate(timeout=30)[1]
    assert starting.returncode == 130
    assert "Traceback" not in output
    assert not is_running(tmp_path)


def test_a_start_says_at_once_where_its_progress_is(starting, tmp_path):
    assert str(tmp_path / "workspace.log") in starting.stderr.readline()
