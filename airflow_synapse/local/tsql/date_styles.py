"""Dates and times as text and back, by the style numbers of CONVERT.

Source: T-SQL reference, CAST and CONVERT, Date and time styles.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.reader import not_supported
from airflow_synapse.local.tsql.typed import quote_literal

#: DuckDB's pattern of each style; FRACTION stands for a point and the fraction that the type has.
_FRACTION: Final = "FRACTION"
_PATTERNS: Final = {
    1: "%m/%d/%y",
    3: "%d/%m/%y",
    4: "%d.%m.%y",
    12: "%y%m%d",
    23: "%Y-%m-%d",
    101: "%m/%d/%Y",
    102: "%Y.%m.%d",
    103: "%d/%m/%Y",
    104: "%d.%m.%Y",
    105: "%d-%m-%Y",
    106: "%d %b %Y",
    107: "%b %d, %Y",
    108: "%H:%M:%S",
    110: "%m-%d-%Y",
    111: "%Y/%m/%d",
    112: "%Y%m%d",
    114: "%H:%M:%S:%g",
    120: "%Y-%m-%d %H:%M:%S",
    121: f"%Y-%m-%d %H:%M:%S{_FRACTION}",
    126: f"%Y-%m-%dT%H:%M:%S{_FRACTION}",
}
_SYNONYMS: Final = {20: 120, 21: 121, 25: 121, 127: 126, 100: 0, 24: 108, 8: 108, 14: 114}
#: Styles whose dates can be read by their own pattern alone.
_READABLE: Final = frozenset({1, 3, 4, 12, 101, 102, 103, 104, 105, 106, 107, 110, 111, 112})
#: The styles of types that do not have them all.
_STYLES_OF: Final = {
    "time": frozenset({108, 114, 121}),
    "date": frozenset(_PATTERNS) - {108, 114},
    "datetimeoffset": frozenset({121}),
}
#: What stands for a part of a pattern in a text: DuckDB's strptime is content with fewer digits.
_SHAPES: Final = {
    "%Y": "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    "%y": "[0-9]{2}",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%b": "[A-Za-z]{3}",
}


def to_text(sql: str, source: SqlType, style: int | None) -> str:
    """Return the SQL of a date or time as text.

    Without a style, datetime and smalldatetime are written as ``Jan  5 2013  1:04PM``, the others in ISO form.

    Assumption: Style 126 leaves a fraction of zero out for every type, and style 0 writes the hour of a time without a
    blank before it and of a date nothing but the day.
    """
    default = 0 if source.name in {"datetime", "smalldatetime"} else 121
    style = default if style is None else _SYNONYMS.get(style, style)
    has_style = style in (_STYLES_OF.get(source.name) or _PATTERNS)
    if not has_style and (style != 0 or source.name == "datetimeoffset"):
        raise not_supported(f"The date style {style} of {source.name}")
    if source.name == "datetimeoffset":
        written = _with_fraction(f"strftime({sql}, '%Y-%m-%d %H:%M:%S", sql, source)
        return f"({written} || ' +00:00')"
    if source.name == "time":
        sql = f"(DATE '1900-01-01' + {sql})"
    if style == 0:
        return _month_first(sql, source)
    pattern = _PATTERNS[style]
    if source.name in {"date", "time"} and style in {120, 121, 126}:
        pattern = "%Y-%m-%d" if source.name == "date" else f"%H:%M:%S{_FRACTION}"
    if not pattern.endswith(_FRACTION):
        return f"strftime({sql}, '{pattern}')"
    written = _with_fraction(f"strftime({sql}, '{pattern.removesuffix(_FRACTION)}", sql, source)
    return f"regexp_replace({written}, '[.]0+$', '')" if style == 126 else written


def _month_first(sql: str, source: SqlType) -> str:
    day = f"strftime({sql}, '%b ') || lpad(strftime({sql}, '%-d'), 2, ' ') || strftime({sql}, ' %Y')"
    if source.name == "date":
        return f"({day})"
    if source.name == "time":
        return f"strftime({sql}, '%-I:%M%p')"
    return f"({day} || ' ' || lpad(strftime({sql}, '%-I'), 2, ' ') || strftime({sql}, ':%M%p'))"


def _with_fraction(opened: str, sql: str, source: SqlType) -> str:
    digits = {"datetime": 3, "smalldatetime": 0, "date": 0}.get(source.name, source.scale)
    digits = 7 if digits is None else digits
    if digits == 0:
        return f"{opened}')"
    return f"({opened}.') || left(strftime({sql}, '%f') || '0', {digits}))"


def from_text(sql: str, target: SqlType, style: int | None) -> str:
    """Return the SQL of a text as a date or time; NULL where it is none.

    Assumption: A text that has not the form of its style, or a year of two digits where the style has four and the
    reverse, is no date.
    """
    style = None if style is None else _SYNONYMS.get(style, style)
    if style in _READABLE and target.name not in {"time", "datetimeoffset"}:
        return _cast(_by_style(f"trim({sql})", _PATTERNS[style]), target)
    if style not in {None, 0, 23, 108, 120, 121, 126}:
        raise not_supported(f"The date style {style}")
    return _cast(f"tsql_try_moment({sql}, '{target.name}')", target)


def _by_style(sql: str, pattern: str) -> str:
    shape = re.sub("%.", lambda part: _SHAPES[part[0]], pattern.replace(".", "[.]"))
    if pattern in {"%y%m%d", "%Y%m%d"}:
        shape = shape.replace("{1,2}", "{2}")
    read = f"try_strptime({sql}, {quote_literal(pattern)})"
    if "%y" in pattern:
        read = f"tsql_short_year({read})"
    return f"CASE WHEN regexp_full_match({sql}, {quote_literal(shape)}) THEN {read} END"


def _cast(sql: str, target: SqlType) -> str:
    if target.name == "datetimeoffset":
        return f"(({sql}) AT TIME ZONE 'UTC')"
    return f"CAST({sql} AS {target.duckdb_name})"


def offset_lost() -> PoolError:
    """Return the error for what would need the offset.

    Assumption: The local pool keeps the instant of a datetimeoffset, not its offset: the text of one has the offset
    +00:00, and what depends on the offset, such as its date, is refused.
    """
    return not_supported("What depends on the offset of a datetimeoffset")


def between(sql: str, source: SqlType, target: SqlType) -> str:
    """Return the SQL of one kind of date or time as another."""
    if source.name == "datetimeoffset" and target.name != "datetimeoffset":
        raise offset_lost()
    if source.name == "time":
        sql = f"(DATE '1900-01-01' + {sql})"
    return f"CAST({sql} AS {target.duckdb_name})"


def rounded(sql: str, target: SqlType) -> str:
    """Return the SQL of a moment rounded as its type stores it: datetime to 1/300 s, smalldatetime to the minute.

    Source: smalldatetime reference: from 29.999 seconds on it is the next minute.
    """
    if target.name == "datetime":
        return f"tsql_datetime({sql})"
    if target.name == "smalldatetime":
        return f"date_trunc('minute', {sql} + INTERVAL 30001 MILLISECONDS)"
    if target.name == "time" and (target.scale or 0) < 6:
        return f"tsql_time({sql}, {10 ** (6 - (target.scale or 0))})"
    if target.name == "datetime2" and (target.scale or 0) < 6:
        return f"tsql_datetime2({sql}, {10 ** (6 - (target.scale or 0))})"
    return sql
