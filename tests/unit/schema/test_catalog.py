"""Columns of a table, read from the pool's catalog."""

import pytest

from airflow_synapse.copy import TableName
from airflow_synapse.schema.catalog import TableColumn, columns_query
from airflow_synapse.schema.sql_types import SqlType


def test_rows_become_columns_in_their_order():
    rows = [("id", "bigint", 8, 19, 0, False, True, 0), ("name", "nvarchar", 100, 0, 0, True, False, 77)]
    assert TableColumn.from_rows(rows) == (
        TableColumn(name="id", type=SqlType("bigint"), is_nullable=False, is_identity=True),
        TableColumn(name="name", type=SqlType("nvarchar", length=50), has_default=True),
    )


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (TableName(schema="dbo", name="a]b"), "OBJECT_ID('[dbo].[a]]b]')"),
        (TableName(name="it's"), "OBJECT_ID('[it''s]')"),
        (TableName(name="#t"), "OBJECT_ID('tempdb..[#t]')"),
    ],
)
def test_a_table_is_looked_up_by_its_quoted_name(table, name):
    assert f"c.object_id = {name}\n" in columns_query(table)
