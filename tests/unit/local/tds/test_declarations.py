"""Declarations of parameters, and what a driver is told of undeclared ones."""

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tds.declarations import read_declarations
from airflow_synapse.local.tds.describe import describe


def test_declarations_keep_names_and_order():
    assert read_declarations("@P1 int,@p2 nvarchar(50), @P3 numeric(10, 2)") == (
        ("@P1", SqlType("int")),
        ("@p2", SqlType("nvarchar", 50)),
        ("@P3", SqlType("decimal", precision=10, scale=2)),
    )


@pytest.mark.parametrize(
    ("declared", "sql_type"),
    [
        ("ntext", SqlType("nvarchar", MAX)),
        ("text", SqlType("varchar", MAX)),
        ("image", SqlType("varbinary", MAX)),
        ("varchar(max)", SqlType("varchar", MAX)),
        ("datetime2", SqlType("datetime2", scale=7)),
    ],
)
def test_declared_type(declared, sql_type):
    assert read_declarations(f"@P1 {declared}") == (("@P1", sql_type),)


def test_nothing_declared():
    assert read_declarations("") == ()


@pytest.mark.parametrize("text", ["P1 int", "@P1", "@P1 int @P2 int", "@P1 xml", "@P1 int OUTPUT"])
def test_malformed_declaration_is_an_error(text):
    with pytest.raises(PoolError):
        read_declarations(text)


@pytest.mark.parametrize(
    ("sql_type", "number", "length", "precision", "scale", "wire_type", "wire_length"),
    [
        (SqlType("int"), 56, 4, 10, 0, 0x26, 4),
        (SqlType("bit"), 104, 1, 1, 0, 0x68, 1),
        (SqlType("decimal", precision=18, scale=4), 106, 9, 18, 4, 0x6A, 9),
        (SqlType("nvarchar", 50), 231, 100, 0, 0, 0xE7, 100),
        (SqlType("nvarchar", MAX), 231, -1, 0, 0, 0xE7, 65535),
        (SqlType("varbinary", 8000), 165, 8000, 0, 0, 0xA5, 8000),
        (SqlType("time", scale=0), 41, 3, 8, 0, 0x29, 3),
        (SqlType("datetime2", scale=7), 42, 8, 27, 7, 0x2A, 8),
        (SqlType("datetimeoffset", scale=7), 43, 10, 34, 7, 0x2B, 10),
        (SqlType("uniqueidentifier"), 36, 16, 0, 0, 0x24, 16),
    ],
)
def test_described_parameter(sql_type, number, length, precision, scale, wire_type, wire_length):
    """Numbers and sizes as sys.types of SQL Server lists them."""
    rows = describe([("@P1", sql_type)])
    (row,) = next(rows.batches).to_pylist()
    assert len(row) == len(rows.columns) == 24
    assert list(row.values())[:7] == [1, "@P1", number, str(sql_type), length, precision, scale]
    assert (row["suggested_tds_type_id"], row["suggested_tds_length"]) == (wire_type, wire_length)
    assert row["suggested_is_input"]
