"""How long the trigger of a load waits. What it loads: tests/integration/test_deferred_loads.py."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync

from airflow_synapse.triggers import copy_load
from airflow_synapse.triggers.copy_load import SynapseCopyTrigger

RECORD = {"loaded": None, "attempts": []}
TIMED_OUT = {"timed_out": True, "record": RECORD, "copy_statement": "COPY"}


@pytest.fixture
def trigger():
    return SynapseCopyTrigger(
        arguments={},
        identity={"dag_id": "d", "task_id": "t", "run_id": "r"},
        try_number=1,
        record=RECORD,
        has_store=True,
        known={"copy_statement": "COPY"},
        deadline=(datetime.now(UTC) + timedelta(seconds=0.1)).isoformat(),
    )


async def event_of(trigger):
    return (await anext(trigger.run())).payload


def test_a_load_that_waits_for_its_turn_ends_at_its_deadline(trigger, monkeypatch):
    async def run():
        copy_load._SLOTS[asyncio.get_running_loop()] = asyncio.Semaphore(0)
        return await event_of(trigger)

    assert asyncio.run(run()) == TIMED_OUT


def test_a_load_that_does_not_end_when_it_is_cancelled_is_given_up(trigger, monkeypatch):
    is_over = threading.Event()
    load = SimpleNamespace(
        run=lambda: is_over.wait(60), time_out=lambda: None, given_up=lambda: {"timed_out": True, "record": RECORD}
    )
    monkeypatch.setattr(SynapseCopyTrigger, "_prepare", lambda self: load)
    monkeypatch.setattr(copy_load, "_ENDING_SECONDS", 0.1)
    try:
        assert asyncio.run(event_of(trigger)) == TIMED_OUT
    finally:
        is_over.set()


def test_what_a_load_asks_of_airflow_is_asked_on_the_event_loop(trigger, monkeypatch):
    """Airflow before 3.3 does so by asgiref; elsewhere its triggerer would end with \"Response read out of order\"."""
    asked_on = []

    async def ask():
        asked_on.append(asyncio.get_running_loop())

    def run():
        async_to_sync(ask)()
        return {"record": RECORD}

    monkeypatch.setattr(SynapseCopyTrigger, "_prepare", lambda self: SimpleNamespace(run=run))

    async def scenario():
        await event_of(trigger)
        return asked_on == [asyncio.get_running_loop()]

    assert asyncio.run(scenario())
