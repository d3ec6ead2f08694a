"""The operators for rejected rows, where there is none: neither the pool nor the storage account is asked."""

import json

import pytest
from airflow.sdk import Asset
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_synapse.operators.rejected_rows_to_files import RejectedRowsToFilesOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.version_compat import AirflowFailException

NOTHING = {"reject_folder": None, "rows_rejected": 0, "label": "load"}


@pytest.fixture
def to_table():
    def build(**arguments):
        return RejectedRowsToTableOperator(task_id="load", table="dbo.rejected", storage_conn_id="lake", **arguments)

    return build


@pytest.fixture
def to_files():
    def build(**arguments):
        return RejectedRowsToFilesOperator(task_id="load", folder="/again", storage_conn_id="lake", **arguments)

    return build


def test_every_template_field_is_an_attribute_and_every_renderer_names_one(to_table, to_files):
    for task in (to_table(), to_files()):
        assert all(hasattr(task, name) for name in task.template_fields)
        assert set(task.template_fields_renderers) <= set(task.template_fields)


def test_a_load_that_rejected_nothing_has_nothing_for_a_table(to_table, context):
    result = to_table(load_result=NOTHING).execute(context)
    assert (result["table"], result["rows_loaded"], result["rows_rejected"]) == ("[dbo].[rejected]", 0, 0)
    assert result["label"].startswith("airflow: flights.load manual__1")
    assert to_table(load_result=NOTHING, request_label="mine").execute(context)["label"] == "mine"
    assert json.loads(json.dumps(result)) == result


def test_the_events_of_assets_carry_the_result(to_table, context):
    rejected, events = Asset("rejected"), OutletEventAccessors()
    result = to_table(load_result=NOTHING, outlets=[rejected]).execute({**context, "outlet_events": events})
    assert events[rejected].extra == result


def test_a_load_that_rejected_nothing_has_nothing_to_copy(to_files):
    result = to_files(load_result=json.dumps(NOTHING)).execute({})
    assert result == {"folder": "/again", "files": 0, "rows": 0, "bytes": 0}


@pytest.mark.parametrize("operator", ["to_table", "to_files"])
def test_arguments_that_name_no_folder_fail_the_task_for_good(request, operator, context):
    task = request.getfixturevalue(operator)()
    with pytest.raises(AirflowFailException, match="either error_file or load_result"):
        task.execute(context)


def test_a_folder_that_is_no_text_is_refused_by_its_name(to_files, new_connection):
    new_connection("lake", conn_type="wasb", login="lake", password="c2VjcmV0")
    task = to_files(error_file="https://lake.blob.core.windows.net/landing/rejects")
    task.folder = 20130101
    with pytest.raises(AirflowFailException, match="folder is no text: a int"):
        task.execute({})


def test_a_task_that_is_killed_before_it_loads_has_nothing_to_cancel(to_table):
    to_table().on_kill()
