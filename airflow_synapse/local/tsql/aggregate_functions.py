"""Aggregates and window functions."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.function_call import FunctionCall, Signature
from airflow_synapse.local.tsql.operators import quotient
from airflow_synapse.local.tsql.ranges import cast
from airflow_synapse.local.tsql.type_rules import (
    BIGINT,
    FLOAT,
    FLOAT_TYPES,
    INT,
    MONEY_TYPES,
    digits,
    is_numeric,
    text,
)
from airflow_synapse.local.tsql.typed import Typed


def _inside(call: FunctionCall, sql: str) -> str:
    return f"DISTINCT {sql}" if call.distinct else sql


def _count(call: FunctionCall) -> Typed:
    target = BIGINT if call.name == "COUNT_BIG" else INT
    inside = "*" if call.star else _inside(call, call[0].sql)
    return Typed(f"CAST(count({inside}){call.over} AS {target.duckdb_name})", target, nullable=False)


def _summed_type(value: Typed, name: str) -> SqlType:
    """Source: SUM and AVG reference, Return types."""
    found = value.type
    if found is None or not is_numeric(found) or found.name == "bit":
        operand = "NULL" if found is None else found.name
        raise PoolError(8117, f"Operand data type {operand} is invalid for {name.lower()} operator.")
    if found.name in {"tinyint", "smallint", "int"}:
        return INT
    if found.name in MONEY_TYPES:
        return SqlType("money")
    if found.name == "decimal":
        scale = found.scale or 0
        return SqlType("decimal", precision=38, scale=max(scale, 6) if name == "AVG" else scale)
    return FLOAT if found.name in {"real", "float"} else found


def _sum(call: FunctionCall) -> Typed:
    target = _summed_type(call[0], "SUM")
    return Typed(cast(f"sum({_inside(call, call[0].sql)}){call.over}", target), target)


def _avg(call: FunctionCall) -> Typed:
    """Divide the sum by the number of values; an average of integers is an integer."""
    target = _summed_type(call[0], "AVG")
    inside = _inside(call, call[0].sql)
    if target.name in FLOAT_TYPES:
        return Typed(f"CAST(avg({inside}){call.over} AS {target.duckdb_name})", target)
    _, scale = digits(call[0].type or target)
    total = Typed(f"sum({inside}){call.over}", SqlType("decimal", precision=38, scale=scale))
    count = Typed(f"nullif(count({inside}){call.over}, 0)", BIGINT)
    return Typed(quotient(total, count, target), target)


def _extreme(call: FunctionCall) -> Typed:
    found = call[0].type
    if found is None or found.name == "bit":
        raise PoolError(8117, f"Operand data type {found or 'NULL'} is invalid for {call.name.lower()} operator.")
    return Typed(f"{call.name.lower()}({_inside(call, call[0].sql)}){call.over}", found)


def _spread(function: str) -> Signature:
    def build(call: FunctionCall) -> Typed:
        return Typed(f"{function}({_inside(call, convert(call[0], FLOAT).sql)}){call.over}", FLOAT)

    return Signature(build, 1, 1, aggregate=True)


def _string_agg(call: FunctionCall) -> Typed:
    order = f" {call.order}" if call.order else ""
    return Typed(f"string_agg({call.text(0)}, {call.text(1)}{order})", text(call[0].type, length=8000))


def _rank(call: FunctionCall) -> Typed:
    _require_over(call)
    return Typed(f"{call.name.lower()}(){call.over}", BIGINT, nullable=False)


def _share(call: FunctionCall) -> Typed:
    _require_over(call)
    return Typed(f"{call.name.lower()}(){call.over}", FLOAT, nullable=False)


def _ntile(call: FunctionCall) -> Typed:
    _require_over(call)
    return Typed(f"ntile({call.number(0, BIGINT)}){call.over}", BIGINT, nullable=False)


def _neighbor(call: FunctionCall) -> Typed:
    _require_over(call)
    found = call[0].type or INT
    arguments = [call[0].sql]
    if len(call) > 1:
        arguments.append(call.number(1, BIGINT))
    if len(call) > 2:
        arguments.append(convert(call[2], found).sql)
    return Typed(f"{call.name.lower()}({', '.join(arguments)}){call.over}", found)


def _edge(call: FunctionCall) -> Typed:
    _require_over(call)
    return Typed(f"{call.name.lower()}({call[0].sql}){call.over}", call[0].type)


def _require_over(call: FunctionCall) -> None:
    if not call.over:
        raise PoolError(10753, f"The function '{call.name}' must have an OVER clause.", severity=15)


FUNCTIONS: Final = {
    "COUNT": Signature(_count, 1, 1, aggregate=True),
    "COUNT_BIG": Signature(_count, 1, 1, aggregate=True),
    "SUM": Signature(_sum, 1, 1, aggregate=True),
    "AVG": Signature(_avg, 1, 1, aggregate=True),
    "MIN": Signature(_extreme, 1, 1, aggregate=True),
    "MAX": Signature(_extreme, 1, 1, aggregate=True),
    "STDEV": _spread("stddev_samp"),
    "STDEVP": _spread("stddev_pop"),
    "VAR": _spread("var_samp"),
    "VARP": _spread("var_pop"),
    "STRING_AGG": Signature(_string_agg, 2, 2, aggregate=True),
    "ROW_NUMBER": Signature(_rank, ranking=True),
    "RANK": Signature(_rank, ranking=True),
    "DENSE_RANK": Signature(_rank, ranking=True),
    "PERCENT_RANK": Signature(_share, ranking=True),
    "CUME_DIST": Signature(_share, ranking=True),
    "NTILE": Signature(_ntile, 1, 1, ranking=True),
    "LAG": Signature(_neighbor, 1, 3, ranking=True),
    "LEAD": Signature(_neighbor, 1, 3, ranking=True),
    "FIRST_VALUE": Signature(_edge, 1, 1, ranking=True),
    "LAST_VALUE": Signature(_edge, 1, 1, ranking=True),
}
