"""Ranges of the types that DuckDB keeps in wider ones: money, dates and times."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.type_rules import TIME_TYPES, is_text
from airflow_synapse.local.tsql.typed import quote_literal

#: The least and the greatest value before it is rounded. Source: T-SQL reference, the pages of the types.
_RANGES: Final = {
    "money": ("-922337203685477.5808", "922337203685477.5807"),
    "smallmoney": ("-214748.3648", "214748.3647"),
    "date": ("DATE '0001-01-01'", "DATE '9999-12-31'"),
    "datetime2": ("TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"),
    "datetime": ("TIMESTAMP '1753-01-01'", "TIMESTAMP '9999-12-31 23:59:59.998333'"),
    "smalldatetime": ("TIMESTAMP '1900-01-01'", "TIMESTAMP '2079-06-06 23:59:29.998999'"),
}


def checked(sql: str, target: SqlType, error: tuple[int, str] | None = None, *, safe: bool = False) -> str:
    """Return the SQL of a value of ``target`` that is an error where the type has no such value.

    :param error: Number and text; None for an arithmetic overflow.
    :param safe: NULL instead of an error.
    """
    if target.name not in _RANGES:
        return sql
    low, high = _RANGES[target.name]
    if safe:
        return f"tsql_try_within({sql}, {low}, {high})"
    number, message = error or (8115, f"Arithmetic overflow error converting expression to data type {target.name}.")
    return f"tsql_within({sql}, {low}, {high}, {quote_literal(f'{number}|{message}')})"


def cast(sql: str, target: SqlType, *, safe: bool = False) -> str:
    """Return the SQL of a number cast to ``target``, whose range counts."""
    return checked(f"{'TRY_CAST' if safe else 'CAST'}({sql} AS {target.duckdb_name})", target, safe=safe)


def out_of_range(source: SqlType, target: SqlType) -> tuple[int, str] | None:
    """Return the error of a text or a moment that lies outside of the range of ``target``."""
    if not (is_text(source) or source.name in TIME_TYPES):
        return None
    return 242, (
        f"The conversion of a {source.name} data type to a {target.name} data type resulted in an out-of-range value."
    )
