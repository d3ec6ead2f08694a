"""Values as bytes, in the length of their type.

Source: CAST and CONVERT reference, Binary styles.
"""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.sql_types import BINARY_TYPES, MAX, SqlType
from airflow_synapse.local.tsql.reader import not_supported
from airflow_synapse.local.tsql.type_rules import is_text
from airflow_synapse.local.tsql.typed import Typed, or_error, quote_literal

#: What a text of hexadecimal digits looks like, by the style.
_HEXADECIMAL: Final = {1: "0[xX](([0-9a-fA-F]{2})*)", 2: "(([0-9a-fA-F]{2})*)"}


def to_binary(value: Typed, source: SqlType, target: SqlType, style: int | None, *, safe: bool) -> str:
    """Return the SQL of the bytes, cut and, for a fixed length, filled with zeros.

    :param safe: NULL instead of an error.
    """
    if source.name in BINARY_TYPES:
        return _in_length(value.sql, source, target)
    if is_text(source) and style in _HEXADECIMAL:
        digits = f"regexp_extract({value.sql}, {quote_literal(f'^{_HEXADECIMAL[style]}$')}, 1)"
        matches = f"regexp_full_match({value.sql}, {quote_literal(_HEXADECIMAL[style])})"
        tried = f"CASE WHEN {matches} THEN unhex({digits}) END"
        message = f"Error converting data type {source.name} to {target.name}."
        return _in_length(tried if safe else or_error(value.sql, tried, 8114, message), source, target)
    if source.name in {"char", "varchar"}:
        if style not in {None, 0}:
            raise not_supported(f"Style {style} of CONVERT for {target.name}")
        return _in_length(f"encode({value.sql})", source, target)
    raise not_supported(f"The conversion from {source.name} to {target.name}")


def _in_length(sql: str, source: SqlType, target: SqlType) -> str:
    if source == target or target.length is None or target.length == MAX:
        return sql
    if target.name == "binary":
        return f"unhex(rpad(hex({sql}), {2 * target.length}, '0'))"  # which cuts, too
    return f"unhex(left(hex({sql}), {2 * target.length}))"


def store_binary(value: Typed, target: SqlType) -> str:
    """Return the SQL of bytes as a column with a length stores them: bytes that are too many are an error."""
    length = value.type.length if value.type is not None else None
    fits = 0 < (length or 0) <= (target.length or 0)
    sql = value.sql if fits else f"tsql_fit_binary({value.sql}, {target.length})"
    return sql if target.name == "varbinary" or value.type is None else _in_length(sql, value.type, target)
