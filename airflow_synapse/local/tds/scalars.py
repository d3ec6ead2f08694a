"""Single values of parameters: bytes of the wire to Python values.

Source: [MS-TDS] 2.2.5.5, data type dependent value formats.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Context, Decimal
from functools import cache, partial
from typing import Final
from uuid import UUID

from airflow_synapse.local.tds.packets import ProtocolError

Convert = Callable[[bytes], object]

# The default context of 28 digits would silently round decimal(38, x).
_EXACT: Final = Context(prec=76)
_DAY_ONE: Final = date(1, 1, 1).toordinal()
_YEAR_1900: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - datetime has no time zone
_UTF8_COLLATION: Final = 1 << 26


def integer(raw: bytes) -> int:
    """Convert an integer; ``tinyint`` is the only one without sign."""
    return int.from_bytes(raw, "little", signed=len(raw) > 1)


def bit(raw: bytes) -> bool:
    """Convert a bit."""
    return raw[0] != 0


def floating(raw: bytes) -> float:
    """Convert a ``real`` or ``float``."""
    value: float = struct.unpack("<f" if len(raw) == 4 else "<d", raw)[0]
    return value


def decimal(raw: bytes, *, scale: int) -> Decimal:
    """Convert a sign byte (1 is positive) and a magnitude."""
    magnitude = int.from_bytes(raw[1:], "little")
    return Decimal(magnitude if raw[0] else -magnitude).scaleb(-scale, _EXACT)


def money(raw: bytes) -> Decimal:
    """Convert ten-thousandths; the 8-byte form has its high half first."""
    units = int.from_bytes(raw[4:] + raw[:4] if len(raw) == 8 else raw, "little", signed=True)
    return Decimal(units).scaleb(-4, _EXACT)


def guid(raw: bytes) -> UUID:
    """Convert a ``uniqueidentifier``."""
    return UUID(bytes_le=raw)


def wide_text(raw: bytes) -> str:
    """Convert UTF-16."""
    return raw.decode("utf-16-le", "replace")


def narrow_text(raw: bytes, *, encoding: str) -> str:
    """Convert text of a code page."""
    return raw.decode(encoding, "replace")


def narrow_encoding(collation: bytes) -> str:
    """Return the Python name of a collation's encoding.

    Only the code page of the server's own collation and UTF-8 can occur: a driver uses what the login named.
    """
    return "utf-8" if int.from_bytes(collation[:4], "little") & _UTF8_COLLATION else "cp1252"


def binary(raw: bytes) -> bytes:
    """Convert bytes: they stay what they are."""
    return raw


def day(raw: bytes) -> date:
    """Convert days since 0001-01-01."""
    return date.fromordinal(_DAY_ONE + int.from_bytes(raw, "little"))


def time_of_day(raw: bytes, *, scale: int) -> time:
    """Convert units of ``10 ** -scale`` seconds; a seventh digit is lost, as DuckDB keeps microseconds."""
    microseconds = int.from_bytes(raw, "little") * 10 ** (7 - scale) // 10
    seconds, microsecond = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return time(hour, minute, second, microsecond)


def datetime2(raw: bytes, *, scale: int) -> datetime:
    """Convert a time of day and a date."""
    return datetime.combine(day(raw[-3:]), time_of_day(raw[:-3], scale=scale))


def datetimeoffset(raw: bytes, *, scale: int) -> datetime:
    """Convert a moment in UTC and the minutes that its place is ahead of it."""
    minutes = int.from_bytes(raw[-2:], "little", signed=True)
    moment = datetime2(raw[:-2], scale=scale).replace(tzinfo=UTC)
    return moment.astimezone(timezone(timedelta(minutes=minutes)))


def old_datetime(raw: bytes) -> datetime:
    """Convert a ``datetime`` (days and 300ths of a second) or ``smalldatetime`` (days and minutes)."""
    if len(raw) == 4:
        days, minutes = struct.unpack("<HH", raw)
        return _YEAR_1900 + timedelta(days=days, minutes=minutes)
    days, ticks = struct.unpack("<iI", raw)
    return _YEAR_1900 + timedelta(days=days, milliseconds=(ticks * 10 + 1) // 3)


@cache
def scaled(convert: Callable[..., object], scale: int) -> Convert:
    """Return ``convert`` for one scale."""
    if scale > 38:
        raise ProtocolError(f"A type has the scale {scale}.")
    return partial(convert, scale=scale)
