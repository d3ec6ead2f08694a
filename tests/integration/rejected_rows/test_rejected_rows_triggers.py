"""The triggers that wait for rejected rows, on the real emulator: one client for all, each row once."""

import asyncio
import json
import logging
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from storage_proxy import Fault

from airflow_synapse.exceptions import SourceFilesError
from airflow_synapse.execution.rejected_rows_watch import RejectedRowsWatch, look
from airflow_synapse.hooks import blob_listing
from airflow_synapse.hooks.blob_listing import open_lister
from airflow_synapse.rejected_rows.reported import Reported
from airflow_synapse.triggers import rejected_rows
from airflow_synapse.triggers.rejected_rows import RejectedRowsSensorTrigger, RejectedRowsTrigger

ROWS = {"QID1_1_1.Error.Txt": b"no number in row 1\n", "QID1_1_1.Row.Txt": b"1,NA\n"}
LISTING = {"contains": "comp=list"}


class Store:
    """Stands where the state store of the asset is, which keeps JSON."""

    def __init__(self):
        self.kept = {}

    async def aget(self, key):
        return json.loads(self.kept.get(key, "null"))

    async def aset(self, key, value):
        self.kept[key] = json.dumps(value)


@pytest.fixture
def watcher(lake_hook, location):
    """A trigger for a watched asset."""

    def create(store=None, **arguments):
        trigger = RejectedRowsTrigger(
            error_file=location.url,
            storage_conn_id="lake",
            **{"quiet_seconds": 0, "poke_interval": 0.05, **arguments},
        )
        trigger.asset_state_store = store
        return trigger

    return create


@pytest.fixture
def waiting(location):
    """A trigger for a sensor that waits for the folder of a load, with a number."""

    def create(number, storage_conn_id="lake", poke_interval=0.05):
        watch = RejectedRowsWatch(folder=f"{location.url}-{number}", storage_conn_id=storage_conn_id)
        reported = Reported().to_json()
        return RejectedRowsSensorTrigger(
            watch=watch.to_json(), reported=reported, begin=reported, poke_interval=poke_interval
        )

    return create


def put_all(put, time):
    for name, content in ROWS.items():
        put(name, content, time)


async def payloads(trigger, count, between=lambda: None):
    """What a trigger says, so often; ``between`` is called after each but the last."""
    async with aclosing(trigger.run()) as events:
        found = [(await anext(events)).payload]
        while len(found) < count:
            between()
            found.append((await anext(events)).payload)
    return found


def run(work):
    return asyncio.run(asyncio.wait_for(work, 60))


async def listed(location, storage_conn_id="lake"):
    async with open_lister(storage_conn_id) as lister:
        return (await lister.list_files(location, location.path)).files


def test_each_event_has_the_rows_that_none_before_had(watcher, put):
    put_all(put, "20260131-000000")
    first, second = run(payloads(watcher(), 2, lambda: put_all(put, "20260131-000001")))
    assert [each["path"][-15:] for each in first["folders"]] == ["20260131-000000"]
    assert [each["path"][-15:] for each in second["folders"]] == ["20260131-000001"]


def test_a_triggerer_goes_on_where_the_one_before_ended(watcher, put, monkeypatch):
    monkeypatch.setattr(rejected_rows, "_HANDING_OVER", 0.1)
    store = Store()

    async def first():
        async with aclosing(watcher(store).run()) as events:
            await anext(events)
            resumed = asyncio.ensure_future(anext(events))  # the triggerer has taken the event, and asks for the next
            while not store.kept:
                await asyncio.sleep(0.01)
            resumed.cancel()
            await asyncio.wait([resumed])

    put_all(put, "20260131-000000")
    run(first())
    put_all(put, "20260131-000001")
    (event,) = run(payloads(watcher(store), 1))
    assert [each["path"][-15:] for each in event["folders"]] == ["20260131-000001"]


def test_an_event_that_was_not_taken_comes_again(watcher, put):
    store = Store()
    put_all(put, "20260131-000000")
    assert run(payloads(watcher(store), 1)) == run(payloads(watcher(store), 1))


def test_an_event_that_the_triggerer_took_but_may_not_have_handed_over_comes_again(watcher, put):
    store = Store()

    async def first():
        async with aclosing(watcher(store).run()) as events:
            await anext(events)
            resumed = asyncio.ensure_future(anext(events))
            await asyncio.sleep(1)  # Airflow's loop hands over once a second
            resumed.cancel()
            await asyncio.wait([resumed])

    put_all(put, "20260131-000000")
    run(first())
    assert run(payloads(watcher(store), 1))[0]["rows"] == 1


def test_a_watcher_outlives_whatever_is_wrong_with_the_account(watcher, put, storage_proxy):
    put_all(put, "20260131-000000")
    storage_proxy.faults.append(Fault(status=404, code="ContainerNotFound", **LISTING, times=2))
    assert run(payloads(watcher(), 1))[0]["rows"] == 1


def test_a_watcher_can_leave_out_what_is_old(watcher, put):
    put_all(put, "20260131-000000")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(payloads(watcher(newer_than=later), 1), 1))


def test_a_shared_folder_is_listed_by_the_months_that_may_be_new(watcher, put, storage_proxy):
    since = datetime.now(UTC) - timedelta(minutes=1)
    put_all(put, f"{datetime.now(UTC):%Y%m%d-%H%M%S}")
    run(payloads(watcher(newer_than=since.isoformat(), error_file_per_load=False), 1))
    prefixes = {listing["prefix"] for listing in storage_proxy.listings}
    assert f"load/_rejectedrows/{since:%Y%m}" in prefixes
    assert all(len(prefix) == len("load/_rejectedrows/202601") for prefix in prefixes)


def test_the_folder_of_a_load_is_listed_with_one_request_at_every_look(lake_hook, location, container, storage_proxy):
    watch = RejectedRowsWatch(folder=location.url, storage_conn_id="lake")
    before_the_turn_of_a_month = Reported(datetime.now(UTC) - timedelta(days=31))

    async def look_twice():
        async with open_lister("lake") as lister:
            for reported in (Reported(), before_the_turn_of_a_month):
                await look(lister, watch, reported)

    run(look_twice())
    assert [listing["prefix"] for listing in storage_proxy.listings] == ["load/_rejectedrows/"] * 2
    assert len(storage_proxy.requests) == 2


def test_a_thousand_sensors_share_one_session_and_read_the_connection_once(
    lake_hook, waiting, storage_proxy, monkeypatch, container
):
    sessions, authorizations = [], []
    open_session, authorize = blob_listing._open_session, blob_listing._authorize
    monkeypatch.setattr(blob_listing, "_open_session", lambda: sessions.append(open_session()) or sessions[-1])
    monkeypatch.setattr(blob_listing, "_authorize", lambda *args: authorizations.append(args) or authorize(*args))

    async def all_wait():
        tasks = [
            asyncio.ensure_future(payloads(waiting(number, poke_interval=30 * (number > 20)), 1))
            for number in range(1000)
        ]
        while len(storage_proxy.requests) < 40:
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run(all_wait())
    assert (len(sessions), len(authorizations)) == (1, 1)
    assert sessions[0].closed


def test_a_folder_of_more_than_a_page_is_listed_whole(lake_hook, location, container, storage_proxy, monkeypatch):
    for number in range(5):
        container.upload_blob(f"load/{number} é", b"x" * number)
    real = blob_listing._authorize

    def with_small_pages(*arguments):
        authorization = real(*arguments)
        return replace(authorization, url=f"{authorization.url}&maxresults=2")

    monkeypatch.setattr(blob_listing, "_authorize", with_small_pages)
    files = run(listed(location))
    assert [(file.name, file.size) for file in files] == [(f"load/{number} é", number) for number in range(5)]
    assert len(storage_proxy.requests) == 3


def test_what_stands_for_a_folder_is_not_listed(lake_hook, location, container):
    container.upload_blob("load/folder", b"", metadata={"hdi_isfolder": "true"})
    container.upload_blob("load/file", b"")
    assert [file.name for file in run(listed(location))] == ["load/file"]


def test_after_retry_after_all_of_a_connection_wait(lake_hook, location, container, storage_proxy, monkeypatch):
    storage_proxy.faults.append(Fault(status=503, code="ServerBusy", times=1, headers={"Retry-After": "1"}))

    async def ask_twice():
        async with open_lister("lake") as lister:
            with pytest.raises(SourceFilesError) as caught:
                await lister.list_files(location, "load")
            assert caught.value.retryable
            begin = asyncio.get_running_loop().time()
            await lister.list_files(location, "load")
            return asyncio.get_running_loop().time() - begin

    assert run(ask_twice()) > 0.9


@pytest.mark.parametrize("status", [429, 500, None])
def test_what_passes_is_an_error_that_may_pass(lake_hook, location, container, storage_proxy, status):
    storage_proxy.faults.append(Fault(status=status, code="Trouble", **LISTING))
    with pytest.raises(SourceFilesError, match="cannot be read with connection 'lake'") as caught:
        run(listed(location))
    assert caught.value.retryable
    assert caught.value.__context__ is None


def sas_of(azurite, container, expiry):
    return generate_container_sas(
        "lake",
        container.container_name,
        account_key=azurite.key("lake").reveal(),
        permission=ContainerSasPermissions(read=True, list=True),
        start=datetime.now(UTC) - timedelta(hours=2),
        expiry=datetime.now(UTC) + expiry,
    )


def test_an_expired_sas_ends_a_sensor_with_one_error_that_shows_no_token(
    azurite, container, waiting, storage_proxy, new_connection
):
    sas = sas_of(azurite, container, -timedelta(hours=1))
    new_connection("by_sas", conn_type="wasb", host=storage_proxy.endpoint, extra={"sas_token": sas})
    (event,) = run(payloads(waiting(1, "by_sas"), 1))
    assert event["error"]["message"].startswith(
        f"Container {container.container_name!r} of 'lake' cannot be read with connection 'by_sas': 403 "
    )
    assert sas.partition("sig=")[2][:20] not in json.dumps(event)
    assert not event["error"]["attributes"]["retryable"]


def test_a_sas_that_was_renewed_is_found(azurite, container, location, storage_proxy, new_connection, put):
    put_all(put, "20260131-000000")

    def connect(sas):
        new_connection("by_sas", conn_type="wasb", host=storage_proxy.endpoint, extra={"sas_token": sas})

    async def renewed():
        async with open_lister("by_sas") as lister:
            with pytest.raises(SourceFilesError):
                await lister.list_files(location, "load")
            connect(sas_of(azurite, container, timedelta(hours=1)))
            return await lister.list_files(location, "load")

    connect(sas_of(azurite, container, -timedelta(hours=1)))
    assert len(run(renewed()).files) == 2


def test_nothing_secret_is_stored_with_a_trigger_or_logged(azurite, watcher, waiting, put, caplog):
    caplog.set_level(logging.INFO)
    put_all(put, "20260131-000000")
    run(payloads(watcher(), 1))
    stored = json.dumps([watcher().serialize(), waiting(1).serialize()])
    for form in azurite.key("lake").encodings():
        assert form not in stored + caplog.text
    assert "sig=" not in stored + caplog.text
    assert "http_logging_policy" not in caplog.text
