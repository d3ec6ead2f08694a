"""Read one text as a value of a T-SQL type: the rules, exact and slow.

:mod:`.fast_values` answers for most texts; every other one comes here, and so does a DEFAULT of the column list.

Source: T-SQL reference, CAST and CONVERT and the pages of the types; COPY reference 2026-05: a value that is more
precise than its column is truncated, not rounded.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import pyarrow as pa

from airflow_synapse.local.arrow_types import ARROW_TYPES
from airflow_synapse.local.copy.tsql_dates import Moment, read_moment, truncated_ticks
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType

_INTEGER: Final = re.compile(r" *([+-]?[0-9]+) *")
_DECIMAL: Final = re.compile(r" *([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)) *")
_FLOAT: Final = re.compile(r" *([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) *")
_MONEY: Final = re.compile(r" *([+-]?)[$£¥€]?([+-]?)((?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)) *")
_GUID: Final = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_HEXADECIMAL: Final = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})*)")
_INTEGER_RANGES: Final = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_MONEY_LIMITS: Final = {"money": Decimal(2**63 - 1) / 10**4, "smallmoney": Decimal(2**31 - 1) / 10**4}
_EPOCH: Final = date(1900, 1, 1)


class ConversionError(ValueError):
    """A text is no value of the type; the message says why and does not repeat the text."""


def arrow_type(sql_type: SqlType) -> pa.DataType:
    """Return the Arrow type in which values of ``sql_type`` are handed to DuckDB."""
    if sql_type.name == "decimal":
        return pa.decimal128(sql_type.precision or 18, sql_type.scale or 0)
    if sql_type.name in BINARY_TYPES:
        return pa.binary()
    return ARROW_TYPES.get(sql_type.name, pa.string())


def read_value(text: str, sql_type: SqlType, date_format: str) -> object:
    """Return the value that ``text`` has in ``sql_type``, as pyarrow takes it for :func:`arrow_type`.

    Assumption: A field of blanks alone is no number, no bit and no date: the row is rejected.

    :param date_format: Such as ``mdy``.
    :raises ConversionError: It has none.
    """
    if sql_type.name in CHARACTER_TYPES:
        return _read_text(text, sql_type)
    if sql_type.name in _INTEGER_RANGES:
        return _read_integer(text, sql_type)
    if sql_type.name in _MOMENT_READERS:
        moment = read_moment(text, date_format)
        if moment is None:
            raise _no_value(sql_type)
        return _MOMENT_READERS[sql_type.name](moment, sql_type)
    return _READERS[sql_type.name](text, sql_type)


def _no_value(sql_type: SqlType) -> ConversionError:
    return ConversionError(f"conversion failed when converting to data type {sql_type.name}")


def _overflow(sql_type: SqlType) -> ConversionError:
    return ConversionError(f"arithmetic overflow converting to data type {sql_type.name}")


def _out_of_range(sql_type: SqlType) -> ConversionError:
    return ConversionError(f"the value is out of range for data type {sql_type.name}")


def text_length(text: str, sql_type: SqlType) -> int:
    """Return the length that counts against the column's: UTF-16 units for nchar and nvarchar, else characters.

    Assumption: A char or varchar column counts one byte for each character, whatever its collation.
    """
    return len(text.encode("utf-16-le")) // 2 if sql_type.name in {"nchar", "nvarchar"} else len(text)


def _read_text(text: str, sql_type: SqlType) -> str:
    if sql_type.length not in {None, MAX} and text_length(text, sql_type) > (sql_type.length or 0):
        raise ConversionError("string or binary data would be truncated")
    return text


def _read_integer(text: str, sql_type: SqlType) -> int:
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise _no_value(sql_type)
    low, high = _INTEGER_RANGES[sql_type.name]
    digits = match[1].lstrip("+-").lstrip("0")
    value = int(match[1]) if len(digits) < 20 else high + 1
    if not low <= value <= high:
        raise _overflow(sql_type)
    return value


def _read_bit(text: str, sql_type: SqlType) -> bool:
    word = text.strip(" ").lower()
    if word in {"true", "false"}:
        return word == "true"
    if _INTEGER.fullmatch(text) is None:
        raise _no_value(sql_type)
    return any(digit in "123456789" for digit in text)


def _read_decimal(text: str, sql_type: SqlType) -> Decimal:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise _no_value(sql_type)
    precision, scale = sql_type.precision or 18, sql_type.scale or 0
    value = _truncated(match[1], scale)
    if value.copy_abs() >= Decimal(10) ** (precision - scale):
        raise _overflow(sql_type)
    return value


def _truncated(digits: str, scale: int) -> Decimal:
    whole, _, fraction = digits.partition(".")
    return Decimal(f"{whole or '0'}.{fraction[:scale]}" if whole not in {"+", "-"} else f"{whole}0.{fraction[:scale]}")


def _read_money(text: str, sql_type: SqlType) -> Decimal:
    match = _MONEY.fullmatch(text)
    if match is None or (match[1] and match[2]):
        raise _no_value(sql_type)
    value = _truncated(match[1] + match[2] + match[3].replace(",", ""), 4)
    limit = _MONEY_LIMITS[sql_type.name]
    if not -limit - Decimal("0.0001") <= value <= limit:
        raise _overflow(sql_type)
    return value


def _read_float(text: str, sql_type: SqlType) -> float:
    match = _FLOAT.fullmatch(text)
    if match is None:
        raise _no_value(sql_type)
    value = float(match[1])
    if sql_type.name == "real":
        try:
            value = float(struct.unpack("<f", struct.pack("<f", value))[0])
        except OverflowError:
            raise _overflow(sql_type) from None
    if math.isinf(value):
        raise _overflow(sql_type)
    return value


def _read_guid(text: str, sql_type: SqlType) -> str:
    match = _GUID.fullmatch(text.strip(" "))
    if match is None or text.strip(" ").startswith("{") != text.strip(" ").endswith("}"):
        raise _no_value(sql_type)
    return match[1].lower()


def _read_binary(text: str, sql_type: SqlType) -> bytes:
    """Read hexadecimal digits.

    Assumption: A field of a binary column holds pairs of hexadecimal digits, with or without 0x before them.
    """
    match = _HEXADECIMAL.fullmatch(text)
    if match is None:
        raise _no_value(sql_type)
    value = bytes.fromhex(match[1])
    if sql_type.length not in {None, MAX} and len(value) > (sql_type.length or 0):
        raise ConversionError("string or binary data would be truncated")
    return value.ljust(sql_type.length or 0, b"\0") if sql_type.name == "binary" else value


def _read_date(moment: Moment, _: SqlType) -> date:
    return moment.day or _EPOCH


def _read_time(moment: Moment, sql_type: SqlType) -> time:
    microseconds = truncated_ticks(moment.ticks, _scale(sql_type)) // 10
    return (datetime.combine(_EPOCH, time()) + timedelta(microseconds=microseconds)).time()


def _scale(sql_type: SqlType) -> int:
    return 7 if sql_type.scale is None else sql_type.scale


def _at(moment: Moment, ticks: int) -> datetime:
    return datetime.combine(moment.day or _EPOCH, time()) + timedelta(microseconds=ticks // 10)


def _read_datetime2(moment: Moment, sql_type: SqlType) -> datetime:
    return _at(moment, truncated_ticks(moment.ticks, _scale(sql_type)))


def _read_datetime(moment: Moment, sql_type: SqlType) -> datetime:
    """Read a value with the precision of 1/300 second, shown as .000, .003 and .007."""
    if (moment.day or _EPOCH).year < 1753 or moment.offset:
        raise _out_of_range(sql_type)
    three_hundredths = moment.ticks * 300 // 10**7
    return _at(moment, round(three_hundredths * 10 / 3) * 10**4)


def _read_smalldatetime(moment: Moment, sql_type: SqlType) -> datetime:
    day = moment.day or _EPOCH
    if not date(1900, 1, 1) <= day <= date(2079, 6, 6) or moment.offset:
        raise _out_of_range(sql_type)
    return _at(moment, moment.ticks // (60 * 10**7) * (60 * 10**7))


def _read_datetimeoffset(moment: Moment, sql_type: SqlType) -> datetime:
    local = _at(moment, truncated_ticks(moment.ticks, _scale(sql_type)))
    try:
        return (local - timedelta(minutes=moment.offset or 0)).replace(tzinfo=UTC)
    except OverflowError:
        raise _out_of_range(sql_type) from None


_READERS: Final[Mapping[str, Callable[[str, SqlType], object]]] = {
    "bit": _read_bit,
    "decimal": _read_decimal,
    "money": _read_money,
    "smallmoney": _read_money,
    "real": _read_float,
    "float": _read_float,
    "uniqueidentifier": _read_guid,
    "binary": _read_binary,
    "varbinary": _read_binary,
}
_MOMENT_READERS: Final[Mapping[str, Callable[[Moment, SqlType], object]]] = {
    "date": _read_date,
    "time": _read_time,
    "datetime": _read_datetime,
    "smalldatetime": _read_smalldatetime,
    "datetime2": _read_datetime2,
    "datetimeoffset": _read_datetimeoffset,
}
