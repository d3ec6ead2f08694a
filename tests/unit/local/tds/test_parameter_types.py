"""Parameters byte by byte, as [MS-TDS] 2.2.5.4 to 2.2.5.6 writes types and values."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tds.packets import ProtocolError
from airflow_synapse.local.tds.parameter_types import read_wire_type
from airflow_synapse.local.tds.reader import Reader

COLLATION = "0904d00034"
UTF8_COLLATION = "0904d02600"


def read(text):
    reader = Reader(bytes.fromhex(text))
    wire_type = read_wire_type(reader)
    value = wire_type.read(reader)
    assert reader.at_end
    return wire_type.sql_type, value


def local(*parts):
    return datetime(*parts)  # noqa: DTZ001 - these types have no time zone


@pytest.mark.parametrize(
    ("data", "sql_type", "value"),
    [
        ("38 feffffff", SqlType("int"), -2),
        ("26 01 01 ff", SqlType("tinyint"), 255),
        ("26 08 00", SqlType("bigint"), None),
        ("68 01 01 01", SqlType("bit"), True),
        ("6d 04 04 0000803f", SqlType("real"), 1.0),
        ("6c 05 05 02 05 00 7d000000", SqlType("decimal", precision=5, scale=2), Decimal("-1.25")),
        ("6e 08 08 ffffffff f0d8ffff", SqlType("money"), Decimal("-1.0000")),
        ("7a 01000000", SqlType("smallmoney"), Decimal("0.0001")),
        ("28 03 010000", SqlType("date"), date(1, 1, 2)),
        ("29 07 05 0a00000000", SqlType("time", scale=7), time(0, 0, 0, 1)),
        ("29 00 03 3d0000", SqlType("time", scale=0), time(0, 1, 1)),
        ("2a 03 07 e8030000 010000", SqlType("datetime2", scale=3), local(1, 1, 2, 0, 0, 1)),
        (
            "2b 00 08 100e00 010000 7800",
            SqlType("datetimeoffset", scale=0),
            datetime(1, 1, 2, 3, 0, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("6f 08 08 01000000 2c010000", SqlType("datetime"), local(1900, 1, 2, 0, 0, 1)),
        ("6f 08 08 ffffffff 02000000", SqlType("datetime"), local(1899, 12, 31, 0, 0, 0, 7000)),
        ("3a 0100 3d00", SqlType("smalldatetime"), local(1900, 1, 2, 1, 1)),
        (
            "24 10 10 67452301 ab89 efcd 0123456789abcdef",
            SqlType("uniqueidentifier"),
            UUID("01234567-89ab-cdef-0123-456789abcdef"),
        ),
        (f"e7 0a00 {COLLATION} 0400 3dd8 00de", SqlType("nvarchar", 5), "😀"),
        (f"e7 0a00 {COLLATION} ffff", SqlType("nvarchar", 5), None),
        (f"e7 ffff {COLLATION} ffffffffffffffff", SqlType("nvarchar", MAX), None),
        (f"e7 ffff {COLLATION} 0000000000000000 00000000", SqlType("nvarchar", MAX), ""),
        (f"e7 ffff {COLLATION} feffffffffffffff 02000000 6100 02000000 6200 00000000", SqlType("nvarchar", MAX), "ab"),
        (f"a7 0500 {COLLATION} 0100 80", SqlType("varchar", 5), "€"),
        (f"a7 0500 {UTF8_COLLATION} 0300 e282ac", SqlType("varchar", 5), "€"),
        ("a5 0500 0200 00ff", SqlType("varbinary", 5), b"\x00\xff"),
        (f"63 ffffff7f {COLLATION} 02000000 6100", SqlType("nvarchar", MAX), "a"),
        (f"23 ffffff7f {COLLATION} ffffffff", SqlType("varchar", MAX), None),
        ("22 ffffff7f 01000000 ff", SqlType("varbinary", MAX), b"\xff"),
    ],
)
def test_type_and_value(data, sql_type, value):
    assert read(data) == (sql_type, value)


@pytest.mark.parametrize("data", ["f1 00", "26 03 00", "62 08000000"], ids=["xml", "int of 3 bytes", "sql_variant"])
def test_type_that_a_parameter_cannot_have_is_an_error(data):
    with pytest.raises(PoolError) as raised:
        read(data)
    assert raised.value.number == 2724


def test_value_cut_off_is_refused():
    with pytest.raises(ProtocolError):
        read("38 feff")
