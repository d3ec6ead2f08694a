"""SynapseRejectedRowsSensor on the real emulator: in a worker and deferred, with the same arguments and answers."""

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferred
from storage_proxy import Fault

from airflow_synapse.load.result import LoadResult
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor
from airflow_synapse.version_compat import AirflowFailException, AirflowSkipException

BUSY = {"status": 503, "code": "ServerBusy", "contains": "comp=list"}
REJECTS = Asset("rejects")


class Store(dict):
    """Stands where the state store of an asset is, which keeps JSON."""

    def __getitem__(self, asset):
        assert asset == REJECTS
        return self

    def set(self, key, value):
        super().update({key: json.dumps(value)})

    def get(self, key):
        return json.loads(super().get(key, "null"))


class Requests(list):
    """A list that tells of each request."""

    def __init__(self, tell):
        super().__init__()
        self._tell = tell

    def append(self, request):
        super().append(request)
        self._tell(*request)


def event_of(trigger, timeout):
    """What a trigger says first, in a triggerer that got it from the database."""
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    trigger = getattr(import_module(module), name)(**json.loads(json.dumps(arguments)))

    async def first():
        async with aclosing(trigger.run()) as events:
            return (await anext(events)).payload

    try:
        return json.loads(json.dumps(asyncio.run(asyncio.wait_for(first(), timeout.total_seconds()))))
    except TimeoutError:
        raise AirflowSensorTimeout from None  # which the sensor makes of Airflow's own


@pytest.fixture(params=["poke", "deferred"])
def run(request, lake_hook, location):
    """Run a sensor for the folder ``load``, and return what it returns."""

    def start(context=None, **arguments):
        if "load_result" not in arguments:
            arguments.setdefault("error_file", location.url)
        sensor = SynapseRejectedRowsSensor(
            task_id="rejected",
            storage_conn_id="lake",
            poke_interval=0.05,
            **{"timeout": 60, "quiet_seconds": 0, **arguments},
            deferrable=request.param == "deferred",
        )
        try:
            return sensor.execute(context or {})
        except TaskDeferred as deferred:
            arguments = {"event": event_of(deferred.trigger, deferred.timeout)}
            return sensor.resume_execution(deferred.method_name, arguments, context or {})

    return start


@pytest.fixture
def reject(put):
    """Write a pair with so many rows: ``reject(3, time="20260131-000000")``."""

    def write(rows, time="20260131-000000", name="QID1_1_1"):
        put(f"{name}.Error.Txt", b"".join(b"no number in row %d\n" % row for row in range(rows)), time)
        put(f"{name}.Row.Txt", b"".join(b"%d,NA\n" % row for row in range(rows)), time)

    return write


@pytest.fixture
def load_result(location):
    """What a load has returned, that loaded 8 rows."""
    return LoadResult(table="[dbo].[flights]", label="load", rows_loaded=8, reject_folder=location.url).to_json()


def test_rejected_rows_are_reported(run, reject):
    reject(3)
    report = run()
    assert (report["rows"], report["files"]) == (3, 2)
    assert [each["rows"] for each in report["reasons"]] == [3]


def test_rejected_rows_that_come_later_are_waited_for(run, reject, storage_proxy):
    waiting = []

    def come(method, url):
        waiting.append(url)
        if len(waiting) == 3:
            reject(2)

    storage_proxy.requests = Requests(come)
    assert run()["rows"] == 2
    assert len(waiting) >= 3


def test_the_folder_of_a_load_gives_the_ratio_to_its_rows(run, reject, load_result):
    reject(2)
    assert run(load_result=load_result)["ratio"] == 0.2
    assert run(load_result=json.dumps(load_result))["ratio"] == 0.2


def test_a_path_is_in_the_container_that_is_named(run, reject, location):
    reject(1)
    assert run(error_file="/load", container=location.container)["rows"] == 1


def test_no_rejected_rows_are_an_answer_at_once_where_none_are_expected(run, load_result, storage_proxy):
    assert run(load_result=load_result, expect="none")["rows"] == 0
    assert len(storage_proxy.requests) == 1


def test_a_load_without_a_folder_that_rejected_nothing_needs_no_look(run, load_result, storage_proxy):
    report = run(load_result={**load_result, "reject_folder": None, "rows_rejected": 0}, expect="none")
    assert report["rows"] == 0
    assert not storage_proxy.requests


def test_rejected_rows_whose_files_are_gone_are_no_success(run, reject, load_result):
    reject(2)
    for expect in ("some", "none"):
        with pytest.raises(AirflowFailException, match=r"rejected 3 rows, but https://.*/load holds 2: files were rem"):
            run(load_result={**load_result, "rows_rejected": 3}, expect=expect, on_breach="succeed")


def test_rejected_rows_of_a_load_that_has_none_are_not_waited_for(run, load_result, storage_proxy):
    with pytest.raises(AirflowFailException, match=r"nothing to wait for. Give expect=\"none\""):
        run(load_result={**load_result, "rows_rejected": 0})
    assert not storage_proxy.requests


def test_empty_files_are_no_rejected_rows(run, put, load_result):
    put("QID1_1_1.Row.Txt", b"")
    put("QID1_1_1.Error.Txt", b"")
    assert run(load_result=load_result, expect="none")["rows"] == 0
    with pytest.raises(AirflowSensorTimeout):
        run(timeout=0.5)


@pytest.mark.parametrize(
    ("arguments", "breach"),
    [
        ({"expect": "none"}, "max_rejected_rows=0"),
        ({"expect": "none", "max_rejected_rows": "2"}, None),
        ({"max_rejected_rows": 1}, "max_rejected_rows=1"),
        ({"max_rejected_rows": 2}, None),
        ({"max_rejected_ratio": 0.19}, "max_rejected_ratio=0.19"),
        ({"expect": "none", "max_rejected_ratio": "0.2"}, None),
    ],
)
def test_what_is_beyond_a_threshold_fails_without_retry(run, reject, load_result, arguments, breach):
    reject(2)
    if breach is None:
        assert run(load_result=load_result, **arguments)["rows"] == 2
        return
    with pytest.raises(AirflowFailException, match=rf"^2 of 10 rows \(20 %\) were rejected, more than {breach} allows"):
        run(load_result=load_result, **arguments)
    with pytest.raises(AirflowSkipException, match="were rejected"):
        run(load_result=load_result, on_breach="skip", **arguments)
    with pytest.raises(AirflowSkipException, match="soft_fail"):
        run(load_result=load_result, soft_fail=True, **arguments)
    assert run(load_result=load_result, on_breach="succeed", **arguments)["rows"] == 2


def test_rows_that_nobody_can_count_are_beyond_every_threshold(run, put, load_result):
    put("QID1_1_1", b"1,NA\n")
    for arguments in ({"expect": "none"}, {"max_rejected_rows": 100}, {"max_rejected_ratio": 1}):
        with pytest.raises(AirflowFailException, match="were rejected, and 1 files hold rows that cannot be counted"):
            run(load_result=load_result, **arguments)


def test_rows_that_are_older_do_not_count(run, reject):
    reject(1)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert run(expect="none", newer_than=later)["rows"] == 0
    earlier = datetime.now(UTC) - timedelta(hours=1)
    assert run(newer_than=earlier)["rows"] == 1
    assert run(newer_than=str(earlier.replace(tzinfo=None)))["rows"] == 1


def test_loads_that_write_to_folders_of_their_own_are_found_below_the_shared_one(run, container):
    for load in ("a", "b"):
        container.upload_blob(f"load/{load}/_rejectedrows/20260131-000000/QID1_1_1.Row.Txt", b"1,NA\n")
    container.upload_blob("load/c/other.csv", b"1\n2\n")
    report = run()
    assert (report["rows"], report["files"]) == (2, 2)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("is_shared", [True, False])
def test_the_folder_may_be_the_whole_container(run, container, slash, is_shared):
    folder = "load/" if is_shared else ""
    container.upload_blob(f"{folder}_rejectedrows/20260131-000000/QID1_1_1.Row.Txt", b"1,NA\n")
    url = f"https://lake.blob.core.windows.net/{container.container_name}{slash}"
    assert run(expect="none", max_rejected_rows=1, error_file=url, error_file_per_load=is_shared)["rows"] == 1


def test_a_folder_that_is_being_written_is_not_reported_before_it_is_quiet(run, reject):
    reject(1)
    begin = datetime.now(UTC)
    assert run(quiet_seconds=3, expect="none", max_rejected_rows=5)["rows"] == 1
    assert datetime.now(UTC) - begin > timedelta(seconds=1.5)


def test_what_was_reported_of_an_asset_is_not_reported_again(run, reject):
    context = {"asset_state_store": Store()}
    reject(1)
    assert run(context, inlets=[REJECTS])["rows"] == 1
    assert run(context, inlets=[REJECTS], expect="none")["rows"] == 0
    reject(2, time="20260131-000001")
    assert run(context, outlets=[REJECTS])["rows"] == 2
    assert run(context, outlets=[REJECTS], expect="none", error_file_per_load=False)["rows"] == 0


def test_what_a_task_instance_has_said_it_says_again_when_it_is_retried_or_cleared(run, reject):
    of_asset, kept = Store(), {}
    task_store = SimpleNamespace(get=kept.get, set=lambda key, value, retention: kept.update({key: value}))
    context = {"asset_state_store": of_asset, "task_state_store": task_store}
    reject(1)
    for _ in range(2):
        with pytest.raises(AirflowFailException, match="1 rows were rejected, more"):
            run(context, inlets=[REJECTS], expect="none")
    assert run({"asset_state_store": of_asset}, inlets=[REJECTS], expect="none")["rows"] == 0


def test_rows_that_are_older_do_not_count_either_where_others_were_reported(run, reject):
    context = {"asset_state_store": Store()}
    reject(1)
    assert run(context, inlets=[REJECTS])["rows"] == 1
    reject(2, time="20260131-000001")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert run(context, inlets=[REJECTS], expect="none", newer_than=later)["rows"] == 0


def test_of_the_folder_of_a_load_the_same_is_said_again(run, reject, load_result):
    context = {"asset_state_store": Store()}
    reject(1)
    assert run(context, inlets=[REJECTS], load_result=load_result)["rows"] == 1
    assert run(context, inlets=[REJECTS], load_result=load_result)["rows"] == 1


def test_an_account_that_is_busy_is_looked_at_again(run, reject, storage_proxy):
    reject(1)
    storage_proxy.faults.append(Fault(**BUSY, times=2))
    assert run()["rows"] == 1


def test_a_container_that_is_removed_fails_the_task_at_once(run, container):
    container.delete_container()
    with pytest.raises(AirflowFailException, match=f"{container.container_name}.*404 ContainerNotFound"):
        run()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"error_file": None}, "either error_file or load_result"),
        ({"error_file": "https://lake.blob.core.windows.net/x/y", "load_result": {}}, "either error_file or"),
        ({"error_file": "/rejects"}, "give its container"),
        ({"error_file": "abfss://lake/x"}, "ERRORFILE"),
        ({"load_result": {"rows_loaded": 1}}, "give the load an error_file"),
        ({"load_result": "{'a': 1}"}, "tojson"),
        ({"expect": "any"}, "one of 'some', 'none'"),
        ({"on_breach": "warn"}, "one of 'fail', 'skip', 'succeed'"),
        ({"newer_than": "yesterday"}, "point in time"),
        ({"max_rejected_ratio": 0.5}, "give load_result"),
        ({"max_rejected_rows": "few"}, "number of rows"),
        ({"sample_rows": "ten"}, "sample_rows is 'ten'"),
        ({"quiet_seconds": "soon"}, "quiet_seconds is 'soon'"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_asked(run, storage_proxy, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        run(**arguments)
    assert not storage_proxy.requests
