"""CAST, CONVERT, COALESCE and the other functions whose result type depends on types."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.data_types import parse_type
from airflow_synapse.local.tsql.function_call import FunctionCall, Signature
from airflow_synapse.local.tsql.operators import comparison
from airflow_synapse.local.tsql.ranges import cast
from airflow_synapse.local.tsql.type_rules import INT, MONEY, common_type, text
from airflow_synapse.local.tsql.typed import Typed, quote_literal, utf16_length


def _cast(call: FunctionCall) -> Typed:
    return convert(call[0], parse_type(call.literal(1)), safe=call.name.startswith("TRY_"))


def _convert(call: FunctionCall) -> Typed:
    style = int(call.literal(2)) if len(call) == 3 else None
    return convert(call[1], parse_type(call.literal(0)), style, safe=call.name.startswith("TRY_"))


def _coalesce(call: FunctionCall) -> Typed:
    target = common_type(argument.type for argument in call.arguments)
    if target is None:
        raise PoolError(4127, "At least one of the arguments to COALESCE must be an expression that is not NULL.")
    parts = ", ".join(convert(argument, target).sql for argument in call.arguments)
    return Typed(f"coalesce({parts})", target, nullable=all(argument.nullable for argument in call.arguments))


def _isnull(call: FunctionCall) -> Typed:
    """ISNULL has the type of its first argument, unlike COALESCE. Source: ISNULL reference."""
    target = call[0].type or call[1].type or INT
    sql = f"coalesce({convert(call[0], target).sql}, {convert(call[1], target).sql})"
    return Typed(sql, target, nullable=call[1].nullable)


def _nullif(call: FunctionCall) -> Typed:
    """NULLIF compares as ``=`` does, and has the type of its first argument. Source: NULLIF reference."""
    if call[0].type is None:
        raise PoolError(4151, "The type of the first argument to NULLIF cannot be the NULL constant.")
    return Typed(f"(CASE WHEN {comparison('=', call[0], call[1])} THEN NULL ELSE {call[0].sql} END)", call[0].type)


def _isnumeric(call: FunctionCall) -> Typed:
    argument = call.text(0)
    is_number = f"tsql_try_float({argument}) IS NOT NULL OR tsql_try_money({argument}) IS NOT NULL"
    return Typed(f"CAST({is_number} AS INTEGER)", INT, nullable=False)


def _isdate(call: FunctionCall) -> Typed:
    tried = convert(Typed(call.text(0), SqlType("varchar", 8000)), SqlType("datetime2", scale=7), safe=True).sql
    return Typed(f"CASE WHEN {tried} IS NULL THEN 0 ELSE 1 END", INT, nullable=False)


def _national(call: FunctionCall) -> Typed:
    literal = call.literal(0)
    return Typed(
        quote_literal(literal),
        text(SqlType("nvarchar", 1), length=max(1, utf16_length(literal))),
        literal,
        nullable=False,
    )


def _binary(call: FunctionCall) -> Typed:
    digits = call.literal(0)
    digits = digits if len(digits) % 2 == 0 else f"0{digits}"
    return Typed(f"unhex({quote_literal(digits)})", SqlType("varbinary", max(1, len(digits) // 2)), nullable=False)


def _money(call: FunctionCall) -> Typed:
    return Typed(cast(quote_literal(call.literal(0)), MONEY), MONEY, nullable=False)


FUNCTIONS: Final = {
    "CAST": Signature(_cast, 2, 2),
    "TRY_CAST": Signature(_cast, 2, 2),
    "CONVERT": Signature(_convert, 2, 3),
    "TRY_CONVERT": Signature(_convert, 2, 3),
    "COALESCE": Signature(_coalesce, 2, None),
    "ISNULL": Signature(_isnull, 2, 2),
    "NULLIF": Signature(_nullif, 2, 2),
    "ISNUMERIC": Signature(_isnumeric, 1, 1),
    "ISDATE": Signature(_isdate, 1, 1),
    "N": Signature(_national, 1, 1),
    "BINARY": Signature(_binary, 1, 1),
    "MONEY": Signature(_money, 1, 1),
}
