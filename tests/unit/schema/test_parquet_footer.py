"""What a Parquet footer says, with files that Arrow has written."""

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from airflow_synapse.schema.parquet_footer import parse_footer


def footer_of(table, **options):
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    content = file.getvalue()
    return content[-8 - int.from_bytes(content[-8:-4], "little") : -8]


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
        (pa.array([None], pa.float16()), "FIXED_LEN_BYTE_ARRAY(2) FLOAT16", "None"),
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


def test_every_cut_of_a_footer_is_unreadable_and_no_error():
    footer = footer_of(pa.table({"s": [{"a": [1]}], "name": ["x"]}))
    whole = parse_footer("a", footer)
    results = [parse_footer("a", footer[:length]) for length in range(len(footer))]
    assert all(found == whole or (found.unreadable and not found.columns) for found in results)
    assert results[0].unreadable


@given(st.binary(max_size=60))
def test_any_bytes_give_columns_or_a_reason(footer):
    found = parse_footer("a", footer)
    assert bool(found.unreadable) is (found.rows is None)


@pytest.mark.parametrize(
    "footer",
    [b"\x1c" * 100_000, b"\x19" * 100_000, b"\x15" + b"\xff" * 100_000, b"\x18\xff\xff\xff\xff\x0f"],
    ids=["structs in structs", "lists in lists", "a number without end", "a text beyond the end"],
)
def test_a_hostile_footer_is_unreadable(footer):
    assert parse_footer("a", footer).unreadable


@pytest.mark.parametrize("version", ["1.0", "2.4", "2.6"])
def test_footers_of_each_format_version_are_read(version):
    table = pa.table({"a": pa.array([1], pa.uint16()), "b": pa.array([NOON], pa.timestamp("us"))})
    assert [text for _, text, _ in columns_of(table, version=version)] == [
        "INT32 INT(16, false)",
        "INT64 TIMESTAMP(MICROS)",
    ]


def old_style(element):
    """A footer as writers before the logical types made it: one column, described by a ConvertedType."""
    numbers = {"type": 1, "length": 2, "repetition": 3, "name": 4, "converted": 6, "scale": 7, "precision": 8}
    leaf, last = b"", 0
    for name, value in element.items():
        number = numbers[name]
        kind, body = (
            (8, bytes([len(value)]) + value) if isinstance(value, bytes) else (5, bytes([(value << 1) ^ (value >> 31)]))
        )
        leaf, last = leaf + bytes([(number - last) << 4 | kind]) + body, number
    root = b"\x48\x06schema\x15\x02\x00"
    return b"\x15\x02\x19\x2c" + root + leaf + b"\x00\x16\x0a\x00"


@pytest.mark.parametrize(
    ("element", "parquet_type"),
    [
        ({"type": 6, "converted": 0}, "BYTE_ARRAY STRING"),
        ({"type": 6, "converted": 4}, "BYTE_ARRAY ENUM"),
        ({"type": 1, "converted": 5, "scale": 2, "precision": 9}, "INT32 DECIMAL(9, 2)"),
        ({"type": 1, "converted": 5, "scale": -2, "precision": 9}, "INT32 DECIMAL(9, -2)"),
        ({"type": 1, "converted": 6}, "INT32 DATE"),
        ({"type": 1, "converted": 7}, "INT32 TIME(MILLIS)"),
        ({"type": 2, "converted": 8}, "INT64 TIME(MICROS)"),
        ({"type": 2, "converted": 9}, "INT64 TIMESTAMP(MILLIS)"),
        ({"type": 2, "converted": 10}, "INT64 TIMESTAMP(MICROS)"),
        ({"type": 1, "converted": 11}, "INT32 INT(8, false)"),
        ({"type": 2, "converted": 14}, "INT64 INT(64, false)"),
        ({"type": 1, "converted": 16}, "INT32 INT(16, true)"),
        ({"type": 6, "converted": 19}, "BYTE_ARRAY JSON"),
        ({"type": 6, "converted": 20}, "BYTE_ARRAY BSON"),
        ({"type": 7, "length": 12, "converted": 21}, "FIXED_LEN_BYTE_ARRAY(12) INTERVAL"),
        ({"type": 3}, "INT96"),
        ({"type": 1, "repetition": 2}, "LIST"),
    ],
    ids=str,
)
def test_files_of_old_writers_say_their_types_in_another_way(element, parquet_type):
    order = ("type", "length", "repetition", "name", "converted", "scale", "precision")
    fields = {"repetition": 1, "name": b"c", **element}
    found = parse_footer("a", old_style({name: fields[name] for name in order if name in fields}))
    assert [str(column) for column in found.columns] == [parquet_type]
    assert found.rows == 5
