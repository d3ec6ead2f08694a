"""Batches that a trigger waits for: real triggers against the local Spark pool."""

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.serde import deserialize, serialize

from airflow_synapse.exceptions import SparkPoolError
from airflow_synapse.execution.load_event import error_of
from airflow_synapse.hooks import async_livy
from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.spark.batch import BatchRequest, BatchStatus
from airflow_synapse.triggers.spark_batch import SparkBatchTrigger

_names = (f"deferred-{number}" for number in itertools.count(1))


@pytest.fixture
def hook(spark_pool, new_connection):
    new_connection("spark", **{**spark_pool.connection, "extra": json.dumps(spark_pool.connection["extra"])})
    return SynapseSparkPoolHook("spark")


@pytest.fixture
def new_batch(hook, upload_job):
    """Submit a batch and return its status; it is cancelled after the test."""
    submitted = []

    def submit():
        name = next(_names)
        submitted.append(hook.submit(BatchRequest(name=name, file=upload_job("print('done')"))))
        return hook.status(submitted[-1])

    yield submit
    for batch_id in submitted:
        hook.cancel(batch_id)


@pytest.fixture
def held(spark_pool):
    """No batch begins."""
    spark_pool.faults.hold(times=100)


def trigger_for(batch, **arguments):
    """Return the trigger as a triggerer makes it of what is in Airflow's database."""
    trigger = SparkBatchTrigger(
        **{
            "spark_conn_id": "spark",
            "spark_pool": None,
            "name": batch.name,
            "batch_id": batch.batch_id,
            "poll_interval": 0.2,
            **arguments,
        }
    )
    row = json.dumps([serialize(part) for part in trigger.serialize()])
    path, kept = json.loads(row)
    assert path == "airflow_synapse.triggers.spark_batch.SparkBatchTrigger"
    return SparkBatchTrigger(**{name: deserialize(value) for name, value in kept.items()})


async def event_of(trigger):
    async with asyncio.timeout(60):
        (event,) = [event async for event in trigger.run()]
    return json.loads(json.dumps(event.payload))


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.05)


def test_a_batch_that_is_over_is_reported(new_batch, spark_pool):
    spark_pool.faults.die()
    batch = new_batch()
    status = BatchStatus.from_json(asyncio.run(event_of(trigger_for(batch)))["status"])
    assert (status.state, status.name, status.batch_id) == ("dead", batch.name, batch.batch_id)


@pytest.mark.usefixtures("held")
def test_a_triggerer_that_ends_leaves_the_batch_to_the_next_one(new_batch, hook, caplog):
    caplog.set_level("INFO")
    batch = new_batch()

    def looks():
        return caplog.text.count(f"{batch.name!r}: state not_started")

    async def story():
        first = asyncio.create_task(event_of(trigger_for(batch)))
        await until(lambda: looks() == 1)
        first.cancel()  # as a triggerer does that ends, or hands its triggers over
        await asyncio.wait({first})
        assert hook.status(batch.batch_id).state == "not_started"
        second = asyncio.create_task(event_of(trigger_for(batch)))
        await until(lambda: looks() == 2)
        await asyncio.to_thread(hook.cancel, batch.batch_id)
        return await second

    assert asyncio.run(story())["status"]["state"] == "killed"


@pytest.mark.usefixtures("held")
def test_a_kill_cancels_exactly_that_batch(new_batch, hook):
    batch, other = new_batch(), new_batch()
    asyncio.run(trigger_for(batch).on_kill())
    assert hook.status(batch.batch_id).state == "killed"
    assert hook.status(other.batch_id).state == "not_started"


@pytest.mark.usefixtures("held")
def test_a_kill_can_leave_the_batch_alone(new_batch, hook):
    batch = new_batch()
    asyncio.run(trigger_for(batch, cancel_on_kill=False).on_kill())
    assert hook.status(batch.batch_id).state == "not_started"


@pytest.mark.usefixtures("held")
def test_a_batch_that_takes_too_long_is_cancelled(new_batch, hook):
    batch = new_batch()
    deadline = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    event = asyncio.run(event_of(trigger_for(batch, deadline=deadline, poll_interval=60)))
    known = {"name": batch.name, "batch_id": batch.batch_id, "deadline": deadline}
    assert event == {**known, "timed_out": True}
    assert hook.status(batch.batch_id).state == "killed"


@pytest.mark.usefixtures("held")
def test_errors_that_pass_are_waited_out_and_cancel_nothing(new_batch, hook, spark_pool):
    batch = new_batch()
    spark_pool.faults.drop(request="get", times=6)  # more than the client repeats by itself

    async def story():
        waiting = asyncio.create_task(event_of(trigger_for(batch)))
        await until(lambda: not any(fault["action"] == "drop" for fault in spark_pool.faults.listed()))
        assert not waiting.done()
        await asyncio.to_thread(hook.cancel, batch.batch_id)
        return await waiting

    assert asyncio.run(story())["status"]["state"] == "killed"


@pytest.mark.usefixtures("held")
def test_a_pool_that_refuses_ends_the_wait_and_leaves_the_batch(new_batch, hook, new_connection, spark_pool):
    batch = new_batch()
    fields = spark_pool.connection
    new_connection("spark", **{**fields, "password": "another-s3cret", "extra": json.dumps(fields["extra"])})
    event = asyncio.run(event_of(trigger_for(batch)))
    error = error_of(event)
    assert isinstance(error, SparkPoolError)
    assert not error.retryable
    assert "another-s3cret" not in json.dumps(event)
    assert hook.status(batch.batch_id).state == "not_started"


def test_a_connection_that_became_wrong_is_reported(new_batch, new_connection):
    new_connection("spark", conn_type="azure_synapse")
    batch = BatchStatus(batch_id=0, name="x", state="running")
    assert "names no Spark pool" in str(error_of(asyncio.run(event_of(trigger_for(batch)))))
    asyncio.run(trigger_for(batch).on_kill())


@pytest.mark.usefixtures("held")
def test_the_triggers_of_a_connection_share_one_client_and_the_last_one_closes_it(new_batch, hook, monkeypatch):
    batches = [new_batch() for _ in range(4)]

    def users():
        return [client.users for clients in async_livy._CLIENTS.values() for client in clients.values()]

    async def story():
        waits = [asyncio.create_task(event_of(trigger_for(batch))) for batch in batches for _ in range(3)]
        await until(lambda: users() == [12])
        for batch in batches:
            await asyncio.to_thread(hook.cancel, batch.batch_id)
        return [event["status"]["state"] for event in await asyncio.gather(*waits)]

    with monkeypatch.context() as patch:
        closed = []
        close = async_livy.AsyncLivyClient.close
        patch.setattr(async_livy.AsyncLivyClient, "close", lambda client: closed.append(client) or close(client))
        assert asyncio.run(story()) == ["killed"] * 12
    assert len(closed) == 1


def test_nothing_secret_is_in_the_database(hook):
    hook.settings  # noqa: B018 - reads the connection
    _, arguments = trigger_for(BatchStatus(batch_id=0, name="x", state="running")).serialize()
    assert arguments == {
        "spark_conn_id": "spark",
        "spark_pool": None,
        "name": "x",
        "batch_id": 0,
        "poll_interval": 0.2,
        "deadline": None,
        "cancel_on_kill": True,
    }
