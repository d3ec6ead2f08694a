import json

import pytest

from airflow_synapse.local.spark.batch_request import batch_request

FILE = "abfss://c@lake.dfs.core.windows.net/job.py"


def parsed(**fields):
    return batch_request(json.dumps({"name": "job", "file": FILE, **fields}).encode())


def test_fields_without_a_value_are_left_out():
    assert parsed(args=None, numExecutors=2) == {"name": "job", "file": FILE, "numExecutors": 2}


@pytest.mark.parametrize("name", ["name", "file"])
@pytest.mark.parametrize("value", [None, ""])
def test_name_and_file_are_required(name, value):
    with pytest.raises(ValueError, match=f"The field {name} is required"):
        parsed(**{name: value})


@pytest.mark.parametrize(
    "fields",
    [{"args": "a"}, {"conf": []}, {"numExecutors": "2"}, {"name": 1}, {"driverMemory": 4}, {"tags": "x"}],
    ids=str,
)
def test_value_of_another_type_is_refused(fields):
    with pytest.raises(ValueError, match="wrong type"):
        parsed(**fields)


@pytest.mark.parametrize(
    "fields",
    [{"file": "/tmp/job.py"}, {"file": "local:///job.py"}, {"pyFiles": [FILE, "file:///x.py"]}, {"jars": ["x.jar"]}],
    ids=str,
)
def test_file_that_the_service_cannot_reach_is_refused(fields):
    with pytest.raises(ValueError, match="abfss://<container>"):
        parsed(**fields)


def test_more_than_100_kilobytes_are_refused():
    with pytest.raises(ValueError, match="100000 at most"):
        parsed(args=["x" * 100_000])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_payload_that_is_no_object_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011 - what json says of it
        batch_request(body)
