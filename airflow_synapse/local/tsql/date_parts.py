"""The parts of a date that its functions name, and which type has which."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.function_call import FunctionCall
from airflow_synapse.local.tsql.typed import Typed

#: Date part by each of its spellings. Source: T-SQL reference, DATEADD, datepart.
_PARTS: Final = {
    spelling: part
    for part, spellings in {
        "year": "year yy yyyy",
        "quarter": "quarter qq q",
        "month": "month mm m",
        "dayofyear": "dayofyear dy y",
        "day": "day dd d",
        "week": "week wk ww",
        "weekday": "weekday dw w",
        "hour": "hour hh",
        "minute": "minute mi n",
        "second": "second ss s",
        "millisecond": "millisecond ms",
        "microsecond": "microsecond mcs",
        "nanosecond": "nanosecond ns",
        "iso_week": "iso_week isowk isoww",
    }.items()
    for spelling in spellings.split()
}
_CLOCK: Final = frozenset({"hour", "minute", "second", "millisecond", "microsecond", "nanosecond"})
_FINE: Final = frozenset({"microsecond", "nanosecond"})
_LACKING: Final = {"date": _CLOCK, "time": frozenset(_PARTS.values()) - _CLOCK}


def part_of(call: FunctionCall) -> str:
    """Return the date part that the call names.

    :raises PoolError: 155, there is none of that name.
    """
    word = call.words[0] or ""
    part = _PARTS.get(word.lower())
    if part is None:
        raise PoolError(155, f"'{word}' is not a recognized {call.name.lower()} option.", severity=15)
    return part


def check_part(call: FunctionCall, part: str, value: Typed) -> None:
    """Check that the type of a date has the part; a text is no such type, and what it lacks is that of 1900-01-01.

    Source: DATEPART reference, default returned for a datepart; DATEADD reference, fractional seconds precision.

    :raises PoolError: 9810, it has not.
    """
    name = "" if value.type is None else value.type.name
    lacking = _LACKING.get(name, frozenset())
    if name in {"datetime", "smalldatetime"} and call.name == "DATEADD":
        lacking = _FINE
    if part in lacking:
        message = f"The datepart {part} is not supported by date function {call.name.lower()} for data type {name}."
        raise PoolError(9810, message)
