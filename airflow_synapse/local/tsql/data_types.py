"""Read data types, and refuse those that a dedicated pool has not."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SCALED_TIME_TYPES, SqlType
from airflow_synapse.local.tsql.reader import TokenReader
from airflow_synapse.local.tsql.tokens import tokenize

_PLAIN: Final = frozenset({
    "bit", "tinyint", "smallint", "int", "bigint", "real", "money", "smallmoney", "date", "smalldatetime", "datetime",
    "uniqueidentifier",
})  # fmt: skip
_SYNONYMS: Final = {
    "integer": "int", "numeric": "decimal", "dec": "decimal", "character": "char", "national": "nchar",
}  # fmt: skip
#: Most bytes or characters of a type with a length. Source: T-SQL reference, char/varchar, nchar/nvarchar, binary.
_LONGEST: Final = {"char": 8000, "varchar": 8000, "nchar": 4000, "nvarchar": 4000, "binary": 8000, "varbinary": 8000}
#: Source: azure-docs sql-data-warehouse-tables-data-types (01/2020) and sql/overview-features (02/2026).
UNSUPPORTED_TYPES: Final = frozenset({
    "geometry", "geography", "hierarchyid", "image", "text", "ntext", "sql_variant", "table", "timestamp", "rowversion",
    "xml", "cursor",
})  # fmt: skip


def parse_type(text: str, *, default_length: int = 30) -> SqlType:
    """Read a type that stands alone, as in ``CAST(x AS <type>)``."""
    reader = TokenReader(tokenize(text))
    found = read_type(reader, default_length=default_length)
    reader.expect_end()
    return found


def read_type(reader: TokenReader, *, default_length: int = 1) -> SqlType:
    """Read a type.

    :param default_length: Length of a character or binary type written without one: 1 in a declaration, 30 in CAST.
        Source: T-SQL reference, char and varchar.
    :raises PoolError: No such type, or its length, precision or scale is out of range.
    """
    parts = reader.qualified_name()
    if len(parts) > 1 and parts[0].lower() != "sys":
        raise PoolError(2715, "User-defined types are not supported in a dedicated SQL pool.")
    name = parts[-1].lower()
    name = _SYNONYMS.get(name, name)
    if name == "double" and reader.accept("PRECISION"):
        name = "float"
    if name in _PLAIN or name == "sysname":
        return SqlType(name) if name in _PLAIN else SqlType("nvarchar", 128)
    if name in CHARACTER_TYPES | BINARY_TYPES:
        return _with_length(reader, name, default_length)
    if name == "decimal":
        return _decimal(reader)
    if name in SCALED_TIME_TYPES:
        return SqlType(name, scale=_bounded(reader, name, lowest=0, highest=7, default=7))
    if name == "float":
        digits = _bounded(reader, name, lowest=1, highest=53, default=53)
        return SqlType("real" if digits <= 24 else "float")
    raise _unknown(parts[-1])


def _unknown(name: str) -> PoolError:
    """Assumption: A type that a dedicated pool has not is refused with number 2715, as an unknown type is."""
    if name.lower() in UNSUPPORTED_TYPES:
        return PoolError(2715, f"The data type {name.lower()} is not supported in a dedicated SQL pool.")
    return PoolError(2715, f"Cannot find data type {name}.")


def _with_length(reader: TokenReader, name: str, default_length: int) -> SqlType:
    if not reader.accept_symbol("("):
        return SqlType(name, default_length)
    if reader.accept("MAX"):
        if not name.startswith(("var", "nvar")):
            raise PoolError(2717, f"The type {name} cannot have the length max.", severity=15)
        length = MAX
    else:
        length = reader.integer()
        if not 1 <= length <= _LONGEST[name]:
            message = f"The size ({length}) given to the type '{name}' exceeds the maximum allowed ({_LONGEST[name]})."
            raise PoolError(131, message, severity=15)
    reader.expect_symbol(")")
    return SqlType(name, length)


def _decimal(reader: TokenReader) -> SqlType:
    precision, scale = 18, 0
    if reader.accept_symbol("("):
        precision = reader.integer()
        if reader.accept_symbol(","):
            scale = reader.integer()
        reader.expect_symbol(")")
    if not 1 <= precision <= 38:
        message = f"The precision {precision} is out of range: a decimal has 1 to 38 digits."
        raise PoolError(2750 if precision > 38 else 1001, message)
    if not 0 <= scale <= precision:
        raise PoolError(192, "The scale must be less than or equal to the precision.", severity=15)
    return SqlType("decimal", precision=precision, scale=scale)


def _bounded(reader: TokenReader, name: str, *, lowest: int, highest: int, default: int) -> int:
    if not reader.accept_symbol("("):
        return default
    value = reader.integer()
    reader.expect_symbol(")")
    if not lowest <= value <= highest:
        raise PoolError(1002, f"Specified scale {value} is invalid for {name}: use {lowest} to {highest}.", severity=15)
    return value
