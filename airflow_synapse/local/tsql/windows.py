"""What an OVER clause must hold, and must not."""

from __future__ import annotations

from sqlglot import exp

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.function_call import Signature


def check_window(node: exp.Window, name: str, function: Signature) -> None:
    """Check the OVER clause of a call.

    Source: OVER clause reference: what ORDER BY takes, which functions need it, no DISTINCT.

    :raises PoolError: 4112, 10756, there is no ORDER BY; 5308, 5309, it orders by a constant; 10759, DISTINCT.
    """
    if any(isinstance(argument, exp.Distinct) for argument in node.this.expressions):
        raise PoolError(10759, "Use of DISTINCT is not allowed with the OVER clause.", severity=15)
    order = node.args.get("order")
    if order is None and function.ranking:
        raise PoolError(4112, f"The function '{name}' must have an OVER clause with ORDER BY.", severity=15)
    if order is None and node.args.get("spec"):
        raise PoolError(10756, "Window frame with ROWS or RANGE must have an ORDER BY clause.", severity=15)
    keys = [] if order is None else [part.this for part in order.expressions]
    if constant := next((key for key in keys if isinstance(key, exp.Literal | exp.Null)), None):
        number, kind = (5308, "integer indices") if constant.is_int else (5309, "constants")
        message = f"Windowed functions, aggregates and NEXT VALUE FOR functions do not support {kind} as ORDER BY"
        raise PoolError(number, f"{message} clause expressions.")
