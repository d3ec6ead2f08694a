"""What operators do: arithmetic, concatenation, comparison."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.ranges import cast, checked
from airflow_synapse.local.tsql.text_conversion import text_of
from airflow_synapse.local.tsql.type_rules import FLOAT_TYPES, INT, common_type, digits, is_numeric, is_text, text
from airflow_synapse.local.tsql.typed import Typed, error_sql, quote_literal

_MOST_DIGITS: Final = 38
_WITH_TIME: Final = frozenset({"date", "datetime", "datetime2", "smalldatetime"})


def concatenation(left: Typed, right: Typed) -> Typed:
    """Return ``left + right`` for text, cut at 8000 bytes unless a side is (max). Source: + (String Concatenation)."""
    lengths = [1 if side.type is None else (side.type.length or 40) for side in (left, right)]
    total = MAX if MAX in lengths else sum(lengths)
    joined, target = f"({text_of(left)} || {text_of(right)})", text(left.type, right.type, length=total)
    return Typed(joined if target.length in {total, MAX} else f"left({joined}, {target.length})", target)


def as_numbers(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Return both sides as numbers: text beside a number takes that number's type, NULL alone is an int."""
    shared = next((side.type for side in (left, right) if is_numeric(side.type)), None) or INT

    def number(side: Typed) -> Typed:
        return side if is_numeric(side.type) else convert(side, shared)

    return number(left), number(right)


def moment_arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    """Return a moment moved by days: only datetime and smalldatetime know ``+`` and ``-``.

    :raises PoolError: 402, another type stands beside the operator.
    """
    moment, days = (left, right) if is_moment(left) else (right, left)
    if moment.type is None or moment.type.name not in {"datetime", "smalldatetime"} or not is_numeric(days.type):
        names = [side.type.name if side.type else "NULL" for side in (left, right)]
        message = f"The data types {names[0]} and {names[1]} are incompatible in the {operator} operator."
        raise PoolError(402, message)
    moved = f"({moment.sql} {operator} to_microseconds(CAST({days.sql} * 86400000000 AS BIGINT)))"
    return moment.with_sql(checked(moved, moment.type))


def comparison(operator: str, left: Typed, right: Typed) -> str:
    """Return the SQL of ``left operator right``, both brought to one type."""
    left, right = alike(left, right)
    return f"({without_blanks(left)} {operator} {without_blanks(right)})"


def calculation(operator: str, left: Typed, right: Typed, target: SqlType) -> str:
    """Return the SQL of ``left operator right`` for numbers, in the type of the result."""
    a, b = left.sql, right.sql
    if target.name in {"int", "bigint", "smallint", "tinyint"}:
        a, b = convert(left, target).sql, convert(right, target).sql
        return f"({a} {'//' if operator == '/' else operator} {b})"
    if operator == "/" and target.name not in FLOAT_TYPES:
        return quotient(left, right, target)
    if operator in "/%":
        b = f"tsql_divisor({b})"
    if target.name in FLOAT_TYPES:
        a, b = f"CAST({a} AS DOUBLE)", f"CAST({b} AS DOUBLE)"
    return cast(f"{a} {operator} {b}", target)


def quotient(left: Typed, right: Typed, target: SqlType) -> str:
    """Return the SQL of ``left / right`` for exact numbers. DuckDB itself divides decimals as floats.

    Assumption: The digits of a quotient that its type has no place for are cut, not rounded.
    Assumption: A dividend that has more than 38 digits with the scale of the quotient is refused with number 8115.
    """
    (dividend, scale), (divisor, other_scale) = _unscaled(left), _unscaled(right)
    _, result_scale = digits(target)
    shift = result_scale + other_scale - scale
    if abs(shift) > _MOST_DIGITS:
        return error_sql(8115, "Arithmetic overflow error converting to numeric.")
    shifted = f"{dividend} {'*' if shift >= 0 else '//'} CAST('{10 ** abs(shift)}' AS HUGEINT)"
    whole = f"CAST(({shifted}) // tsql_divisor({divisor}) AS DECIMAL(38, 0))"
    unit = f"0.{'1':0>{result_scale}}" if result_scale else "1"
    return cast(f"{whole} * CAST('{unit}' AS DECIMAL(38, {result_scale}))", target)


def _unscaled(value: Typed) -> tuple[str, int]:
    """Return the SQL of an exact number without its decimal point, and its scale."""
    assert value.type is not None  # noqa: S101 - as_numbers gave it a type
    precision, scale = digits(value.type)
    if not scale:
        return f"CAST({value.sql} AS HUGEINT)", 0
    return (
        f"CAST(replace(CAST(CAST({value.sql} AS DECIMAL({precision}, {scale})) AS VARCHAR), '.', '') AS HUGEINT)",
        scale,
    )


def is_moment(value: Typed) -> bool:
    """Return whether the value is a date or a time."""
    return value.type is not None and value.type.name in _WITH_TIME | {"time", "datetimeoffset"}


def alike(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Bring both sides of a comparison to one type; DuckDB compares numbers, and dates with times, by itself."""
    if left.type is None or right.type is None:
        return left, right
    names = {left.type.name, right.type.name}
    both_numbers = is_numeric(left.type) and is_numeric(right.type) and "bit" not in names
    both_text = is_text(left.type) and is_text(right.type)
    if left.type == right.type or both_numbers or both_text or names <= _WITH_TIME:
        return left, right
    target = common_type((left.type, right.type))
    if target is None:
        return left, right
    return convert(left, target), convert(right, target)


def without_blanks(value: Typed) -> str:
    """Return the SQL of one side of a comparison: trailing blanks do not count.

    Source: T-SQL reference, = (Equals), strings.
    """
    if not is_text(value.type):
        return value.sql
    if value.literal is not None and value.sql.startswith("'"):
        return quote_literal(value.literal.rstrip(" "))
    return f"rtrim({value.sql}, ' ')"
