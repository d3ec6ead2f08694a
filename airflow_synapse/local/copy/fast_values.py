"""SQL expressions that read columns of text at DuckDB's speed, where they are sure to be right.

An expression is NULL for every text of which it is not sure; :mod:`.tsql_values` decides about those. So whatever an
expression here returns must equal what :func:`~.tsql_values.read_value` returns; a property test compares the two.

DuckDB's own casts take more than T-SQL does (``1e3`` and ``0x1F`` as integers, ``nan``, underscores) and round where
COPY truncates. They are used where the characters of the column exclude that, or where printing the value again gives
the very text.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from airflow_synapse.local.sql_types import SqlType

_DIGITS: Final = b"0123456789-"
_ALPHABETS: Final = {
    "tinyint": _DIGITS,
    "smallint": _DIGITS,
    "int": _DIGITS,
    "bigint": _DIGITS,
    "decimal": _DIGITS + b".",
    "money": _DIGITS + b".",
    "smallmoney": _DIGITS + b".",
    "real": _DIGITS + b"+.eE",
    "float": _DIGITS + b"+.eE",
}
#: The same sets for one value, as patterns: for columns that hold anything else somewhere.
_PATTERNS: Final = {
    "tinyint": "-?[0-9]+",
    "smallint": "-?[0-9]+",
    "int": "-?[0-9]+",
    "bigint": "-?[0-9]+",
    "decimal": "-?[0-9]+([.][0-9]*)?",
    "money": "-?[0-9]+([.][0-9]*)?",
    "smallmoney": "-?[0-9]+([.][0-9]*)?",
    "real": "[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?",
    "float": "[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?",
}


def fast_expression(column: str, texts: pa.ChunkedArray, sql_type: SqlType, date_format: str) -> str:
    """Return an expression for the values of a column of text, of any type that is no character type.

    :param column: The column, as it stands in SQL.
    :param texts: Its texts, which decide how careful the expression must be.
    :param date_format: Such as ``mdy``.
    """
    name = sql_type.name
    if name in _ALPHABETS:
        number = _number(column, sql_type)
        if _has_only(texts, _ALPHABETS[name]):
            return number
        return f"CASE WHEN regexp_full_match({column}, '{_PATTERNS[name]}') THEN {number} END"
    if name in {"date", "datetime", "datetime2", "smalldatetime"}:
        return "NULL" if date_format == "ydm" else _date(column, sql_type)
    if name == "time":
        sure = f"{_same(column, 'TIME')} AND {_fits(column, 8, sql_type)} AND {column} < '24'"
        return f"CASE WHEN {sure} THEN TRY_CAST({column} AS TIME) END"
    return {
        "bit": f"CASE {column} WHEN '1' THEN true WHEN '0' THEN false END",
        "uniqueidentifier": f"CASE WHEN {_same(column, 'UUID')} THEN {column} END",
    }.get(name, "NULL")


def _number(column: str, sql_type: SqlType) -> str:
    """Cast; of a decimal with more digits than the scale nothing is known, because the cast rounds."""
    if sql_type.name in {"float", "real"}:
        value = f"TRY_CAST({column} AS DOUBLE)"
        if sql_type.name == "real":
            value = f"TRY_CAST({value} AS FLOAT)"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    value = f"TRY_CAST({column} AS {sql_type.duckdb_name})"
    if sql_type.name not in {"decimal", "money", "smallmoney"}:
        return value
    scale = sql_type.scale or 0 if sql_type.name == "decimal" else 4
    point = f"strpos({column}, '.')"
    if sql_type.name != "decimal":
        limit = 2**63 if sql_type.name == "money" else 2**31
        value = f"CASE WHEN abs({value}) < {limit // 10**4} THEN {value} END"
    return f"CASE WHEN {point} = 0 OR strlen({column}) - {point} <= {scale} THEN {value} END"


def _date(column: str, sql_type: SqlType) -> str:
    """Read ISO dates, of which printing gives the text again; years have four digits then."""
    if sql_type.name == "date":
        value = f"TRY_CAST({column} AS DATE)"
        return f"CASE WHEN {_same(column, 'DATE')} AND strlen({column}) = 10 THEN {value} END"
    value = f"TRY_CAST({column} AS TIMESTAMP)"
    if sql_type.name == "datetime2":
        return f"CASE WHEN {_same(column, 'TIMESTAMP')} AND {_fits(column, 19, sql_type)} THEN {value} END"
    exact = f"{_same(column, 'TIMESTAMP')} AND strlen({column}) = 19"
    if sql_type.name == "datetime":
        return f"CASE WHEN {exact} AND {value} >= TIMESTAMP '1753-01-01' THEN {value} END"
    limits = "BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2079-06-06 23:59:59'"
    return f"CASE WHEN {exact} AND {value} {limits} THEN date_trunc('minute', {value}) END"


def _same(column: str, duckdb_type: str) -> str:
    return f"CAST(TRY_CAST({column} AS {duckdb_type}) AS VARCHAR) = {column}"


def _fits(column: str, length: int, sql_type: SqlType) -> str:
    """Whether a fraction, if any, begins behind ``length`` characters and has no digit that would be cut off."""
    scale = 7 if sql_type.scale is None else sql_type.scale
    fraction = f"strlen({column}) <= {length + 1 + scale} AND {column}[{length + 1}] = '.'" if scale else "false"
    return f"(strlen({column}) = {length} OR ({fraction}))"


def _has_only(texts: pa.ChunkedArray, alphabet: bytes) -> bool:
    """Whether the texts hold no other characters. Their bytes are looked at as one string, which is very fast."""
    for chunk in texts.chunks:
        _, offsets, characters = chunk.buffers()
        if characters is None or not len(chunk):
            continue
        ends = memoryview(offsets).cast("i")
        held = memoryview(characters)[ends[chunk.offset] : ends[chunk.offset + len(chunk)]]
        if bytes(held).translate(None, alphabet):
            return False
    return True
