"""An expression of DuckDB's SQL with the T-SQL type that it has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.sql_types import SqlType


@dataclass(frozen=True, slots=True)
class Typed:
    """One expression.

    :param sql: For DuckDB; safe to stand between operators.
    :param type: None for the literal NULL, which takes any type.
    :param literal: Text of a literal, for functions whose argument must be one (a style, a pattern, a date part).
    :param nullable: Whether it may be NULL.
    :param identity: Of an identity column that stands alone.
    """

    sql: str
    type: SqlType | None
    literal: str | None = None
    nullable: bool = True
    identity: Identity | None = None

    def with_sql(self, sql: str) -> Typed:
        """Return another expression of the same type."""
        return replace(self, sql=sql, literal=None, identity=None)


def quote_literal(text: str) -> str:
    """Return ``text`` as a string literal of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return ``name`` as an identifier of DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def error_sql(number: int, message: str) -> str:
    """Return a DuckDB expression that raises that error when it is evaluated."""
    return f"error({quote_literal(f'{number}|{message}')})"


def or_error(value: str, tried: str, number: int, message: str) -> str:
    """Return the SQL of ``tried``, an error where it is NULL and ``value`` is not."""
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE coalesce({tried}, {error_sql(number, message)}) END"


def utf16_length(text: str) -> int:
    """Return the length of ``text`` as T-SQL counts it: a character outside the basic plane is two."""
    return len(text) + sum(character > "\uffff" for character in text)
