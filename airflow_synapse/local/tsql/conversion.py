"""Convert expressions between T-SQL types: CAST, CONVERT with styles, and what an INSERT does to its values."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import BINARY_TYPES, MAX, SqlType
from airflow_synapse.local.tsql import date_styles
from airflow_synapse.local.tsql.binary_conversion import store_binary, to_binary
from airflow_synapse.local.tsql.ranges import cast, checked, out_of_range
from airflow_synapse.local.tsql.text_conversion import fit_text, text_of
from airflow_synapse.local.tsql.type_rules import (
    EXACT_TYPES,
    FLOAT_TYPES,
    INTEGER_TYPES,
    MOMENT_TYPES,
    MONEY_TYPES,
    NUMERIC_TYPES,
    TIME_TYPES,
    is_text,
)
from airflow_synapse.local.tsql.typed import Typed, or_error, utf16_length

_NOT_A_NUMBER: Final = "Conversion failed when converting the {source} value to data type {target}."


def convert(value: Typed, target: SqlType, style: int | None = None, *, safe: bool = False) -> Typed:
    """Return ``value`` converted as CAST and CONVERT do: text that is too long is cut.

    :param style: Third argument of CONVERT; None for the default of the types.
    :param safe: NULL instead of an error, as TRY_CAST gives.
    :raises PoolError: 529, there is no such conversion.
    """
    if value.type is None:
        return Typed(f"CAST(NULL AS {target.duckdb_name})", target)
    sql = _convert(value, value.type, target, style, safe=safe)
    return Typed(sql, target, nullable=value.nullable or safe)


def _convert(value: Typed, source: SqlType, target: SqlType, style: int | None, *, safe: bool) -> str:
    if is_text(target):
        return fit_text(text_of(value, style), source, target, safe=safe)
    if target.name in BINARY_TYPES:
        return to_binary(value, source, target, style, safe=safe)
    if target.name in NUMERIC_TYPES:
        return _to_number(value, source, target, safe=safe)
    if target.name in TIME_TYPES:
        return _to_time(value, source, target, style, safe=safe)
    if source.name == "uniqueidentifier":
        return value.sql
    if is_text(source):
        tried = f"TRY_CAST(trim({value.sql}) AS UUID)"
        number, message = 8169, "Conversion failed when converting from a character string to uniqueidentifier."
        return tried if safe else or_error(value.sql, tried, number, message)
    raise _no_conversion(source, target)


def _no_conversion(source: SqlType, target: SqlType) -> PoolError:
    message = f"Explicit conversion from data type {source.name} to {target.name} is not allowed."
    return PoolError(529, message)


# Numbers ----------------------------------------------------------------------------------------------------------


def _to_number(value: Typed, source: SqlType, target: SqlType, *, safe: bool) -> str:
    if source == target:
        return value.sql
    if is_text(source):
        return _text_to_number(value, target, safe=safe)
    if source.name in NUMERIC_TYPES:
        if target.name == "bit":
            return f"CAST({value.sql} AS BOOLEAN)"
        # A number with a fraction is cut, not rounded, when it becomes an integer. Source: CAST and CONVERT reference.
        cut = target.name in INTEGER_TYPES and source.name not in INTEGER_TYPES | MONEY_TYPES | {"bit"}
        return cast(f"trunc({value.sql})" if cut else value.sql, target, safe=safe)
    if source.name in {"datetime", "smalldatetime"} and target.name in INTEGER_TYPES | FLOAT_TYPES:
        days = f"(epoch_us({value.sql}) - epoch_us(TIMESTAMP '1900-01-01')) / 86400000000"
        return cast(days, target, safe=safe)
    raise _no_conversion(source, target)


def _text_to_number(value: Typed, target: SqlType, *, safe: bool) -> str:
    if target.name in INTEGER_TYPES:
        tried = f"tsql_try_integer({value.sql})"
        whole = tried if safe else or_error(value.sql, tried, 245, _message(value, target))
        return cast(whole, target, safe=safe)
    if target.name == "bit":
        tried = f"tsql_try_bit({value.sql})"
    elif target.name in MONEY_TYPES:
        tried = f"TRY_CAST(tsql_try_money({value.sql}) AS {target.duckdb_name})"
    else:
        kind = "float" if target.name in FLOAT_TYPES else "decimal"
        tried = f"TRY_CAST(tsql_try_{kind}({value.sql}) AS {target.duckdb_name})"
    number = 245 if target.name == "bit" else 8114
    message = f"Error converting data type {_name(value.type)} to {_name(target)}."
    known = tried if safe else or_error(value.sql, tried, number, _message(value, target) if number == 245 else message)
    return checked(known, target, safe=safe)


def _message(value: Typed, target: SqlType) -> str:
    return _NOT_A_NUMBER.format(source=_name(value.type), target=target.name)


def _name(found: SqlType | None) -> str:
    return "varchar" if found is None else "numeric" if found.name == "decimal" else found.name


# Dates and times --------------------------------------------------------------------------------------------------


#: The moments that numbers of days can become.
_WITH_NUMBERS: Final = frozenset({"datetime", "smalldatetime"})


def _to_time(value: Typed, source: SqlType, target: SqlType, style: int | None, *, safe: bool) -> str:
    if source == target:
        return value.sql
    if is_text(source):
        tried = date_styles.from_text(value.sql, target, style)
        message = "Conversion failed when converting date and/or time from character string."
        moment = tried if safe else or_error(value.sql, tried, 241, message)
    elif source.name in TIME_TYPES and (source.name, target.name) not in {("date", "time"), ("time", "date")}:
        moment = date_styles.between(value.sql, source, target)
    elif source.name in EXACT_TYPES and target.name in _WITH_NUMBERS:
        moment = f"TIMESTAMP '1900-01-01' + to_microseconds(CAST({value.sql} * 86400000000 AS BIGINT))"
    else:
        raise _no_conversion(source, target)
    if target.name in _WITH_NUMBERS:  # the others hold every moment that another type can have
        moment = checked(moment, target, out_of_range(source, target), safe=safe)
    return date_styles.rounded(moment, target)


# Storing ----------------------------------------------------------------------------------------------------------


#: Types of which CAST shows the whole text or none.
_SHOWN_WHOLE: Final = FLOAT_TYPES | MONEY_TYPES | {"decimal", "bigint", "uniqueidentifier"}


def store(value: Typed, target: SqlType, column: str) -> str:
    """Return the SQL of the value as a column stores it.

    Text that is too long is an error here, unless only blanks are cut.

    Assumption: Text that is too long for its column is refused with number 8152, without naming the column.
    Assumption: An int that has no place in a character column is refused so too, though CAST gives an asterisk.
    """
    if value.type is None:
        return f"CAST(NULL AS {target.duckdb_name})"
    if is_text(target) and target.length not in {None, MAX} and value.type.name not in _SHOWN_WHOLE:
        return _store_text(value, value.type, target)
    if target.name in BINARY_TYPES and value.type.name in BINARY_TYPES and target.length not in {None, MAX}:
        return store_binary(value, target)
    _check_implicit(value.type, target, column)
    return convert(value, target).sql


def _store_text(value: Typed, source: SqlType, target: SqlType) -> str:
    sql = text_of(value)
    if (value.literal is not None and utf16_length(value.literal) <= (target.length or 0)) or (
        is_text(source) and source.length is not None and 0 < source.length <= (target.length or 0)
    ):
        fits = sql
    else:
        fits = f"tsql_fit({sql}, {target.length})"
    return f"rpad({fits}, {target.length}, ' ')" if target.name in {"char", "nchar"} else fits


#: Conversions that CAST knows and an assignment refuses. Source: CAST and CONVERT reference, Implicit conversions.
_EXPLICIT_ONLY: Final = frozenset(
    {(source, target) for source in MOMENT_TYPES for target in NUMERIC_TYPES}
    | {(source, target) for source in NUMERIC_TYPES for target in ("date", "time", "datetime2", "datetimeoffset")}
    | {("datetime", "binary"), ("varchar", "binary"), ("varchar", "varbinary"), ("char", "varbinary")}
)


def _check_implicit(source: SqlType, target: SqlType, column: str) -> None:
    if (source.name, target.name) in _EXPLICIT_ONLY:
        message = (
            f"Implicit conversion from data type {source.name} to {target.name} is not allowed for column '{column}'. "
            "Use the CONVERT function to run this query."
        )
        raise PoolError(257, message)
