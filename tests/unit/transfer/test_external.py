"""Statements around external tables."""

import pytest

from airflow_synapse.copy import TableName
from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.schema.catalog import TableColumn
from airflow_synapse.schema.sql_types import SqlType
from airflow_synapse.transfer.external import (
    ExternalStore,
    create_as_select,
    create_external_table,
    drop_external_table,
    path_in_data_source,
    select_all,
)
from airflow_synapse.transfer.lake_folder import read_folder
from airflow_synapse.transfer.manifest import StagedColumn
from airflow_synapse.transfer.spark_types import column_definition

TABLE = TableName.parse("dbo.exported")
STORE = ExternalStore(data_source="lake", file_format="parquet", path="/it's/")


def test_rows_are_written_by_a_statement():
    assert create_as_select(TABLE, STORE, "SELECT 1 AS a") == (
        "CREATE EXTERNAL TABLE [dbo].[exported]\n"
        "WITH (LOCATION = '/it''s/', DATA_SOURCE = [lake], FILE_FORMAT = [parquet])\nAS SELECT 1 AS a"
    )


def test_a_table_is_made_over_files():
    column = column_definition(StagedColumn(name="id", type="bigint"))
    assert create_external_table(TABLE, [column], STORE) == (
        "CREATE EXTERNAL TABLE [dbo].[exported] (\n    [id] bigint\n)\n"
        "WITH (LOCATION = '/it''s/', DATA_SOURCE = [lake], FILE_FORMAT = [parquet])"
    )


def test_a_table_is_dropped_if_it_is_there():
    assert drop_external_table(TABLE) == (
        "IF OBJECT_ID('[dbo].[exported]') IS NOT NULL DROP EXTERNAL TABLE [dbo].[exported]"
    )


def test_what_cannot_be_exported_gets_another_type():
    columns = [TableColumn(name=name, type=SqlType.parse(name)) for name in ("int", "money", "time")]
    assert select_all(TABLE, columns) == (
        "SELECT [int], CAST([money] AS decimal(19, 4)) AS [money], "
        "CAST([time] AS varchar(16)) AS [time] FROM [dbo].[exported]"
    )


@pytest.mark.parametrize(
    ("data_source", "path"),
    [
        ("abfss://landing@lake.dfs.core.windows.net", "/a/b/"),
        ("abfss://landing@lake.dfs.core.windows.net/", "/a/b/"),
        ("abfss://landing@lake.dfs.core.windows.net/a", "/b/"),
        ("wasbs://landing@lake.blob.core.windows.net/a/", "/b/"),
    ],
)
def test_a_folder_is_named_from_its_data_source_on(data_source, path):
    folder = read_folder("abfss://landing@lake.dfs.core.windows.net/a/b", "staging_folder")
    assert path_in_data_source(folder, "lake", [(data_source,)]) == path


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no external data source 'lake'"),
        ([("abfss://other@lake.dfs.core.windows.net",)], "is not below"),
        ([("abfss://landing@archive.dfs.core.windows.net",)], "is not below"),
        ([("abfss://landing@lake.dfs.core.windows.net/a/bc",)], "is not below"),
    ],
)
def test_a_folder_elsewhere_is_refused(rows, message):
    folder = read_folder("abfss://landing@lake.dfs.core.windows.net/a/b", "staging_folder")
    with pytest.raises(TransferOptionError, match=message):
        path_in_data_source(folder, "lake", rows)
