"""Values of every type, as parameters and as results, through both drivers."""

import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pyodbc
import pytest

DATETIMEOFFSET = -155
GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")
ALL_1252 = "".join(
    bytes([code]).decode("cp1252") for code in range(32, 256) if code not in {ord(";"), 0x81, 0x8D, 0x8F, 0x90, 0x9D}
)


def local(*parts):
    return datetime(*parts)  # noqa: DTZ001 - these types have no time zone


def read_datetimeoffset(raw):
    year, month, day, hour, minute, second, nanoseconds, hours, minutes = struct.unpack("<6hI2h", raw)
    zone = timezone(timedelta(hours=hours, minutes=minutes))
    return datetime(year, month, day, hour, minute, second, nanoseconds // 1000, zone)


@pytest.fixture
def connection(connection):
    connection.add_output_converter(DATETIMEOFFSET, read_datetimeoffset)
    return connection


@pytest.mark.parametrize(
    ("expression", "sql_type", "expected"),
    [
        ("TRUE", "bit", True),
        ("255", "tinyint", 255),
        ("-32768", "smallint", -32768),
        ("-2147483648", "int", -(2**31)),
        ("9223372036854775807", "bigint", 2**63 - 1),
        ("-0.25", "real", -0.25),
        ("0.1::DOUBLE", "float", 0.1),
        ("-1.5", "decimal(2,1)", Decimal("-1.5")),
        ("-12345678901.2345678", "decimal(18,7)", Decimal("-12345678901.2345678")),
        ("-123456789012345678901234.5678", "decimal(28,4)", Decimal("-123456789012345678901234.5678")),
        ("-18446744073709551616::DECIMAL(38,0)", "decimal(38,0)", Decimal(-(2**64))),
        (
            "1234567890123456789012345678.0123456789",
            "decimal(38,10)",
            Decimal("1234567890123456789012345678.0123456789"),
        ),
        ("-922337203685477.5808", "money", Decimal("-922337203685477.5808")),
        ("214748.3647", "smallmoney", Decimal("214748.3647")),
        ("'x'", "char(1)", "x"),
        (f"'{ALL_1252.replace(chr(39), chr(39) * 2)}'", "varchar(300)", ALL_1252),
        ("'żółw'", "varchar(10)", "?ó?w"),
        ("'żółw 😀'", "nvarchar(10)", "żółw 😀"),
        ("'ab'", "nchar(2)", "ab"),
        ("''", "nvarchar(10)", ""),
        ("''", "nvarchar(max)", ""),
        ("repeat('é😀', 20000)", "nvarchar(max)", "é😀" * 20_000),
        ("repeat('é', 20000)", "varchar(max)", "é" * 20_000),
        ("'\\x00\\xFF'::BLOB", "varbinary(10)", b"\x00\xff"),
        ("'\\x00\\xFF'::BLOB", "binary(2)", b"\x00\xff"),
        ("repeat('ab', 50000)::BLOB", "varbinary(max)", b"ab" * 50_000),
        ("DATE '0001-01-01'", "date", date(1, 1, 1)),
        ("DATE '9999-12-31'", "date", date(9999, 12, 31)),
        ("TIME '23:59:59.123456'", "time(0)", time(23, 59, 59)),
        ("TIME '23:59:59.123456'", "time(6)", time(23, 59, 59, 123456)),
        ("TIMESTAMP '0001-01-01 00:00:00.000001'", "datetime2(7)", local(1, 1, 1, 0, 0, 0, 1)),
        ("TIMESTAMP '2013-01-31 13:14:15.123456'", "datetime2(3)", local(2013, 1, 31, 13, 14, 15, 123000)),
        ("TIMESTAMP '1753-01-01 00:00:00.003'", "datetime", local(1753, 1, 1, 0, 0, 0, 3000)),
        ("TIMESTAMP '9999-12-31 23:59:59.997'", "datetime", local(9999, 12, 31, 23, 59, 59, 997000)),
        ("TIMESTAMP '2079-06-06 23:59:00'", "smalldatetime", local(2079, 6, 6, 23, 59)),
        (
            "TIMESTAMPTZ '2013-01-31 13:14:15.123456+02:00'",
            "datetimeoffset(7)",
            datetime(2013, 1, 31, 11, 14, 15, 123456, UTC),
        ),
        (f"UUID '{GUID}'", "uniqueidentifier", str(GUID).upper()),
    ],
)
def test_result_of_each_type_arrives_unchanged(connection, expression, sql_type, expected):
    row = connection.execute(
        f'SELECT CASE WHEN i = 1 THEN NULL ELSE {expression} END AS "value::{sql_type}" FROM range(3) t(i) ORDER BY i'
    ).fetchall()
    assert [each.value for each in row] == [expected, None, expected]


@pytest.mark.parametrize(
    "value",
    [
        True,
        -5,
        2**40,
        1.1,
        Decimal("-12.50"),
        Decimal("12345678901234567890123456.789012345678"),
        Decimal("-12345678901234567890123456.789012345678"),
        "text ż 😀",
        "",
        "x" * 10_000,
        "ü" * 5_000,
        b"\x00\x01",
        b"\xff" * 20_000,
        date(2013, 1, 31),
        local(2013, 1, 31, 13, 14, 15, 123456),
        None,
    ],
    ids=lambda value: f"{type(value).__name__}-{str(value)[:12]}",
)
def test_parameter_of_each_type_arrives_unchanged(connection, value):
    assert connection.execute("SELECT ?", value).fetchval() == value


@pytest.mark.parametrize("value", [time(13, 14, 15), GUID], ids=["time", "uniqueidentifier"])
def test_time_and_guid_parameters_arrive_unchanged(connect, value):
    """As the Microsoft driver types them; FreeTDS sends text."""
    got = connect("microsoft").execute("SELECT ?", value).fetchval()
    assert got == (str(value).upper() if isinstance(value, UUID) else value)


def test_datetimeoffset_parameter_keeps_the_moment(connect):
    connection = connect("microsoft")
    connection.add_output_converter(DATETIMEOFFSET, read_datetimeoffset)
    cursor = connection.cursor()
    cursor.setinputsizes([(DATETIMEOFFSET, 34, 7)])
    got = cursor.execute("SELECT ?", "2013-01-31 13:14:15.1234560 +02:00").fetchval()
    assert got == datetime(2013, 1, 31, 11, 14, 15, 123456, UTC)


def test_rows_with_every_mixture_of_nulls(connection):
    """More than eight columns, so that the bitmap of missing cells has two bytes."""
    columns = ", ".join(f"CASE WHEN i & {1 << bit} = 0 THEN {bit} + i END AS c{bit}" for bit in range(9))
    texts = "CASE WHEN i % 3 > 0 THEN repeat('é', i::INTEGER % 5) END AS s"
    rows = connection.execute(f"SELECT {columns}, {texts} FROM range(512) t(i) ORDER BY i").fetchall()
    assert [tuple(row) for row in rows] == [
        (*(bit + i if not i & 1 << bit else None for bit in range(9)), "é" * (i % 5) if i % 3 else None)
        for i in range(512)
    ]


def test_no_rows_still_describe_their_columns(connection):
    cursor = connection.execute("SELECT 1 AS number, 'x' AS \"text::nvarchar(7)\" WHERE FALSE")
    assert [(column[0], column[1], column[3]) for column in cursor.description] == [
        ("number", int, 10),
        ("text", str, 7),
    ]
    assert cursor.fetchall() == []


def test_value_longer_than_its_column_declares_is_an_error(connection):
    with pytest.raises(pyodbc.Error, match="8152"):
        connection.execute("SELECT 'four' AS \"text::nvarchar(3)\"").fetchall()


def test_long_rows_of_all_sizes_arrive_unchanged(connection):
    rows = connection.execute("SELECT repeat('x', i::INTEGER * 37) FROM range(1500) t(i) ORDER BY i").fetchall()
    assert [len(row[0]) for row in rows] == [i * 37 for i in range(1500)]
