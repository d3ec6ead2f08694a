"""Which type an expression has: precedence, decimal arithmetic, literals.

Source: T-SQL reference, Data type precedence; Precision, scale, and length; Constants.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType

INT: Final = SqlType("int")
BIGINT: Final = SqlType("bigint")
BIT: Final = SqlType("bit")
FLOAT: Final = SqlType("float")
MONEY: Final = SqlType("money")
DATE: Final = SqlType("date")
DATETIME: Final = SqlType("datetime")
DATETIME2: Final = SqlType("datetime2", scale=7)

_PRECEDENCE: Final = (
    "datetimeoffset", "datetime2", "datetime", "smalldatetime", "date", "time", "float", "real", "decimal", "money",
    "smallmoney", "bigint", "int", "smallint", "tinyint", "bit", "uniqueidentifier", "nvarchar", "nchar", "varchar",
    "char", "varbinary", "binary",
)  # fmt: skip
_RANK: Final = {name: rank for rank, name in enumerate(_PRECEDENCE)}
_AS_DECIMAL: Final = {
    "bit": (1, 0), "tinyint": (3, 0), "smallint": (5, 0), "int": (10, 0), "bigint": (19, 0), "smallmoney": (10, 4),
    "money": (19, 4),
}  # fmt: skip

#: Most characters of text that is not (max), and of nchar and nvarchar.
LONGEST: Final = 8000
LONGEST_NATIONAL: Final = 4000

INTEGER_TYPES: Final = frozenset({"tinyint", "smallint", "int", "bigint"})
MONEY_TYPES: Final = frozenset({"money", "smallmoney"})
FLOAT_TYPES: Final = frozenset({"real", "float"})
EXACT_TYPES: Final = INTEGER_TYPES | MONEY_TYPES | {"decimal", "bit"}
NUMERIC_TYPES: Final = EXACT_TYPES | FLOAT_TYPES
MOMENT_TYPES: Final = frozenset({"date", "smalldatetime", "datetime", "datetime2", "datetimeoffset"})
TIME_TYPES: Final = MOMENT_TYPES | {"time"}


def is_text(found: SqlType | None) -> bool:
    """Return whether the type is a character type."""
    return found is not None and found.name in CHARACTER_TYPES


def is_national(found: SqlType | None) -> bool:
    """Return whether the type is nchar or nvarchar."""
    return found is not None and found.name in {"nchar", "nvarchar"}


def is_numeric(found: SqlType | None) -> bool:
    """Return whether the type is a number or a bit."""
    return found is not None and found.name in NUMERIC_TYPES


def decimal(precision: int, scale: int) -> SqlType:
    """Return the decimal type, cut to 38 digits as arithmetic cuts it."""
    if precision > 38:
        integral = precision - scale
        scale = max(0, min(scale, 38 - integral)) if integral < 32 else min(scale, 6)
        precision = 38
    return SqlType("decimal", precision=precision, scale=scale)


def text(*types: SqlType | None, length: int) -> SqlType:
    """Return a variable character type of that length: national if any of ``types`` is, (max) where it must be."""
    national = any(is_national(found) for found in types)
    longest = LONGEST_NATIONAL if national else LONGEST
    if length == MAX or any(is_text(found) and found is not None and found.length == MAX for found in types):
        return SqlType("nvarchar" if national else "varchar", MAX)
    return SqlType("nvarchar" if national else "varchar", max(1, min(length, longest)))


def number_literal(literal: str) -> SqlType:
    """Return the type of a number as it is written."""
    if "e" in literal.lower():
        return FLOAT
    if "." in literal:
        whole, fraction = literal.split(".")
        whole = whole.lstrip("0")
        return decimal(max(1, len(whole) + len(fraction)), len(fraction))
    if int(literal) < 2**31:
        return INT
    return decimal(len(literal.lstrip("0")), 0)


def common_type(types: Iterable[SqlType | None]) -> SqlType | None:
    """Return the type that CASE, COALESCE and UNION give their branches; None when all are NULL literals."""
    known = [found for found in types if found is not None]
    if not known:
        return None
    winner = min(known, key=lambda found: _RANK[found.name])
    if winner.name in CHARACTER_TYPES | BINARY_TYPES:
        same = [found.length or 1 for found in known if found.name in CHARACTER_TYPES | BINARY_TYPES]
        return SqlType(winner.name, MAX if MAX in same else max(same))
    if winner.name == "decimal":
        return _widest_decimal([found for found in known if found.name in EXACT_TYPES])
    if winner.scale is not None:
        return SqlType(winner.name, scale=max(found.scale or 0 for found in known if found.name == winner.name))
    return winner


def digits(found: SqlType) -> tuple[int, int]:
    """Return precision and scale of an exact number."""
    if found.name == "decimal":
        return found.precision or 18, found.scale or 0
    return _AS_DECIMAL[found.name]


def _widest_decimal(types: list[SqlType]) -> SqlType:
    shapes = [digits(found) for found in types]
    scale = max(scale for _, scale in shapes)
    return decimal(max(precision - scale for precision, scale in shapes) + scale, scale)


def arithmetic_type(operator: str, left: SqlType, right: SqlType) -> SqlType:
    """Return the type of ``left operator right`` for numbers.

    :raises PoolError: 402, one of them is no number.
    """
    if not (is_numeric(left) and is_numeric(right)):
        message = f"The data types {left.name} and {right.name} are incompatible in the operator '{operator}'."
        raise PoolError(402, message)
    winner = min((left, right), key=lambda found: _RANK[found.name])
    if winner.name == "bit":
        raise PoolError(402, f"The data types bit and bit are incompatible in the operator '{operator}'.")
    if winner.name != "decimal":
        return winner
    return _decimal_arithmetic(operator, digits(left), digits(right))


def _decimal_arithmetic(operator: str, left: tuple[int, int], right: tuple[int, int]) -> SqlType:
    (precision, scale), (other_precision, other_scale) = left, right
    if operator == "*":
        return decimal(precision + other_precision + 1, scale + other_scale)
    if operator == "/":
        result = max(6, scale + other_precision + 1)
        return decimal(precision - scale + other_scale + result, result)
    result = max(scale, other_scale)
    integral = (precision - scale, other_precision - other_scale)
    if operator == "%":
        return decimal(min(integral) + result, result)
    return decimal(max(integral) + result + 1, result)
