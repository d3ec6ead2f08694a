"""Deferred and killed loads: real triggers, Microsoft's driver, the local pool and Azurite."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import deserialize, serialize

from airflow_synapse.copy import ManagedIdentity, SharedAccessSignature
from airflow_synapse.exceptions import CopyOutcomeUnknownError, StatementCancelledError
from airflow_synapse.hooks.statement_thread import StatementThread
from airflow_synapse.local.faults import COMMITTED
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.secret import Secret
from airflow_synapse.triggers.copy_load import SynapseCopyTrigger
from airflow_synapse.version_compat import AirflowFailException, AirflowSkipException, AirflowTaskTimeout

_runs = itertools.count(1)


@pytest.fixture
def faults(workspace):
    """What the pool does wrong; nothing any more after the test."""
    yield workspace.sql_pool.faults
    workspace.sql_pool.faults.clear()


@pytest.fixture
def statuses(pool_connection):
    """Return the statuses of the requests with a label, in the order of their submission."""

    def ask(label):
        query = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = ? ORDER BY submit_time"
        return [row[0] for row in pool_connection.execute(query, label).fetchall()]

    return ask


class Task:
    """A task instance: its operator, its context, and what Airflow keeps for it."""

    def __init__(self, **arguments):
        self.kept = {}
        self.arguments = arguments
        self.try_number = 1
        self.run_id = f"scheduled__{next(_runs)}"
        self.operator = self._operator()

    def _operator(self):
        return SynapseCopyOperator(task_id="load", **self.arguments)

    @property
    def context(self):
        task_instance = SimpleNamespace(
            dag_id="deferred", task_id="load", run_id=self.run_id, map_index=-1, try_number=self.try_number
        )
        store = SimpleNamespace(get=self.kept.get, set=lambda key, value, retention: self.kept.update({key: value}))
        return {"ti": task_instance, "dag_run": SimpleNamespace(clear_number=0), "task_state_store": store}

    def run(self):
        """Run the task to its end, in the worker or deferred."""
        if not self.arguments.get("deferrable"):
            return self.operator.execute(self.context)
        self.defer()
        return self.complete(asyncio.run(event_of(self.trigger())))

    def defer(self):
        """Run the worker until it defers, and keep what Airflow's database would."""
        with pytest.raises(TaskDeferred) as caught:
            self.operator.execute(self.context)
        deferral = caught.value
        self.trigger_row = json.dumps([serialize(part) for part in deferral.trigger.serialize()])
        self.next_method = deferral.method_name

    def trigger(self):
        """Return the trigger as a triggerer makes it."""
        _, arguments = json.loads(self.trigger_row)
        return SynapseCopyTrigger(**{name: deserialize(value) for name, value in arguments.items()})

    def complete(self, event):
        """Resume the task, in a worker that knows nothing of the first one."""
        self.operator = self._operator()
        resume = getattr(self.operator, self.next_method)
        return resume(self.context, event=json.loads(json.dumps(event)))


async def event_of(trigger):
    (event,) = [event async for event in trigger.run()]
    return event.payload


@pytest.fixture
def new_task(connections, flights, table):
    """Make a task: ``new_task(max_errors=0)``. In ``external_locations``, ``{container}`` is that of the flights."""

    def make(**arguments):
        options = {
            "table": table,
            "external_locations": "https://lake.blob.core.windows.net/{container}/in/",
            "storage_conn_id": "lake",
            "file_type": "CSV",
            "first_row": 2,
            "row_terminator": "0x0A",
            "max_errors": 1,
            "error_file": "/rejects",
            "deferrable": True,
            **arguments,
        }
        location = options.pop("external_locations").format(container=flights.container_name)
        return Task(external_locations=location, **options)

    return make


CASES = {
    "rows are loaded": {},
    "through a staging table": {"write_disposition": "replace"},
    "too many rejects": {"max_errors": 0},
    "no such table": {"table": "dbo.nowhere"},
    "no file": {"external_locations": "https://lake.blob.core.windows.net/{container}/none/"},
    "no container": {"external_locations": "https://lake.blob.core.windows.net/nowhere/in/"},
    "wrong option": {"first_row": "two"},
    "another account": {"external_locations": "https://elsewhere.blob.core.windows.net/{container}/in/"},
    "a credential without a secret": {"credential": ManagedIdentity()},
    "a default that is a decimal": {
        "columns": ["id", "carrier", {"name": "delay", "default": 7}],
        "write_disposition": "truncate",
    },
}


def outcome_of(task):
    """Return what a task returns or raises, without what differs between any two runs."""
    try:
        result = task.run()
    except Exception as error:
        return type(error), type(error.__cause__), str(error).split(" with label")[0], task.operator.copy_statement
    for name in ("seconds", "request_id", "label", "reject_folder"):
        assert result.pop(name) is not None
    report = result["rejected_rows_report"]
    assert all(folder.pop("path") for folder in report["folders"])
    return result


@pytest.mark.parametrize("arguments", CASES.values(), ids=CASES)
def test_plain_and_deferred_loads_end_in_the_same_way(new_task, rows, pool_connection, table, arguments):
    plain = outcome_of(new_task(**arguments, deferrable=False, request_label="same"))
    loaded = rows()
    pool_connection.execute(f"TRUNCATE TABLE {table}")
    task = new_task(**arguments, request_label="same")
    try:
        deferred = outcome_of(task)
    except BaseException as error:  # pytest's own: it was not deferred
        deferred = type(error.__context__)
    if isinstance(plain, tuple):
        plain, deferred = plain[:3], deferred[:3]
    assert deferred == plain
    assert rows() == loaded


@pytest.mark.parametrize(
    ("on_empty", "expected"), [("fail", AirflowFailException), ("skip", AirflowSkipException), ("succeed", None)]
)
@pytest.mark.parametrize("deferrable", [False, True], ids=["plain", "deferred"])
def test_no_file_fails_skips_or_succeeds(new_task, rows, on_empty, expected, deferrable):
    nowhere = "https://lake.blob.core.windows.net/{container}/none/"
    task = new_task(external_locations=nowhere, on_empty=on_empty, deferrable=deferrable)
    if expected:
        with pytest.raises(expected, match="There is no file to load"):
            task.run()
    else:
        result = task.run()
        assert (result["rows_loaded"], result["files"], result["request_id"]) == (0, 0, None)
    assert rows() == []


def test_the_row_of_the_trigger_and_its_event_hold_nothing_secret(new_task, workspace):
    task = new_task()
    task.defer()
    key = Secret(workspace.storage.key("lake").reveal())
    password = Secret(workspace.connections()["synapse_default"]["password"])
    stored = task.trigger_row + json.dumps([task.kept, asyncio.run(event_of(task.trigger()))])
    assert "SECRET = '***'" in stored
    assert "sig=" not in stored
    assert not [form for secret in (key, password) for form in secret.encodings() if form in stored]


def test_a_credential_with_a_secret_is_not_deferred(new_task):
    task = new_task(credential=SharedAccessSignature(token=Secret("sv=1&sig=sentinel")))
    with pytest.raises(AirflowFailException, match="name that in storage_conn_id, or set deferrable=False") as caught:
        task.operator.execute(task.context)
    assert "sentinel" not in str(caught.value)


def test_the_statement_stays_shown_when_the_task_is_resumed(new_task):
    task = new_task()
    task.run()
    assert "COPY INTO" in task.operator.copy_statement


TRIGGERER = """
import asyncio, json, sys
from airflow.sdk.serde import deserialize
from airflow_synapse.triggers.copy_load import SynapseCopyTrigger

async def main():
    _, arguments = json.loads(sys.argv[1])
    trigger = SynapseCopyTrigger(**{name: deserialize(value) for name, value in arguments.items()})
    async for event in trigger.run():
        print(json.dumps(event.payload))

asyncio.run(main())
"""


def start(script, *arguments):
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen([sys.executable, "-c", script, *arguments], env=environment, stdout=subprocess.PIPE)


def kill_while_held(faults, fault, process, signal_number):
    try:
        faults.wait_until_held(fault, timeout=60)
        process.send_signal(signal_number)
    finally:
        process.kill()
        process.communicate()


def test_a_triggerer_that_dies_while_copy_runs_takes_up_the_same_copy(new_task, faults, rows, statuses, caplog):
    caplog.set_level("INFO")
    label = "survives its triggerer"
    task = new_task(request_label=label)
    task.defer()
    faults.outlive(label=label)
    fault = faults.hold(label=label)
    process = start(TRIGGERER, task.trigger_row)
    kill_while_held(faults, fault, process, signal.SIGKILL)

    async def restarted():
        event = asyncio.create_task(event_of(task.trigger()))
        await asyncio.wait_for(until(lambda: "Waiting for the COPY of an earlier try" in caplog.text), 30)
        faults.release()
        return await event

    result = task.complete(asyncio.run(restarted()))
    assert (result["rows_loaded"], len(rows())) == (3, 3)
    assert statuses(label) == ["Completed"]


def test_a_triggerer_that_begins_again_writes_rejected_rows_to_a_folder_of_its_own(new_task, faults, rows):
    label = "rejects of two triggerers"
    task = new_task(write_disposition="replace", max_rejected_rows=1, request_label=label)
    task.defer()
    fault = faults.hold(label=label, moment=COMMITTED)  # the rejected rows are written
    process = start(TRIGGERER, task.trigger_row)
    kill_while_held(faults, fault, process, signal.SIGKILL)
    faults.clear()
    result = task.complete(asyncio.run(event_of(task.trigger())))
    assert (result["rows_loaded"], result["rows_rejected"], len(rows())) == (3, 1, 3)


def test_a_triggerer_that_dies_after_the_commit_and_a_pool_that_forgets_end_in_an_unknown_outcome(
    new_task, faults, rows
):
    task = new_task()
    task.defer()
    asyncio.run(event_of(task.trigger()))
    faults.forget_requests()
    with pytest.raises(AirflowFailException, match="nothing shows what became of it") as caught:
        task.complete(asyncio.run(event_of(task.trigger())))
    assert isinstance(caught.value.__cause__, CopyOutcomeUnknownError)
    assert len(rows()) == 3


def test_a_retry_finds_what_the_trigger_of_the_try_before_has_loaded(new_task, rows):
    task = new_task()
    task.defer()
    asyncio.run(event_of(task.trigger()))  # its event is lost with the try
    task.try_number = 2
    result = task.run()
    assert (result["rows_loaded"], len(rows())) == (3, 3)


def test_the_record_of_the_trigger_reaches_the_store(new_task, faults, rows):
    task = new_task()
    task.run()
    faults.forget_requests()
    task.try_number = 2
    result = task.run()
    assert (result["rows_loaded"], len(rows())) == (3, 3)


async def while_held(faults, fault, trigger, action):
    """Run a trigger until the pool holds its statement, and then an action with it."""
    running = asyncio.create_task(event_of(trigger))
    await asyncio.to_thread(faults.wait_until_held, fault)
    return await action(running)


async def kill_as_airflow_does(trigger, running):
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await trigger.on_kill()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.05)


@pytest.fixture
def other_table(new_table):
    """A table for a load beside the one that is killed: a pool lets one COPY at a time write to a table."""
    return new_table("id int, carrier varchar(2), delay int")


def test_killing_a_deferred_load_cancels_its_statement_and_no_other(new_task, faults, rows, statuses, other_table):
    first, second = new_task(request_label="kill this"), new_task(request_label="kill not this", table=other_table)
    first.defer()
    second.defer()
    held_first, held_second = faults.hold(label="kill this"), faults.hold(label="kill not this")

    async def scenario():
        other = asyncio.create_task(event_of(second.trigger()))
        await asyncio.to_thread(faults.wait_until_held, held_second)
        trigger = first.trigger()
        await while_held(faults, held_first, trigger, lambda running: kill_as_airflow_does(trigger, running))
        await asyncio.wait_for(until(lambda: statuses("kill this") == ["Cancelled"]), 10)
        faults.release()
        return await other

    assert second.complete(asyncio.run(scenario()))["rows_loaded"] == 3
    assert statuses("kill not this") == ["Completed"]
    assert rows() == []


@pytest.mark.parametrize("ends", ["by a user", "with the triggerer"])
def test_copy_goes_on_where_it_is_not_to_be_cancelled(new_task, faults, statuses, ends):
    label = f"goes on {ends}"
    task = new_task(request_label=label, cancel_on_kill=False)
    task.defer()
    fault = faults.hold(label=label)

    async def scenario():
        trigger = task.trigger()

        async def end(running):
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            if ends == "by a user":
                await trigger.on_kill()
            await trigger.cleanup()

        await while_held(faults, fault, trigger, end)
        assert statuses(label) == ["Running"]
        faults.release()
        await asyncio.wait_for(until(lambda: statuses(label) == ["Completed"]), 10)

    asyncio.run(scenario())


def test_execution_timeout_cancels_a_deferred_load(new_task, faults, rows, statuses):
    label = "takes too long"
    task = new_task(request_label=label, execution_timeout=timedelta(seconds=8))
    task.defer()
    faults.hold(label=label)
    with pytest.raises(AirflowTaskTimeout):
        task.complete(asyncio.run(event_of(task.trigger())))
    assert statuses(label) == ["Cancelled"]
    assert rows() == []


WORKER = """
import json, signal, sys
from types import SimpleNamespace
from airflow_synapse.operators.copy import SynapseCopyOperator

task = SynapseCopyOperator(task_id="load", **json.loads(sys.argv[1]))
signal.signal(signal.SIGTERM, lambda number, frame: task.on_kill())  # as Airflow's task runner does
ti = SimpleNamespace(dag_id="killed", task_id="load", run_id=sys.argv[2], map_index=-1, try_number=1)
task.execute({"ti": ti, "dag_run": SimpleNamespace(clear_number=0)})
"""


@pytest.mark.parametrize("disposition", ["append", "replace"])
def test_sigterm_cancels_the_statement_of_a_worker_and_leaves_nothing(
    new_task, faults, rows, statuses, pool_connection, disposition
):
    label = f"killed in the worker: {disposition}"
    task = new_task(request_label=label, deferrable=False, write_disposition=disposition)
    fault = faults.hold(label=label)
    process = start(WORKER, json.dumps(task.arguments), task.run_id)
    faults.wait_until_held(fault, timeout=60)
    process.terminate()
    process.communicate(timeout=5)
    assert process.returncode == 1
    assert statuses(label) == ["Cancelled"]
    assert rows() == []
    assert pool_connection.execute("SELECT name FROM sys.tables WHERE name LIKE 'airflow_load_%'").fetchall() == []


def test_a_statement_that_ignores_its_cancel_ends_with_its_session(
    new_task, faults, monkeypatch, rows, statuses, other_table
):
    label = "does not listen"
    monkeypatch.setattr(StatementThread, "_cancel_cursor", lambda self: None)
    task, other = new_task(request_label=label), new_task(request_label="beside", table=other_table)
    task.defer()
    other.defer()
    fault, other_fault = faults.hold(label=label), faults.hold(label="beside")

    async def scenario():
        beside = asyncio.create_task(event_of(other.trigger()))
        await asyncio.to_thread(faults.wait_until_held, other_fault)
        trigger = task.trigger()
        running = asyncio.create_task(event_of(trigger))
        await asyncio.to_thread(faults.wait_until_held, fault)
        await trigger.on_kill()
        event = await running
        assert not beside.done()
        faults.release()
        return event, await beside

    event, other_event = asyncio.run(scenario())
    with pytest.raises((StatementCancelledError, AirflowFailException)):
        task.complete(event)
    assert statuses(label)[0] in {"Cancelled", "Failed"}
    assert other.complete(other_event)["rows_loaded"] == 3
    assert rows() == []


def test_progress_is_logged_while_copy_runs(new_task, faults, caplog, flights):
    caplog.set_level("INFO")
    label = "shows its progress"
    faults.delay(1.5, label=label)
    task = new_task(request_label=label, deferrable=False, progress_interval=0.3)
    task.run()
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("progress_reporter")]
    assert any(line.startswith("QID") and "Running" in line for line in lines)
