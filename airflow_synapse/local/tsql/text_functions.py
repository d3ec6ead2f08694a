"""Functions on text."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.catalog.system_types import max_length
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import BINARY_TYPES, MAX, SqlType
from airflow_synapse.local.tsql.function_call import FunctionCall, Signature
from airflow_synapse.local.tsql.patterns import regular_expression
from airflow_synapse.local.tsql.text_conversion import text_of
from airflow_synapse.local.tsql.type_rules import BIGINT, INT, LONGEST, is_national, is_text, text
from airflow_synapse.local.tsql.typed import Typed, quote_literal


def _same_length(template: str) -> Signature:
    def build(call: FunctionCall) -> Typed:
        return Typed(template.format(call.text(0)), text(call[0].type, length=call.length_of(0)))

    return Signature(build, 1, 1)


def _len(call: FunctionCall) -> Typed:
    """LEN leaves trailing blanks out; it is bigint for (max) types. Source: LEN reference."""
    found = INT if call.length_of(0) != MAX else BIGINT
    return Typed(f"CAST(tsql_length(rtrim({call.text(0)}, ' ')) AS {found.duckdb_name})", found)


def _datalength(call: FunctionCall) -> Typed:
    """Bytes. One byte a character of varchar, two of nvarchar; bigint for (max) types. Source: DATALENGTH reference."""
    found = call[0].type
    if found is None:
        return Typed("CAST(NULL AS INTEGER)", INT)
    if found.name in BINARY_TYPES:
        sql = f"octet_length({call[0].sql})"
    elif is_text(found):
        sql = f"tsql_length({call[0].sql}) * {2 if is_national(found) else 1}"
    else:
        sql = f"CASE WHEN {call[0].sql} IS NOT NULL THEN {max_length(found)} END"
    target = BIGINT if found.length == MAX else INT
    return Typed(f"CAST({sql} AS {target.duckdb_name})", target)


def _substring(call: FunctionCall) -> Typed:
    sql = f"tsql_substring({call.text(0)}, {call.number(1, INT)}, {call.number(2, BIGINT)})"
    return Typed(sql, text(call[0].type, length=call.length_of(0)))


def _side(call: FunctionCall) -> Typed:
    message = f"Invalid length parameter passed to the {call.name} function."
    count = call.number(1, INT)
    checked = f"CASE WHEN {count} < 0 THEN error({quote_literal(f'537|{message}')}) ELSE {count} END"
    length = call[1].literal
    counted = count if length is not None and length.isdigit() else checked
    return Typed(f"{call.name.lower()}({call.text(0)}, {counted})", text(call[0].type, length=call.length_of(0)))


def _charindex(call: FunctionCall) -> Typed:
    start = call.number(2, INT) if len(call) == 3 else "1"
    return Typed(f"CAST(tsql_charindex({call.text(0)}, {call.text(1)}, {start}) AS INTEGER)", INT)


def _patindex(call: FunctionCall) -> Typed:
    """Position of a pattern with ``%`` at its ends; only a literal pattern is supported."""
    pattern = call.literal(0)
    open_start, open_end = pattern.startswith("%"), pattern.endswith("%") and len(pattern) > 1
    inner = pattern[1 if open_start else 0 : len(pattern) - 1 if open_end else len(pattern)]
    expression = ("" if open_start else "^") + regular_expression(inner) + ("" if open_end else "$")
    found = f"regexp_extract({call.text(1)}, {quote_literal(f'(?is)(.*?)({expression}).*')}, 1)"
    matches = f"regexp_matches({call.text(1)}, {quote_literal(f'(?is){expression}')})"
    return Typed(f"CASE WHEN {matches} THEN CAST(length({found}) + 1 AS INTEGER) WHEN NOT {matches} THEN 0 END", INT)


def _replace(call: FunctionCall) -> Typed:
    arguments = ", ".join(call.text(index) for index in range(3))
    return Typed(f"tsql_replace({arguments})", text(*(argument.type for argument in call.arguments), length=8000))


def _stuff(call: FunctionCall) -> Typed:
    value, start, count, new = call.text(0), call.number(1, INT), call.number(2, INT), call.text(3)
    sql = (
        f"CASE WHEN {start} < 1 OR {start} > length({value}) OR {count} < 0 THEN NULL ELSE "
        f"left({value}, {start} - 1) || coalesce({new}, '') || substr({value}, {start} + {count}) END"
    )
    return Typed(sql, text(call[0].type, call[3].type, length=8000))


def _concat(call: FunctionCall) -> Typed:
    parts = ", ".join(text_of(argument) for argument in call.arguments)
    return Typed(f"concat({parts})", _joined_type(call, 0), nullable=False)


def _concat_ws(call: FunctionCall) -> Typed:
    parts = ", ".join(text_of(argument) for argument in call.arguments)
    return Typed(f"concat_ws({parts})", _joined_type(call, call.length_of(0)), nullable=False)


def _joined_type(call: FunctionCall, separator: int) -> SqlType:
    lengths = [call.length_of(index) for index in range(len(call))]
    total = MAX if MAX in lengths else sum(lengths) + separator * len(lengths)
    return text(*(argument.type for argument in call.arguments), length=total)


def _trim(call: FunctionCall) -> Typed:
    return Typed(f"trim({call.text(0)}, ' ')", text(call[0].type, length=call.length_of(0)))


def _replicate(call: FunctionCall) -> Typed:
    """REPLICATE cuts at 8000 bytes unless its text is (max). Source: REPLICATE reference."""
    target, count = text(call[0].type, length=LONGEST), call.number(1, INT)
    if target.length == MAX:
        repeated = f"repeat({call.text(0)}, {count})"
    else:
        repeated = f"left(repeat({call.text(0)}, least({count}, {target.length})), {target.length})"
    return Typed(f"CASE WHEN {count} >= 0 THEN {repeated} END", target)


def _space(call: FunctionCall) -> Typed:
    count = call.number(0, INT)
    return Typed(f"CASE WHEN {count} >= 0 THEN repeat(' ', least({count}, {LONGEST})) END", _VARCHAR)


def _char(call: FunctionCall) -> Typed:
    """NULL for a code that the type has not. Source: CHAR and NCHAR reference."""
    target, last = (SqlType("nchar", 1), 65535) if call.name == "NCHAR" else (SqlType("char", 1), 255)
    code = call.number(0, INT)
    return Typed(f"CASE WHEN {code} BETWEEN 0 AND {last} THEN chr({code}) END", target)


def _ascii(call: FunctionCall) -> Typed:
    return Typed(f"CAST(CASE WHEN {call.text(0)} <> '' THEN ascii({call.text(0)}) END AS INTEGER)", INT)


_HASHES: Final = {"MD5": "md5", "SHA1": "sha1", "SHA": "sha1", "SHA2_256": "sha256"}
_VARCHAR: Final = SqlType("varchar", 8000)


def _hashbytes(call: FunctionCall) -> Typed:
    """Only varchar and varbinary: an nvarchar is hashed over UTF-16, which DuckDB has not."""
    algorithm = _HASHES.get(call.literal(0).upper())
    found = call[1].type
    if algorithm is None or is_national(found):
        raise PoolError(103010, "HASHBYTES is supported by the local pool with MD5, SHA1 and SHA2_256 of varchar only.")
    return Typed(f"unhex({algorithm}({call.text(1)}))", SqlType("varbinary", 8000))


def _quotename(call: FunctionCall) -> Typed:
    return Typed(f"('[' || replace({call.text(0)}, ']', ']]') || ']')", SqlType("nvarchar", 258))


FUNCTIONS: Final = {
    "UPPER": _same_length("upper({0})"),
    "LOWER": _same_length("lower({0})"),
    "LTRIM": _same_length("ltrim({0}, ' ')"),
    "RTRIM": _same_length("rtrim({0}, ' ')"),
    "TRIM": Signature(_trim, 1, 1),
    "REVERSE": _same_length("reverse({0})"),
    "LEN": Signature(_len, 1, 1),
    "DATALENGTH": Signature(_datalength, 1, 1),
    "SUBSTRING": Signature(_substring, 3, 3),
    "LEFT": Signature(_side, 2, 2),
    "RIGHT": Signature(_side, 2, 2),
    "CHARINDEX": Signature(_charindex, 2, 3),
    "PATINDEX": Signature(_patindex, 2, 2),
    "REPLACE": Signature(_replace, 3, 3),
    "STUFF": Signature(_stuff, 4, 4),
    "CONCAT": Signature(_concat, 2, 254),
    "CONCAT_WS": Signature(_concat_ws, 3, 254),
    "REPLICATE": Signature(_replicate, 2, 2),
    "SPACE": Signature(_space, 1, 1),
    "CHAR": Signature(_char, 1, 1),
    "NCHAR": Signature(_char, 1, 1),
    "ASCII": Signature(_ascii, 1, 1),
    "UNICODE": Signature(_ascii, 1, 1),
    "HASHBYTES": Signature(_hashbytes, 2, 2),
    "QUOTENAME": Signature(_quotename, 1, 1),
}
