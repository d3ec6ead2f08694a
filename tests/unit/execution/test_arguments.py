"""Arguments and errors that go through Airflow's database."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from airflow_synapse import exceptions
from airflow_synapse.copy import ColumnName, CopyColumn, ManagedIdentity, StorageAccountKey
from airflow_synapse.exceptions import (
    CopyOptionError,
    CredentialError,
    RejectThresholdExceededError,
    TooManyRejectedRowsError,
)
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.described_load import load_options
from airflow_synapse.execution.load_event import error_of, failed
from airflow_synapse.secret import Secret

GIVEN = {"table": "dbo.t", "external_locations": ["https://lake.blob.core.windows.net/a/"]}


def through_json(arguments):
    return CopyArguments.from_json(json.loads(json.dumps(arguments.to_json())))


def test_arguments_come_back_as_they_were():
    columns = [{"name": "a", "default": Decimal("1.10")}, {"name": "b", "default": b"\x01"}, "c"]
    arguments = CopyArguments(**GIVEN, columns=columns, credential=ManagedIdentity(), first_row="2")
    assert through_json(arguments) == arguments


def test_values_that_are_objects_come_back_as_what_they_are_written_as():
    column = CopyColumn(name=ColumnName("a ]"), default=1, field_number=2)
    create_table = {"partition": {"column": "d", "values": (date(2013, 1, 1),)}}
    came_back = through_json(CopyArguments(**GIVEN, columns=[column, ColumnName("b")], create_table=create_table))
    assert came_back.columns == [{"name": "[a ]]]", "default": 1, "field_number": 2}, "[b]"]
    assert came_back.create_table == {"partition": {"column": "d", "values": ["2013-01-01"]}}


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("20130101", ("20130101",)),
        (20130101, ("20130101",)),
        (date(2013, 1, 31), ("2013-01-31",)),
        (datetime(2013, 1, 31, 6, tzinfo=UTC), ("2013-01-31T06:00:00+00:00",)),
        ([1, date(2013, 1, 31)], ("1", "2013-01-31")),
    ],
)
def test_partition_values_are_texts_whatever_they_are_rendered_to_and_the_same_in_a_triggerer(given, texts):
    arguments = CopyArguments(**GIVEN, write_disposition="replace_partition", partition_values=given)
    assert load_options(arguments).partition_values == texts
    assert load_options(through_json(arguments)).partition_values == texts


@pytest.mark.parametrize("name", ["credential", "error_file_credential"])
def test_a_secret_is_refused(name):
    arguments = CopyArguments(**GIVEN, **{name: StorageAccountKey(key=Secret("sentinel"))})
    with pytest.raises(CredentialError, match=f"{name} is a storage account key") as caught:
        arguments.to_json()
    assert "sentinel" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        TooManyRejectedRowsError("606 rows", report={"rows": 606}, reject_folder="/rejects"),
        RejectThresholdExceededError("too many", number=107090, reject_folder="/rejects"),
        CopyOptionError("wrong", rule="r", option="FROM", source="s"),
        exceptions.StatementError("deadlock", number=1205, retryable=True),
    ],
)
def test_an_error_comes_back_as_it_was_raised(error):
    came_back = error_of(json.loads(json.dumps(failed(error))))
    assert (type(came_back), str(came_back), vars(came_back)) == (type(error), str(error), vars(error))
    assert came_back.retryable == error.retryable
