"""Rows encoded all at once, read back one by one.

The bytes of each type are written out from [MS-TDS] 2.2.5.5; the mixture of rows, NULLs and lengths is then left to
hypothesis, with the reader that parameters use.
"""

import datetime as dt
import struct
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import ResultColumn
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tds import rows
from airflow_synapse.local.tds.parameter_types import read_wire_type
from airflow_synapse.local.tds.reader import Reader
from airflow_synapse.local.tds.type_info import encode_type

DECIMAL_38 = SqlType("decimal", precision=38, scale=10)
TYPES = {
    "bit": (SqlType("bit"), pa.bool_(), st.booleans()),
    "tinyint": (SqlType("tinyint"), pa.uint8(), st.integers(0, 255)),
    "smallint": (SqlType("smallint"), pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "int": (SqlType("int"), pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "bigint": (SqlType("bigint"), pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "real": (SqlType("real"), pa.float32(), st.floats(width=32, allow_nan=False)),
    "float": (SqlType("float"), pa.float64(), st.floats(allow_nan=False)),
    "decimal(9,2)": (
        SqlType("decimal", precision=9, scale=2),
        pa.decimal128(9, 2),
        st.decimals("-9999999.99", "9999999.99", places=2),
    ),
    "decimal(38,10)": (DECIMAL_38, pa.decimal128(38, 10), st.decimals(-(10**27), 10**27, places=10)),
    "money": (
        SqlType("money"),
        pa.decimal128(19, 4),
        st.integers(-(2**63), 2**63 - 1).map(lambda units: Decimal(units).scaleb(-4)),
    ),
    "smallmoney": (
        SqlType("smallmoney"),
        pa.decimal128(10, 4),
        st.integers(-(2**31), 2**31 - 1).map(lambda units: Decimal(units).scaleb(-4)),
    ),
    "date": (SqlType("date"), pa.date32(), st.dates()),
    "time(6)": (SqlType("time", scale=6), pa.time64("us"), st.times()),
    "datetime2(7)": (SqlType("datetime2", scale=7), pa.timestamp("us"), st.datetimes()),
    "datetimeoffset(7)": (
        SqlType("datetimeoffset", scale=7),
        pa.timestamp("us", "UTC"),
        st.datetimes(timezones=st.just(dt.UTC)),
    ),
    "smalldatetime": (
        SqlType("smalldatetime"),
        pa.timestamp("us"),
        st.integers(0, 65535 * 1440).map(lambda m: dt.datetime(1900, 1, 1) + dt.timedelta(minutes=m)),  # noqa: DTZ001
    ),
    "uniqueidentifier": (SqlType("uniqueidentifier"), pa.string(), st.uuids()),
    "nvarchar(4000)": (SqlType("nvarchar", 4000), pa.string(), st.text(max_size=8)),
    "nvarchar(max)": (SqlType("nvarchar", MAX), pa.string(), st.text(max_size=8)),
    "varchar(100)": (SqlType("varchar", 100), pa.string(), st.text(st.characters(codec="cp1252"), max_size=8)),
    "varchar(max)": (SqlType("varchar", MAX), pa.large_string(), st.text(st.characters(codec="cp1252"), max_size=8)),
    "varbinary(100)": (SqlType("varbinary", 100), pa.binary(), st.binary(max_size=8)),
    "varbinary(max)": (SqlType("varbinary", MAX), pa.binary(), st.binary(max_size=8)),
}


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5))
    count = draw(st.integers(1, 6))
    values = [
        draw(
            st.lists(
                st.none() | TYPES[name][2] if draw(st.booleans()) else TYPES[name][2], min_size=count, max_size=count
            )
        )
        for name in names
    ]
    return names, values, draw(st.integers(0, count - 1))


def arrow(values, arrow_type):
    return pa.array([str(value) if isinstance(value, UUID) else value for value in values], arrow_type)


def decode(columns, data):
    """Read rows the slow way: a cell after the other."""
    wire_types = [read_wire_type(Reader(encode_type(column.type))) for column in columns]
    reader, found = Reader(data), []
    while not reader.at_end:
        missing = 0
        if reader.u8() == 0xD2:
            missing = int.from_bytes(reader.take((len(columns) + 7) // 8), "little")
        found.append([None if missing >> i & 1 else each.read(reader) for i, each in enumerate(wire_types)])
    return found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first texts take seconds to draw
@given(tables())
def test_rows_of_all_types_are_read_back(table):
    """Also from the middle of a batch, where Arrow's buffers begin before the first value."""
    names, values, start = table
    columns = [ResultColumn(name, TYPES[name][0]) for name in names]
    arrays = [arrow(each, TYPES[name][1]) for name, each in zip(names, values, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, names).slice(start)
    data = b"".join(rows.encode_rows(columns, batch))
    assert decode(columns, data) == [list(row) for row in zip(*values, strict=True)][start:]


@pytest.mark.parametrize(
    ("sql_type", "value", "arrow_type", "cell"),
    [
        (SqlType("int"), -2, pa.int32(), "04 feffffff"),
        (SqlType("bit"), True, pa.bool_(), "01 01"),
        (SqlType("float"), 1.0, pa.float64(), "08 000000000000f03f"),
        (SqlType("decimal", precision=5, scale=2), Decimal("-1.25"), pa.decimal128(5, 2), "05 00 7d000000"),
        (DECIMAL_38, Decimal("0.0000000001"), pa.decimal128(38, 10), "11 01 01" + "00" * 15),
        (SqlType("money"), Decimal("-0.0001"), pa.decimal128(19, 4), "08 ffffffff ffffffff"),
        (SqlType("money"), Decimal("429496.7296"), pa.decimal128(19, 4), "08 01000000 00000000"),
        (SqlType("date"), dt.date(1, 1, 2), pa.date32(), "03 010000"),
        (SqlType("time", scale=0), dt.time(0, 1, 1), pa.time64("us"), "03 3d0000"),
        (SqlType("time", scale=7), dt.time(0, 0, 0, 1), pa.time64("us"), "05 0a00000000"),
        (SqlType("datetime2", scale=3), dt.datetime(1, 1, 2, 0, 0, 1), pa.timestamp("us"), "07 e8030000 010000"),  # noqa: DTZ001
        (SqlType("datetime"), dt.datetime(1900, 1, 2, 0, 0, 1), pa.timestamp("us"), "08 01000000 2c010000"),  # noqa: DTZ001
        (SqlType("datetime"), dt.datetime(1899, 12, 31), pa.timestamp("us"), "08 ffffffff 00000000"),  # noqa: DTZ001
        (SqlType("smalldatetime"), dt.datetime(1900, 1, 2, 1, 1), pa.timestamp("us"), "04 0100 3d00"),  # noqa: DTZ001
        (
            SqlType("datetimeoffset", scale=0),
            dt.datetime(1, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
            pa.timestamp("us", "UTC"),
            "08 010000 000000 0000",
        ),
        (
            SqlType("uniqueidentifier"),
            "01234567-89ab-cdef-0123-456789ABCDEF",
            pa.string(),
            "10 67452301 ab89 efcd 0123456789abcdef",
        ),
        (SqlType("nvarchar", 5), "aé", pa.string(), "0400 6100 e900"),
        (SqlType("nvarchar", 5), "😀", pa.string(), "0400 3dd8 00de"),
        (SqlType("varchar", 5), "a€", pa.string(), "0200 61 80"),
        (SqlType("varchar", 5), "ż", pa.string(), "0100 3f"),
        (SqlType("varchar", MAX), "ab", pa.string(), "0200000000000000 02000000 6162 00000000"),
        (SqlType("varchar", MAX), "", pa.string(), "0000000000000000 00000000"),
        (SqlType("varbinary", 5), b"\x00\xff", pa.binary(), "0200 00ff"),
    ],
)
def test_bytes_of_a_cell(sql_type, value, arrow_type, cell):
    batch = pa.RecordBatch.from_arrays([pa.array([value], arrow_type)], ["value"])
    assert b"".join(rows.encode_rows([ResultColumn("value", sql_type)], batch)) == b"\xd1" + bytes.fromhex(cell)


def test_missing_cells_are_bits_of_the_row():
    columns = [ResultColumn(str(index), SqlType("tinyint")) for index in range(9)]
    arrays = [pa.array([None if index in {0, 8} else index], pa.uint8()) for index in range(9)]
    batch = pa.RecordBatch.from_arrays(arrays, [column.name for column in columns])
    expected = b"\xd2\x01\x01" + b"".join(bytes([1, index]) for index in range(1, 8))
    assert b"".join(rows.encode_rows(columns, batch)) == expected


def test_bytes_behind_a_null_are_not_sent():
    buffers = [pa.py_buffer(b"\x02"), pa.py_buffer(struct.pack("<3i", 0, 1, 2)), pa.py_buffer(b"xy")]
    batch = pa.RecordBatch.from_arrays([pa.Array.from_buffers(pa.string(), 2, buffers)], ["text"])
    data = b"".join(rows.encode_rows([ResultColumn("text", SqlType("varchar", 5))], batch))
    assert data == b"\xd2\x01" + b"\xd2\x00\x01\x00y"


def test_large_batches_leave_in_parts_of_bounded_size():
    batch = pa.RecordBatch.from_arrays([pa.array(["x" * 1000] * 5000)], ["text"])
    parts = list(rows.encode_rows([ResultColumn("text", SqlType("varchar", 1000))], batch))
    assert len(parts) > 5
    assert max(map(len, parts)) <= 2 * rows.SLICE_SIZE


@pytest.mark.parametrize(
    ("sql_type", "value", "number"),
    [
        (SqlType("nvarchar", 3), "four", 8152),
        (SqlType("varbinary", 1), b"ab", 8152),
        (SqlType("int"), 2**31, 8115),
        (SqlType("uniqueidentifier"), "no guid", 8169),
    ],
)
def test_value_that_does_not_fit_its_column_is_an_error(sql_type, value, number):
    batch = pa.RecordBatch.from_arrays([pa.array([value])], ["value"])
    with pytest.raises(PoolError) as raised:
        list(rows.encode_rows([ResultColumn("value", sql_type)], batch))
    assert raised.value.number == number


def test_column_metadata():
    columns = [ResultColumn("ab", SqlType("int"), nullable=False), ResultColumn("", SqlType("nvarchar", MAX))]
    assert rows.column_metadata(columns) == bytes.fromhex(
        "81 0200  00000000 0800 26 04 02 6100 6200  00000000 0900 e7 ffff 0904d00034 00"
    )
