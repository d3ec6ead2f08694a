"""Values of SQL Server that pyodbc does not read by itself."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone
from typing import Any, Final

#: SQL_SS_TIMESTAMPOFFSET. Source: msodbcsql.h of Microsoft's driver.
_DATETIMEOFFSET: Final = -155


def add_converters(connection: Any) -> None:  # noqa: ANN401 - pyodbc ships no type information
    """Let a connection read datetimeoffset."""
    connection.add_output_converter(_DATETIMEOFFSET, _read_datetimeoffset)


def _read_datetimeoffset(raw: bytes) -> datetime:
    """Read the driver's SQL_SS_TIMESTAMPOFFSET_STRUCT; a datetime has no place for its tenths of a microsecond."""
    year, month, day, hour, minute, second, nanoseconds, hours, minutes = struct.unpack("<6hI2h", raw)
    zone = timezone(timedelta(hours=hours, minutes=minutes))
    return datetime(year, month, day, hour, minute, second, nanoseconds // 1000, zone)
