"""What a Parquet footer says, with files that Arrow has written."""

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from airflow_synapse.hooks.parquet_footers import parse_footer


def footer_of(table, **options):
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def columns_of(table, **options):
    return [
        (column.name, str(column), str(column.sql_type()))
        for column in parse_footer("a", footer_of(table, **options)).columns
    ]


NOON = datetime(2013, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "parquet_type", "sql_type"),
    [
        (pa.array([True]), "BOOLEAN", "bit"),
        (pa.array([1], pa.int8()), "INT32 INT(8, true)", "smallint"),
        (pa.array([1], pa.int16()), "INT32 INT(16, true)", "smallint"),
        (pa.array([1], pa.int32()), "INT32", "int"),
        (pa.array([1], pa.int64()), "INT64", "bigint"),
        (pa.array([1], pa.uint8()), "INT32 INT(8, false)", "tinyint"),
        (pa.array([1], pa.uint16()), "INT32 INT(16, false)", "int"),
        (pa.array([1], pa.uint32()), "INT32 INT(32, false)", "bigint"),
        (pa.array([1], pa.uint64()), "INT64 INT(64, false)", "decimal(20, 0)"),
        (pa.array([1.0], pa.float32()), "FLOAT", "real"),
        (pa.array([1.0]), "DOUBLE", "float"),
        (pa.array(["x"]), "BYTE_ARRAY STRING", "nvarchar(4000)"),
        (pa.array(["x"]).dictionary_encode(), "BYTE_ARRAY STRING", "nvarchar(4000)"),
        (pa.array([b"x"]), "BYTE_ARRAY", "varbinary(8000)"),
        (pa.array([b"xy"], pa.binary(2)), "FIXED_LEN_BYTE_ARRAY(2)", "binary(2)"),
        (pa.array([Decimal("1.25")]), "FIXED_LEN_BYTE_ARRAY(2) DECIMAL(3, 2)", "decimal(3, 2)"),
        (pa.array([date(2013, 1, 1)]), "INT32 DATE", "date"),
        (pa.array([time(12)], pa.time32("ms")), "INT32 TIME(MILLIS)", "time(7)"),
        (pa.array([time(12)], pa.time64("us")), "INT64 TIME(MICROS)", "time(7)"),
        (pa.array([NOON], pa.timestamp("ms")), "INT64 TIMESTAMP(MILLIS)", "datetime2(7)"),
        (pa.array([NOON], pa.timestamp("us", "UTC")), "INT64 TIMESTAMP(MICROS)", "datetime2(7)"),
        (pa.array([NOON], pa.timestamp("ns")), "INT64 TIMESTAMP(NANOS)", "datetime2(7)"),
        (pa.array([[1]]), "LIST", "varchar(max)"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32())), "MAP", "varchar(max)"),
        (pa.array([{"a": 1}]), "STRUCT", "None"),
        (pa.array([None]), "INT32 NULL", "None"),
        (pa.array([1.0], pa.float16()), "FIXED_LEN_BYTE_ARRAY(2) FLOAT16", "None"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array | pa.ChunkedArray) else "",
)
def test_each_type_that_arrow_writes_is_recognized(values, parquet_type, sql_type):
    assert columns_of(pa.table({"c": values})) == [("c", parquet_type, sql_type)]


def test_timestamps_of_96_bits_are_recognized():
    table = pa.table({"c": pa.array([NOON], pa.timestamp("ns"))})
    assert columns_of(table, use_deprecated_int96_timestamps=True) == [("c", "INT96", "datetime2(7)")]


def test_columns_after_nested_ones_keep_their_place():
    table = pa.table({
        "s": pa.array([{"a": 1, "b": {"c": [1.5]}}]),
        "m": pa.array([[("a", [1])]], pa.map_(pa.string(), pa.list_(pa.int32()))),
        "a.b": pa.array([date(2013, 1, 1)]),
        "last": pa.array(["x"]),
    })  # fmt: skip
    assert [(name, text) for name, text, _ in columns_of(table)] == [
        ("s", "STRUCT"),
        ("m", "MAP"),
        ("a.b", "INT32 DATE"),
        ("last", "BYTE_ARRAY STRING"),
    ]


def test_rows_are_counted():
    assert parse_footer("a", footer_of(pa.table({"c": [1, 2, 3]}))).rows == 3


@pytest.mark.parametrize("footer", [b"\x15\x04\x08\0\0\0PAR1", b"\0" * 4 + b"\x04\0\0\0PAR1"], ids=["short", "zeros"])
def test_a_broken_footer_is_unreadable_and_no_error(footer):
    found = parse_footer("a", footer)
    assert found.unreadable
    assert found.columns == ()
