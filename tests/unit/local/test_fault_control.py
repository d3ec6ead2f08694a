"""The control port and its client, against a pool in memory."""

import http.client

import pytest

from airflow_synapse.local.fault_client import FaultClient
from airflow_synapse.local.fault_control import FaultControl, sql_pool_commands
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.pool import Pool, PoolConfiguration


@pytest.fixture
def pool():
    configured = Pool(PoolConfiguration("sqlpool"))
    yield configured
    configured.close()


@pytest.fixture
def client(pool):
    control = FaultControl(sql_pool_commands(pool))
    yield FaultClient(control.port)
    control.close()


def test_faults_are_added_listed_and_cleared(client):
    numbers = [
        client.drop(moment="committed", label="load_*"),
        client.delay(1.5, text="^COPY", times=3),
        client.hold(),
        client.outlive(),
    ]
    listed = client.listed()
    assert [fault["number"] for fault in listed] == numbers
    assert [fault["action"] for fault in listed] == ["drop", "delay", "hold", "outlive"]
    assert listed[0] | {"moment": "committed", "label": "load_*", "text": None} == listed[0]
    assert listed[1] | {"seconds": 1.5, "text": "^COPY", "times": 3, "moment": "running"} == listed[1]
    assert client.release() == 0
    client.clear()
    assert client.listed() == []


def test_the_pool_is_paused_and_resumed(client, pool):
    client.pause()
    assert pool.availability.paused
    client.resume(warm_up_logins=1)
    assert not pool.availability.paused


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("burn", {}), ("add", {"action": "burn"}), ("add", {"colour": "red"}), ("refuse_logins", {})],
)
def test_a_command_that_cannot_be_run_is_refused(client, command, arguments):
    with pytest.raises(WorkspaceError, match="cannot be run"):
        client.command(command, **arguments)


def test_a_page_in_a_browser_cannot_set_faults(client):
    connection = http.client.HTTPConnection("127.0.0.1", client.port)
    connection.request("POST", "/", '{"command": "pause"}', {"Content-Type": "text/plain"})
    assert connection.getresponse().status == 415
    connection.close()


def test_a_wait_for_a_held_statement_ends(client):
    number = client.hold()
    with pytest.raises(WorkspaceError, match="holds nothing"):
        client.wait_until_held(number, timeout=0)


def test_nobody_listens(pool):
    control = FaultControl(sql_pool_commands(pool))
    control.close()
    with pytest.raises(WorkspaceError, match="does not answer"):
        FaultClient(control.port).pause()
