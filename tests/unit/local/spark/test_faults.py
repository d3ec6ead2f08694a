import pytest

from airflow_synapse.local.fault_control import FaultControl, fault_commands
from airflow_synapse.local.faults import Faults
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.spark.faults import MOMENTS_OF, SparkFault, SparkFaultClient


@pytest.fixture
def client():
    control = FaultControl(fault_commands(Faults(), SparkFault))
    yield SparkFaultClient(control.port)
    control.close()


def test_each_fault_has_a_method_and_the_moment_of_its_action(client):
    for method in (client.unavailable, client.throttle, client.drop, client.hold, client.die, client.lie):
        method(name="load_*", times=2)
    client.delay(1.5)

    listed = client.listed()
    assert {fault["action"] for fault in listed} == set(MOMENTS_OF)
    assert all(fault["moment"] in MOMENTS_OF[fault["action"]] for fault in listed)
    assert [(fault["label"], fault["times"]) for fault in listed[:-1]] == [("load_*", 2)] * 6
    assert listed[-1]["seconds"] == 1.5


def test_drop_happens_after_the_request_was_done_unless_told_otherwise(client):
    client.drop()
    client.drop(moment="before")

    assert [fault["moment"] for fault in client.listed()] == ["after", "before"]


def test_a_moment_that_the_action_has_not_is_refused(client):
    with pytest.raises(WorkspaceError, match="hold acts queued, not before"):
        client.command("add", action="hold", moment="before")


def test_an_action_of_the_sql_pool_is_refused(client):
    with pytest.raises(WorkspaceError, match="one of unavailable, throttle"):
        client.command("add", action="outlive")


def test_clear_removes_every_fault(client):
    client.hold()

    client.clear()

    assert client.listed() == []
