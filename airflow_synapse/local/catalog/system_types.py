"""The rows of sys.types: ids, sizes and digits of every data type.

Source: T-SQL reference, sys.types and sys.columns (max_length, precision, scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType

COLLATION: Final = "SQL_Latin1_General_CP1_CI_AS"


@dataclass(frozen=True, slots=True)
class SystemType:
    """A data type: its ids, and bytes, precision and scale where its declaration gives none."""

    name: str
    system_type_id: int
    user_type_id: int
    max_length: int
    precision: int = 0
    scale: int = 0


TYPES: Final = (
    SystemType("uniqueidentifier", 36, 36, 16),
    SystemType("date", 40, 40, 3, 10),
    SystemType("time", 41, 41, 5, 16, 7),
    SystemType("datetime2", 42, 42, 8, 27, 7),
    SystemType("datetimeoffset", 43, 43, 10, 34, 7),
    SystemType("tinyint", 48, 48, 1, 3),
    SystemType("smallint", 52, 52, 2, 5),
    SystemType("int", 56, 56, 4, 10),
    SystemType("smalldatetime", 58, 58, 4, 16),
    SystemType("real", 59, 59, 4, 24),
    SystemType("money", 60, 60, 8, 19, 4),
    SystemType("datetime", 61, 61, 8, 23, 3),
    SystemType("float", 62, 62, 8, 53),
    SystemType("bit", 104, 104, 1, 1),
    SystemType("decimal", 106, 106, 17, 38, 38),
    SystemType("numeric", 108, 108, 17, 38, 38),
    SystemType("smallmoney", 122, 122, 4, 10, 4),
    SystemType("bigint", 127, 127, 8, 19),
    SystemType("varbinary", 165, 165, 8000),
    SystemType("varchar", 167, 167, 8000),
    SystemType("binary", 173, 173, 8000),
    SystemType("char", 175, 175, 8000),
    SystemType("nvarchar", 231, 231, 8000),
    SystemType("nchar", 239, 239, 8000),
    SystemType("sysname", 231, 256, 256),
)
_BY_NAME: Final = {found.name: found for found in TYPES}
_BY_ID: Final = {found.user_type_id: found for found in TYPES}
_NATIONAL: Final = frozenset({"nchar", "nvarchar"})


def type_name(user_type_id: int) -> str | None:
    """Return the name of the type, None when there is none of that id."""
    found = _BY_ID.get(user_type_id)
    return found.name if found else None


def system_type(found: SqlType) -> SystemType:
    """Return the row of sys.types for a declared type."""
    return _BY_NAME[found.name]


def max_length(found: SqlType) -> int:
    """Return sys.columns.max_length: bytes, -1 for (max)."""
    if found.name in CHARACTER_TYPES | BINARY_TYPES:
        length = found.length or 1
        return MAX if length == MAX else length * 2 if found.name in _NATIONAL else length
    if found.name == "decimal":
        digits = found.precision or 18
        return 5 if digits <= 9 else 9 if digits <= 19 else 13 if digits <= 28 else 17
    if found.name in {"time", "datetime2", "datetimeoffset"}:
        scale = 7 if found.scale is None else found.scale
        seconds = 3 if scale <= 2 else 4 if scale <= 4 else 5
        return seconds + {"time": 0, "datetime2": 3, "datetimeoffset": 5}[found.name]
    return _BY_NAME[found.name].max_length


def precision(found: SqlType) -> int:
    """Return sys.columns.precision."""
    if found.name == "decimal":
        return found.precision or 18
    if found.name in {"time", "datetime2", "datetimeoffset"}:
        base = {"time": 8, "datetime2": 19, "datetimeoffset": 26}[found.name]
        scale = 7 if found.scale is None else found.scale
        return base + (scale + 1 if scale else 0)
    return _BY_NAME[found.name].precision


def scale(found: SqlType) -> int:
    """Return sys.columns.scale."""
    return found.scale if found.scale is not None else _BY_NAME[found.name].scale
