"""Functions on dates and times."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.date_parts import check_part, part_of
from airflow_synapse.local.tsql.date_styles import offset_lost, rounded
from airflow_synapse.local.tsql.function_call import FunctionCall, Signature
from airflow_synapse.local.tsql.type_rules import BIGINT, DATE, DATETIME, DATETIME2, INT, TIME_TYPES
from airflow_synapse.local.tsql.typed import Typed

_ADDERS: Final = {
    "year": "to_years", "quarter": "to_quarters", "month": "to_months", "dayofyear": "to_days", "day": "to_days",
    "week": "to_weeks", "weekday": "to_days", "hour": "to_hours", "minute": "to_minutes", "second": "to_seconds",
    "millisecond": "to_milliseconds", "microsecond": "to_microseconds",
}  # fmt: skip
#: More of them than a date can be moved by, and few enough for DuckDB to add.
_MOST: Final = {
    "to_years": 10_000, "to_quarters": 40_000, "to_months": 120_000, "to_weeks": 530_000, "to_days": 3_700_000,
}  # fmt: skip
#: Least and greatest moment that, rounded, is one of the type.
_RANGES: Final = {
    **dict.fromkeys(("date", "datetime2", "datetimeoffset"), ("0001-01-01", "9999-12-31 23:59:59.999999")),
    "smalldatetime": ("1899-12-31 23:59:29.999", "2079-06-06 23:59:29.998"),
    "datetime": ("1752-12-31 23:59:59.999", "9999-12-31 23:59:59.998"),
}
_READERS: Final = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "dayofyear": "dayofyear({0})",
    "day": "day({0})",
    "weekday": "(dayofweek({0}) + 1)",  # DATEFIRST is 7: Sunday is 1
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(microsecond({0}) % 1000000 // 1000)",  # DuckDB counts from the full minute
    "microsecond": "(microsecond({0}) % 1000000)",
    "nanosecond": "(microsecond({0}) % 1000000 * 1000)",
    "iso_week": "weekofyear({0})",
    "week": "((dayofyear({0}) + dayofweek(date_trunc('year', {0})) - 1) // 7 + 1)",
}
_NAMES: Final = {"month": "monthname({0})", "weekday": "dayname({0})"}


def _moment(value: Typed) -> Typed:
    """Text is read as datetime2, which holds every date."""
    if value.type is None or value.type.name not in TIME_TYPES - {"time", "datetimeoffset"}:
        return convert(value, DATETIME2)
    return value


def _instant(value: Typed) -> str:
    """Assumption: DATEDIFF of a datetimeoffset counts the boundaries of UTC: its offset is not used."""
    if value.type is not None and value.type.name == "datetimeoffset":
        return f"({value.sql} AT TIME ZONE 'UTC')"
    return _moment(value).sql


def _dateadd(call: FunctionCall) -> Typed:
    """DATEADD keeps the type of its date; text becomes datetime. Source: DATEADD reference, Return types.

    Assumption: A time or datetime2 with fewer fractional digits than what DATEADD adds is rounded.
    """
    part = part_of(call)
    adder = _ADDERS.get(part)
    value = call[2]
    if value.type is None or value.type.name not in TIME_TYPES:
        value = convert(value, DATETIME)
    check_part(call, part, value)
    if adder is None:
        raise PoolError(9810, f"The datepart {part} is not supported by the function dateadd in the local pool.")
    count = call.number(1, BIGINT if adder in {"to_microseconds", "to_milliseconds", "to_seconds"} else INT)
    target = value.type or DATETIME
    if target.name == "datetimeoffset" and adder in {"to_years", "to_quarters", "to_months"}:
        raise offset_lost()  # the length of the month may be that of another month
    moved = rounded(_moved(value.sql, adder, count, target), target)
    return Typed(f"CAST({moved} AS {target.duckdb_name})", target)


def _moved(sql: str, adder: str, count: str, target: SqlType) -> str:
    """Return the SQL of a moment moved, with error 517 where its type ends."""
    if adder in _MOST:
        count = f"tsql_at_most({count}, {_MOST[adder]})"
    moved = f"({sql} + {adder}({count}))"
    if target.name not in _RANGES:
        return moved
    first, last = _RANGES[target.name]
    return f"tsql_added({moved}, '{first}', '{last}', '{target.name}')"


def _datediff(call: FunctionCall) -> Typed:
    """Count the boundaries that were crossed; weeks begin on Sunday."""
    part = part_of(call)
    start, end = _instant(call[1]), _instant(call[2])
    target = BIGINT if call.name == "DATEDIFF_BIG" else INT
    if part == "week":
        first, last = (f"date_trunc('week', {moment} + INTERVAL 1 DAY)" for moment in (start, end))
        sql = f"date_diff('day', {first}, {last}) // 7"  # DuckDB's weeks begin on Monday
    elif part == "nanosecond":
        sql = f"date_diff('microsecond', {start}, {end}) * 1000"
    else:
        unit = {"dayofyear": "day", "weekday": "day", "iso_week": "week"}.get(part, part)
        sql = f"date_diff('{unit}', {start}, {end})"
    return Typed(f"CAST({sql} AS {target.duckdb_name})", target)


def _datepart(call: FunctionCall) -> Typed:
    part = part_of(call)
    check_part(call, part, call[1])
    return Typed(f"CAST({_READERS[part].format(_moment(call[1]).sql)} AS INTEGER)", INT)


def _datename(call: FunctionCall) -> Typed:
    part = part_of(call)
    check_part(call, part, call[1])
    template = _NAMES.get(part, f"CAST({_READERS[part]} AS VARCHAR)")
    return Typed(template.format(_moment(call[1]).sql), SqlType("nvarchar", 30))


def _reader(part: str) -> Signature:
    def build(call: FunctionCall) -> Typed:
        return Typed(f"CAST({part}({_moment(call[0]).sql}) AS INTEGER)", INT)

    return Signature(build, 1, 1)


def _now(target: SqlType) -> Signature:
    """Return the clock of the pool, which is UTC.

    Assumption: GETDATE and SYSDATETIME tell UTC in the local pool.
    """

    def build(_: FunctionCall) -> Typed:
        moment = "CAST(now() AS TIMESTAMP)" if target.name != "datetimeoffset" else "now()"
        return Typed(f"tsql_datetime({moment})" if target.name == "datetime" else moment, target, nullable=False)

    return Signature(build)


def _eomonth(call: FunctionCall) -> Typed:
    moment = _moment(call[0]).sql
    if len(call) == 2:
        moment = _moved(moment, "to_months", call.number(1, INT), DATE)
    return Typed(f"last_day({moment})", DATE)


def _datefromparts(call: FunctionCall) -> Typed:
    parts = ", ".join(call.number(index, BIGINT) for index in range(3))
    return Typed(f"make_date({parts})", DATE)


def _datetime2fromparts(call: FunctionCall) -> Typed:
    parts = ", ".join(call.number(index, BIGINT) for index in range(5))
    scale = int(call.literal(7))
    seconds = f"{call.number(5, BIGINT)} + {call.number(6, BIGINT)} / 1e{scale}"
    return Typed(f"make_timestamp({parts}, {seconds})", SqlType("datetime2", scale=scale))


def _datetimefromparts(call: FunctionCall) -> Typed:
    parts = ", ".join(call.number(index, BIGINT) for index in range(5))
    seconds = f"{call.number(5, BIGINT)} + {call.number(6, BIGINT)} / 1e3"
    return Typed(f"tsql_datetime(make_timestamp({parts}, {seconds}))", DATETIME)


_WORD: Final = frozenset({0})
FUNCTIONS: Final = {
    "DATEADD": Signature(_dateadd, 3, 3, _WORD),
    "DATEDIFF": Signature(_datediff, 3, 3, _WORD),
    "DATEDIFF_BIG": Signature(_datediff, 3, 3, _WORD),
    "DATEPART": Signature(_datepart, 2, 2, _WORD),
    "DATENAME": Signature(_datename, 2, 2, _WORD),
    "YEAR": _reader("year"),
    "MONTH": _reader("month"),
    "DAY": _reader("day"),
    "GETDATE": _now(DATETIME),
    "GETUTCDATE": _now(DATETIME),
    "CURRENT_TIMESTAMP": _now(DATETIME),
    "SYSDATETIME": _now(DATETIME2),
    "SYSUTCDATETIME": _now(DATETIME2),
    "SYSDATETIMEOFFSET": _now(SqlType("datetimeoffset", scale=7)),
    "EOMONTH": Signature(_eomonth, 1, 2),
    "DATEFROMPARTS": Signature(_datefromparts, 3, 3),
    "DATETIMEFROMPARTS": Signature(_datetimefromparts, 7, 7),
    "DATETIME2FROMPARTS": Signature(_datetime2fromparts, 8, 8),
}
