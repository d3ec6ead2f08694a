"""What the jobs are asked to do."""

import pytest

from airflow_synapse.copy import TableName
from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.secret import Secret
from airflow_synapse.transfer.job_request import (
    connector_request,
    deliver_request,
    spark_source,
    spark_target,
    stage_request,
)
from airflow_synapse.transfer.lake_folder import read_folder

FOLDER = read_folder("abfss://landing@lake.dfs.core.windows.net/run-1", "staging_folder")
NOTHING = {"table": None, "sql": None, "files": None, "file_type": "parquet", "file_options": None}


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({"table": "sales.orders"}, {"kind": "table", "name": "sales.orders"}),
        ({"sql": "SELECT 1"}, {"kind": "sql", "text": "SELECT 1"}),
        (
            {"files": "abfss://a@lake.dfs.core.windows.net/x", "file_type": "CSV", "file_options": {"header": "true"}},
            {
                "kind": "files",
                "format": "csv",
                "paths": ["abfss://a@lake.dfs.core.windows.net/x"],
                "options": {"header": "true"},
            },
        ),
        ({"files": ["a", "b"]}, {"kind": "files", "format": "parquet", "paths": ["a", "b"], "options": {}}),
    ],
)
def test_the_source_is_what_was_given(given, source):
    assert spark_source(**{**NOTHING, **given}) == source


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "none of them"),
        ({"table": "t", "sql": "SELECT 1"}, "spark_table and spark_sql"),
        ({"files": "x", "file_type": "avro"}, "spark_file_type is 'avro'"),
        ({"files": "x", "file_options": {"key": Secret("hidden")}}, r"spark_file_options\['key'\] is a secret"),
        (
            {"files": "x", "file_options": {"fs.azure.account.key.lake.dfs.core.windows.net": "aGlkZGVu"}},
            r"spark_file_options\['fs.azure.account.key.lake.dfs.core.windows.net'\] is a secret",
        ),
    ],
)
def test_a_source_that_is_none_is_refused(given, message):
    with pytest.raises(TransferOptionError, match=message):
        spark_source(**{**NOTHING, **given})


def test_the_staging_job_gets_its_folder_and_its_options():
    request = stage_request(
        {"kind": "table", "name": "t"}, FOLDER, compression="SNAPPY", file_bytes=1, nested="json", not_a_number="null"
    )
    assert request == {
        "version": 1,
        "source": {"kind": "table", "name": "t"},
        "folder": "abfss://landing@lake.dfs.core.windows.net/run-1/",
        "compression": "snappy",
        "file_bytes": 1,
        "nested": "json",
        "not_a_number": "null",
    }


def test_an_option_that_the_job_does_not_know_is_refused_before_it_starts():
    with pytest.raises(TransferOptionError, match="compression is 'zstd', which is none of snappy, gzip, none"):
        stage_request({}, FOLDER, compression="zstd", file_bytes=1, nested="json", not_a_number="null")


@pytest.mark.parametrize("size", [0, -5, "256MB", None, True, 1.5])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(TransferOptionError, match=r"file_bytes is .*, which is no whole number from 1 on"):
        stage_request({}, FOLDER, compression="none", file_bytes=size, nested="json", not_a_number="null")


def test_a_login_of_the_connector_holds_names_of_secrets_only():
    names = dict.fromkeys(("user", "key_vault", "linked_service", "staging_storage_account_key"), "name")
    login = {**names, "password": Secret("hidden")}
    with pytest.raises(TransferOptionError, match="connector_login holds a Secret") as caught:
        connector_request(
            {},
            FOLDER,
            table=TableName.parse("a.b.c"),
            table_type="INTERNAL",
            mode="append",
            login=login,
            options={"server": "s"},
        )
    assert "hidden" not in str(caught.value)


def test_the_delivering_job_gets_the_files_and_what_they_hold():
    target = spark_target(table="sales.orders", files=None, file_type="parquet", save_mode="append")
    request = deliver_request(target, FOLDER, schema={"type": "struct", "fields": []}, rows=3)
    assert request == {
        "version": 1,
        "source": "abfss://landing@lake.dfs.core.windows.net/run-1/data/",
        "schema": {"type": "struct", "fields": []},
        "rows": 3,
        "target": {"kind": "table", "name": "sales.orders", "format": "parquet", "mode": "append"},
        "folder": "abfss://landing@lake.dfs.core.windows.net/run-1/",
    }


@pytest.mark.parametrize("given", [{"table": None, "files": None}, {"table": "t", "files": "x"}])
def test_a_target_that_is_none_is_refused(given):
    with pytest.raises(TransferOptionError, match="one of spark_table and spark_files"):
        spark_target(**given, file_type="parquet", save_mode="append")
