"""Which folder of rejected rows the arguments of a task name."""

import json

import pytest

from airflow_synapse.exceptions import CopyOptionError, CredentialError
from airflow_synapse.execution.reject_folder import RejectFolder

URL = "https://lake.blob.core.windows.net/landing/rejects/load"
RESULT = {"reject_folder": URL, "rows_rejected": 2, "label": "load"}


@pytest.fixture
def find(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", password="c2VjcmV0")

    def call(**arguments):
        nothing = {"error_file": None, "load_result": None, "container": None, "storage_conn_id": "lake"}
        return RejectFolder.find(**{**nothing, **arguments})

    return call


def test_a_url_is_taken_as_it_is(find):
    folder = find(error_file=URL, container="another", storage_conn_id="no connection is asked")
    assert (folder.url, folder.load_result, folder.location.path) == (URL, {}, "rejects/load")


@pytest.mark.parametrize("path", ["rejects/load", "/rejects/load"])
def test_a_path_is_in_the_container_of_the_connections_account(find, path):
    assert find(error_file=path, container="landing").url == URL
    assert find(load_result={"reject_folder": path}, container="landing").url == URL


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("https://lake.dfs.core.chinacloudapi.cn", "lake.blob.core.chinacloudapi.cn"),
        ("http://127.0.0.1:10000/lake", "lake.blob.core.windows.net"),
    ],
)
def test_a_path_is_in_the_cloud_of_the_connection(find, new_connection, host, found):
    new_connection("lake", conn_type="wasb", host=host, password="c2VjcmV0")
    assert find(error_file="rejects", container="landing").url == f"https://{found}/landing/rejects"


@pytest.mark.parametrize("result", [RESULT, json.dumps(RESULT)])
def test_a_result_names_the_folder_of_its_load(find, result):
    assert find(load_result=result) == RejectFolder(url=URL, load_result=RESULT)


def test_a_load_without_a_folder_has_none_where_it_rejected_nothing(find):
    assert find(load_result={"reject_folder": None, "rows_rejected": 0}) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either error_file or load_result"),
        ({"error_file": URL, "load_result": RESULT}, "either error_file or load_result"),
        ({"load_result": {"reject_folder": None, "rows_rejected": None}}, "give the load an error_file"),
        ({"load_result": "None"}, "not what a SynapseCopyOperator returns"),
        ({"load_result": [URL]}, "not what a SynapseCopyOperator returns"),
        ({"error_file": "/rejects/load"}, "give its container"),
        ({"error_file": 5}, "error_file is no text: a int"),
        ({"load_result": {"reject_folder": 5}}, "reject_folder of load_result is no text: a int"),
    ],
)
def test_arguments_that_name_no_folder_are_refused(find, arguments, message):
    with pytest.raises(CopyOptionError, match=message):
        find(**arguments)


def test_a_path_needs_a_connection_that_names_an_account(find, new_connection):
    new_connection("empty", conn_type="wasb")
    with pytest.raises(CredentialError, match="'empty'"):
        find(error_file="/rejects/load", container="landing", storage_conn_id="empty")


def test_a_folder_whose_url_is_none_is_refused():
    with pytest.raises(CopyOptionError, match="ERRORFILE"):
        _ = RejectFolder(url="abfss://landing@lake.dfs.core.windows.net/x").location
