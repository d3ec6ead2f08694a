"""TYPE_INFO: how a type is described on the wire, in both directions.

Source: [MS-TDS] 2.2.5.4 to 2.2.5.6.
"""

from __future__ import annotations

import struct
from typing import Final

from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tds.tokens import COLLATION

#: Length in a TYPE_INFO that announces a value in chunks.
CHUNKED: Final = 0xFFFF

_SIZED: Final = {
    "bit": (0x68, 1),
    "tinyint": (0x26, 1),
    "smallint": (0x26, 2),
    "int": (0x26, 4),
    "bigint": (0x26, 8),
    "real": (0x6D, 4),
    "float": (0x6D, 8),
    "smallmoney": (0x6E, 4),
    "money": (0x6E, 8),
    "smalldatetime": (0x6F, 4),
    "datetime": (0x6F, 8),
    "uniqueidentifier": (0x24, 16),
}
_SCALED: Final = {"time": 0x29, "datetime2": 0x2A, "datetimeoffset": 0x2B}
_CHARACTERS: Final = {"char": (0xAF, 1), "varchar": (0xA7, 1), "nchar": (0xEF, 2), "nvarchar": (0xE7, 2)}
_BYTES: Final = {"binary": 0xAD, "varbinary": 0xA5}


def decimal_size(precision: int) -> int:
    """Return the bytes of a decimal's magnitude: 4, 8, 12 or 16."""
    return 4 if precision <= 9 else 8 if precision <= 19 else 12 if precision <= 28 else 16


def time_size(scale: int) -> int:
    """Return the bytes of a time of day with ``scale`` fractional digits: 3, 4 or 5."""
    return 3 if scale <= 2 else 4 if scale <= 4 else 5


def maximum_size(sql_type: SqlType) -> int:
    """Return the bytes that a value of a character or binary type may have; ``CHUNKED`` for ``(max)``.

    A type without length gets the longest that is not ``(max)``.
    """
    if sql_type.length == MAX:
        return CHUNKED
    width = _CHARACTERS[sql_type.name][1] if sql_type.name in _CHARACTERS else 1
    return 8000 if sql_type.length is None else sql_type.length * width


def encode_type(sql_type: SqlType) -> bytes:
    """Return the TYPE_INFO of a result column."""
    name = sql_type.name
    if name in _SIZED:
        return bytes(_SIZED[name])
    if name == "decimal":
        precision = sql_type.precision or 18
        return bytes((0x6A, decimal_size(precision) + 1, precision, sql_type.scale or 0))
    if name == "date":
        return b"\x28"
    if name in _SCALED:
        return bytes((_SCALED[name], time_scale(sql_type)))
    if name in _CHARACTERS:
        return struct.pack("<BH", _CHARACTERS[name][0], maximum_size(sql_type)) + COLLATION
    return struct.pack("<BH", _BYTES[name], maximum_size(sql_type))


def time_scale(sql_type: SqlType) -> int:
    """Return the fractional digits of a time type; 7 where none are declared."""
    return 7 if sql_type.scale is None else sql_type.scale
