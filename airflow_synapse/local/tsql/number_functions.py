"""Functions on numbers."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.function_call import FunctionCall, Signature
from airflow_synapse.local.tsql.ranges import cast
from airflow_synapse.local.tsql.type_rules import FLOAT, FLOAT_TYPES, INT, MONEY, is_numeric
from airflow_synapse.local.tsql.typed import Typed


def _number(call: FunctionCall, index: int = 0) -> Typed:
    """Return the argument as a number: text as a float, a smaller integer as an int."""
    value = call[index]
    if value.type is None or not is_numeric(value.type):
        return convert(value, FLOAT)
    return convert(value, INT) if value.type.name in {"bit", "tinyint", "smallint"} else value


def _keeps_type(template: str) -> Signature:
    def build(call: FunctionCall) -> Typed:
        value = _number(call)
        target = value.type or INT
        return Typed(cast(template.format(value.sql), target), target)

    return Signature(build, 1, 1)


def _whole(template: str) -> Signature:
    """CEILING and FLOOR of a decimal have no fraction."""

    def build(call: FunctionCall) -> Typed:
        value = _number(call)
        target = value.type or INT
        if target.name == "decimal":
            target = SqlType("decimal", precision=target.precision, scale=0)
        return Typed(cast(template.format(value.sql), target), target)

    return Signature(build, 1, 1)


def _as_float(template: str, count: int = 1) -> Signature:
    def build(call: FunctionCall) -> Typed:
        return Typed(template.format(*(convert(argument, FLOAT).sql for argument in call.arguments)), FLOAT)

    return Signature(build, count, count)


def _round(call: FunctionCall) -> Typed:
    """ROUND keeps the type; a third argument other than 0 cuts instead. Source: ROUND reference."""
    value = _wide(_number(call))
    target = value.type or INT
    digits = convert(call[1], INT).sql
    if len(call) == 2 or call.literal(2) == "0":
        sql = f"round({value.sql}, {digits})"
    elif target.name in FLOAT_TYPES:
        factor = f"pow(10, {digits})"
        sql = f"trunc({value.sql} * {factor}) / {factor}"
    else:
        sql = f"trunc({value.sql}, {digits})"
    return Typed(cast(sql, target), target)


def _power(call: FunctionCall) -> Typed:
    """POWER is counted in floats. Source: POWER reference, Return Types."""
    value = _wide(_number(call))
    sql = f"tsql_finite(pow(CAST({value.sql} AS DOUBLE), {convert(call[1], FLOAT).sql}))"
    return convert(Typed(sql, FLOAT), _with_most_digits(value.type or FLOAT))


def _sign(call: FunctionCall) -> Typed:
    """Assumption: SIGN of a decimal(p, s) is a decimal(38, s), as POWER is."""
    value = _wide(_number(call))
    target = _with_most_digits(value.type or INT)
    return Typed(cast(f"sign({value.sql})", target), target)


def _wide(value: Typed) -> Typed:
    """Return real as float and smallmoney as money. Source: ROUND, POWER and SIGN reference, Return Types."""
    wider = {"real": FLOAT, "smallmoney": MONEY}.get(value.type.name if value.type else "")
    return convert(value, wider) if wider else value


def _with_most_digits(found: SqlType) -> SqlType:
    return SqlType("decimal", precision=38, scale=found.scale) if found.name == "decimal" else found


def _log(call: FunctionCall) -> Typed:
    """Assumption: LOG to the base 1 is refused with number 3623."""
    logarithms = [f"tsql_defined(ln({convert(argument, FLOAT).sql}))" for argument in call.arguments]
    return Typed(f"tsql_defined({' / '.join(logarithms)})", FLOAT)


FUNCTIONS: Final = {
    "ABS": _keeps_type("abs({0})"),
    "SIGN": Signature(_sign, 1, 1),
    "CEILING": _whole("ceil({0})"),
    "FLOOR": _whole("floor({0})"),
    "ROUND": Signature(_round, 2, 3),
    "POWER": Signature(_power, 2, 2),
    "SQRT": _as_float("tsql_defined(sqrt({0}))"),
    "SQUARE": _as_float("tsql_finite(pow({0}, 2))"),
    "EXP": _as_float("tsql_finite(exp({0}))"),
    "LOG": Signature(_log, 1, 2),
    "LOG10": _as_float("tsql_defined(log10({0}))"),
    "PI": Signature(lambda _: Typed("pi()", FLOAT, nullable=False)),
    "RAND": Signature(lambda _: Typed("random()", FLOAT, nullable=False)),
    "SIN": _as_float("sin({0})"),
    "COS": _as_float("cos({0})"),
    "TAN": _as_float("tan({0})"),
    "ASIN": _as_float("tsql_defined(asin({0}))"),
    "ACOS": _as_float("tsql_defined(acos({0}))"),
    "ATAN": _as_float("atan({0})"),
    "ATN2": _as_float("atan2({0}, {1})", 2),
    "RADIANS": _as_float("radians({0})"),
    "DEGREES": _as_float("degrees({0})"),
}
