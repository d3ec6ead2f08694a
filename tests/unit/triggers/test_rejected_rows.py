"""What a DAG author sees of the trigger for rejected rows; what it does is tested on the real emulator."""

import inspect
import json

import pytest
from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.triggers.rejected_rows import RejectedRowsTrigger

FOLDER = "https://lake.blob.core.windows.net/landing/rejects"


def test_an_asset_can_watch_with_it():
    trigger = RejectedRowsTrigger(error_file=FOLDER, storage_conn_id="lake")
    assert isinstance(trigger, BaseEventTrigger)
    (watcher,) = Asset("rejects", watchers=[AssetWatcher(name="rejects", trigger=trigger)]).watchers
    assert watcher.trigger is not None


def test_every_argument_is_stored_as_json_and_tells_triggers_apart():
    values = {
        "error_file": FOLDER,
        "storage_conn_id": "lake",
        "error_file_per_load": False,
        "newer_than": "2026-11-22T00:00:00+00:00",
        "quiet_seconds": 1.5,
        "sample_rows": 0,
        "poke_interval": 2.5,
    }
    assert values.keys() == inspect.signature(RejectedRowsTrigger).parameters.keys()
    assert json.loads(json.dumps(RejectedRowsTrigger(**values).serialize()[1])) == values


@pytest.mark.parametrize("url", ["/rejects", "https://example.com/rejects", "{{ folder }}", None])
def test_what_is_no_url_of_a_storage_account_is_refused_where_the_dag_is_written(url):
    with pytest.raises(CopyOptionError, match="ERRORFILE"):
        RejectedRowsTrigger(error_file=url, storage_conn_id="lake")


@pytest.mark.parametrize(
    "argument",
    [
        {"newer_than": "today"},
        {"quiet_seconds": -1},
        {"sample_rows": "ten"},
        {"poke_interval": 0},
        {"poke_interval": -1},
        {"poke_interval": "soon"},
    ],
    ids=str,
)
def test_other_arguments_that_are_wrong_are_refused_there_too(argument):
    with pytest.raises(CopyOptionError, match=f"^{next(iter(argument))} is "):
        RejectedRowsTrigger(error_file=FOLDER, storage_conn_id="lake", **argument)


def test_numbers_may_be_texts():
    numbers = {"quiet_seconds": "60", "sample_rows": "10", "poke_interval": "60"}
    stored = RejectedRowsTrigger(error_file=FOLDER, storage_conn_id="lake", **numbers).serialize()[1]
    assert {name: stored[name] for name in numbers} == {"quiet_seconds": 60, "sample_rows": 10, "poke_interval": 60}
