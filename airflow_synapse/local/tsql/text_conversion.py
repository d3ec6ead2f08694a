"""Values of any type as text, and text in the length of its type."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.sql_types import BINARY_TYPES, MAX, SqlType
from airflow_synapse.local.tsql import date_styles
from airflow_synapse.local.tsql.reader import not_supported
from airflow_synapse.local.tsql.type_rules import FLOAT_TYPES, MONEY_TYPES, TIME_TYPES, is_text
from airflow_synapse.local.tsql.typed import Typed, error_sql


def text_of(value: Typed, style: int | None = None) -> str:
    """Return the SQL of the value as text, without a limit to its length."""
    source = value.type
    if source is None or is_text(source):
        return value.sql
    if source.name in TIME_TYPES:
        return date_styles.to_text(value.sql, source, style)
    if style not in _STYLES.get(source.name, (style,)):
        raise not_supported(f"Style {style} of CONVERT for {source.name}")
    if source.name in MONEY_TYPES:
        return f"CAST(CAST({value.sql} AS DECIMAL(19,{4 if style == 2 else 2})) AS VARCHAR)"
    if source.name in BINARY_TYPES:
        return _BYTES[style].format(value.sql)
    if source.name == "decimal" and source.scale == source.precision:
        # DuckDB writes no zero before the point of a type that has no place for one.
        return f"regexp_replace(CAST({value.sql} AS VARCHAR), '^(-?)[.]', '\\10.')"
    return _TEXTS.get(source.name, "CAST({0} AS VARCHAR)").format(value.sql)


#: Styles of the types that have them; for other types a style does not count. Source: CAST and CONVERT reference.
_STYLES: Final[dict[str, tuple[int | None, ...]]] = {
    **dict.fromkeys(MONEY_TYPES, (None, 0, 2)),
    **dict.fromkeys(FLOAT_TYPES, (None, 0)),
    **dict.fromkeys(BINARY_TYPES, (None, 0, 1, 2)),
}
_BYTES: Final = {None: "decode({0})", 0: "decode({0})", 1: "('0x' || hex({0}))", 2: "hex({0})"}
#: Assumption: A float becomes text with six significant digits, as style 0 says; the exponent has two digits.
_FLOAT_TEXT: Final = "format('{{:g}}', {0})"
_TEXTS: Final = {
    "bit": "CAST(CAST({0} AS TINYINT) AS VARCHAR)",
    "uniqueidentifier": "upper(CAST({0} AS VARCHAR))",
    "float": _FLOAT_TEXT,
    "real": _FLOAT_TEXT,
}
#: Most characters of the text of a number; a decimal has its digits, a sign, a point and a zero before it.
_LONGEST: Final = {
    "bit": 1, "tinyint": 3, "smallint": 6, "int": 11, "bigint": 20, "smallmoney": 12, "money": 21, "real": 13,
    "float": 13, "uniqueidentifier": 36,
}  # fmt: skip
#: Their text becomes an asterisk where char and varchar have no place for it.
_ASTERISK: Final = frozenset({"tinyint", "smallint", "int"})


def fit_text(sql: str, source: SqlType, target: SqlType, *, safe: bool = False) -> str:
    """Return the text in the length of ``target``: cut and, for fixed lengths, filled with blanks.

    No part of a number or a GUID is shown. Source: CAST and CONVERT reference, Truncating and rounding results.

    :param safe: NULL instead of an error.
    """
    if target.length is None or target.length == MAX:
        return sql
    length = target.length
    longest = (source.precision or 18) + 3 if source.name == "decimal" else _LONGEST.get(source.name)
    if longest is not None:
        sql = sql if longest <= length else f"tsql_shown({sql}, {length}, {_instead(source, target, safe=safe)})"
    elif not (is_text(source) and source.length is not None and 0 < source.length <= length):
        sql = f"left({sql}, {length})"
    if target.name in {"char", "nchar"} and source != target:
        sql = f"rpad({sql}, {length}, ' ')"
    return sql


def _instead(source: SqlType, target: SqlType, *, safe: bool) -> str:
    """Return the SQL of what stands for a text that has no place.

    Assumption: A float or money that has no place in its text is refused with number 8115, as a decimal is.
    """
    if source.name in _ASTERISK and not target.name.startswith("n"):
        return "'*'"
    if safe:
        return "NULL"
    if source.name == "uniqueidentifier":
        return error_sql(8170, f"Insufficient result space to convert uniqueidentifier value to {target.name}.")
    kind = "numeric" if source.name == "decimal" else "expression"
    return error_sql(8115, f"Arithmetic overflow error converting {kind} to data type {target.name}.")
