"""Translate one expression: its names, its types, its operators, its functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from sqlglot import exp

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.function_call import FunctionCall, SessionFacts, Signature
from airflow_synapse.local.tsql.functions import find_function
from airflow_synapse.local.tsql.operators import (
    alike,
    as_numbers,
    calculation,
    comparison,
    concatenation,
    is_moment,
    moment_arithmetic,
    without_blanks,
)
from airflow_synapse.local.tsql.patterns import like
from airflow_synapse.local.tsql.query_text import PREFIX
from airflow_synapse.local.tsql.ranges import checked
from airflow_synapse.local.tsql.reader import not_supported
from airflow_synapse.local.tsql.scope import Scope
from airflow_synapse.local.tsql.type_rules import (
    INT,
    arithmetic_type,
    common_type,
    is_numeric,
    is_text,
    number_literal,
)
from airflow_synapse.local.tsql.typed import Typed, quote_literal
from airflow_synapse.local.tsql.windows import check_window

_ARITHMETIC: Final[dict[type[exp.Expression], str]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_BITWISE: Final[dict[type[exp.Expression], str]] = {exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "^"}
_COMPARISONS: Final[dict[type[exp.Expression], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


class QueryBinder(Protocol):
    """What an expression needs of the binder of queries: its subqueries."""

    @property
    def session(self) -> SessionFacts:
        """The session that runs the query."""

    def subquery(self, tree: exp.Expression, outer: Scope) -> tuple[str, list[SqlType | None]]:
        """Return a subquery in DuckDB's SQL, without parentheses, and the types of its columns."""


class ExpressionBinder:
    """Translates the expressions of one SELECT."""

    def __init__(self, queries: QueryBinder, scope: Scope) -> None:
        self._queries = queries
        self._scope = scope
        self._values: dict[type[exp.Expression], Callable[..., Typed]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Null: lambda _: Typed("NULL", None),
            exp.Paren: self._parenthesized,
            exp.Neg: self._negative,
            exp.BitwiseNot: self._bitwise_not,
            exp.Anonymous: self._function,
            exp.Window: self._window,
            exp.WithinGroup: self._within_group,
            exp.Case: self._case,
            exp.Subquery: self._scalar_subquery,
            exp.Dot: self._dotted,
        }
        self._predicates: dict[type[exp.Expression], Callable[..., str]] = {
            exp.And: lambda node: f"({self.predicate(node.this)} AND {self.predicate(node.expression)})",
            exp.Or: lambda node: f"({self.predicate(node.this)} OR {self.predicate(node.expression)})",
            exp.Not: lambda node: f"(NOT {self.predicate(node.this)})",
            exp.Paren: lambda node: self.predicate(node.this),
            exp.Is: self._is_null,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Escape: self._like,
            exp.Exists: self._exists,
        }

    # Values ---------------------------------------------------------------------------------------------------------

    def value(self, node: exp.Expression) -> Typed:
        """Return the translated expression.

        :raises PoolError: It is no value, or holds something unknown.
        """
        if type(node) in _ARITHMETIC:
            return self._arithmetic(node)
        if type(node) in _BITWISE:
            return self._bitwise(node)
        build = self._values.get(type(node))
        if build is None:
            raise _unreadable(node)
        return build(node)

    def _parenthesized(self, node: exp.Paren) -> Typed:
        inner = self.value(node.this)
        return Typed(f"({inner.sql})", inner.type, inner.literal, inner.nullable)

    def _column(self, node: exp.Column) -> Typed:
        if isinstance(node.this, exp.Star):
            raise PoolError(102, "Incorrect syntax near '*'.", severity=15)
        return self._scope.column(node.name, node.table or None)

    def _dotted(self, node: exp.Dot) -> Typed:
        if node.find(exp.Anonymous):
            raise not_supported("A function with a schema before its name")
        raise PoolError(4104, "A multi-part identifier of more than four parts could not be bound.")

    def _literal(self, node: exp.Literal) -> Typed:
        if node.is_string:
            found = SqlType("varchar", min(max(1, len(node.this)), 8000) if len(node.this) <= 8000 else MAX)
            return Typed(quote_literal(node.this), found, node.this, nullable=False)
        found = number_literal(node.this)
        if found.name == "float" and math.isinf(float(node.this)):
            # Assumption: A float literal that is out of range is refused with number 168.
            raise PoolError(168, "A floating point value is out of the range of computer representation.", severity=15)
        return Typed(f"CAST({node.this} AS {found.duckdb_name})", found, node.this, nullable=False)

    def _negative(self, node: exp.Neg) -> Typed:
        inner = self.value(node.this)
        if inner.type is None or not is_numeric(inner.type):
            inner = convert(inner, INT)
        if inner.type is not None and inner.type.name in {"bit", "tinyint"}:
            inner = convert(inner, SqlType("smallint"))
        literal = None if inner.literal is None else f"-{inner.literal}"
        sql = f"(-{inner.sql})"
        return Typed(sql if inner.type is None else checked(sql, inner.type), inner.type, literal, inner.nullable)

    def _bitwise_not(self, node: exp.BitwiseNot) -> Typed:
        inner = self.value(node.this)
        return inner.with_sql(f"(~{inner.sql})")

    def _bitwise(self, node: exp.Expression) -> Typed:
        left, right = self.value(node.this), self.value(node.expression)
        target = common_type((left.type, right.type, INT)) or INT
        if target.name not in {"int", "bigint"}:
            raise PoolError(402, f"The data type {target.name} is invalid in the operator '{_BITWISE[type(node)]}'.")
        a, b, operator = convert(left, target).sql, convert(right, target).sql, _BITWISE[type(node)]
        return Typed(f"xor({a}, {b})" if operator == "^" else f"({a} {operator} {b})", target)

    def _arithmetic(self, node: exp.Expression) -> Typed:
        operator = _ARITHMETIC[type(node)]
        left, right = self.value(node.this), self.value(node.expression)
        has_text = is_text(left.type) or is_text(right.type)
        if operator == "+" and has_text and not (is_numeric(left.type) or is_numeric(right.type)):
            return concatenation(left, right)
        if operator in "+-" and (is_moment(left) or is_moment(right)):
            return moment_arithmetic(operator, left, right)
        left, right = as_numbers(left, right)
        assert left.type is not None and right.type is not None  # noqa: S101, PT018 - _as_numbers gave both a type
        target = arithmetic_type(operator, left.type, right.type)
        return Typed(calculation(operator, left, right, target), target, nullable=left.nullable or right.nullable)

    def _case(self, node: exp.Case) -> Typed:
        """Translate CASE; a simple one becomes a searched one."""
        branches = [
            (self._when(node.this, branch.this), self.value(branch.args["true"])) for branch in node.args["ifs"]
        ]
        default = node.args.get("default")
        otherwise = self.value(default) if default is not None else Typed("NULL", None)
        return self._choice(branches, otherwise)

    @staticmethod
    def _choice(branches: Sequence[tuple[str, Typed]], otherwise: Typed) -> Typed:
        values = [*(value for _, value in branches), otherwise]
        target = common_type(value.type for value in values)
        if target is None:
            raise PoolError(8133, "At least one of the result expressions in a CASE must be other than NULL.")
        parts = " ".join(f"WHEN {condition} THEN {convert(value, target).sql}" for condition, value in branches)
        sql = f"CASE {parts} ELSE {convert(otherwise, target).sql} END"
        return Typed(f"({sql})", target, nullable=any(value.nullable for value in values))

    def _when(self, operand: exp.Expression | None, condition: exp.Expression) -> str:
        if operand is None:
            return self.predicate(condition)
        return comparison("=", self.value(operand), self.value(condition))

    def _scalar_subquery(self, node: exp.Subquery) -> Typed:
        sql, types = self._queries.subquery(node.this, self._scope)
        if len(types) != 1:
            raise PoolError(116, "Only one expression can be specified in the select list of a subquery.")
        return Typed(f"({sql})", types[0])

    # Functions ------------------------------------------------------------------------------------------------------

    def _function(self, node: exp.Anonymous, over: str = "", order: str = "") -> Typed:
        name = str(node.this).removeprefix(PREFIX)
        if name.upper() == "IIF":
            return self._iif(node)
        function = find_function(name)
        arguments = list(node.expressions)
        distinct = len(arguments) == 1 and isinstance(arguments[0], exp.Distinct)
        if distinct:
            arguments = list(arguments[0].expressions)
        function.check_count(name, len(arguments))
        if over and not (function.aggregate or function.ranking):
            raise PoolError(4113, f"The function '{name}' is not a valid windowing function.")
        return function.build(self._call(name, function, arguments, over=over, order=order, distinct=distinct))

    def _call(
        self, name: str, function: Signature, arguments: list[exp.Expression], *, over: str, order: str, distinct: bool
    ) -> FunctionCall:
        star = len(arguments) == 1 and isinstance(arguments[0], exp.Star)
        if star and not name.upper().startswith("COUNT"):
            raise PoolError(102, "Incorrect syntax near '*'.", severity=15)
        words = tuple(node.name if index in function.words else None for index, node in enumerate(arguments))
        values = tuple(
            Typed("*", None) if star or words[index] is not None else self.value(node)
            for index, node in enumerate(arguments)
        )
        return FunctionCall(
            name.upper(), values, words, self._queries.session, over=over, order=order, distinct=distinct, star=star
        )

    def _iif(self, node: exp.Anonymous) -> Typed:
        if len(node.expressions) != 3:
            raise PoolError(174, "The iif function requires 3 argument(s).", severity=15)
        condition, yes, no = node.expressions
        return self._choice([(self.predicate(condition), self.value(yes))], self.value(no))

    def _within_group(self, node: exp.WithinGroup) -> Typed:
        return self._function(node.this, order=self.order_by(node.expression))

    def _window(self, node: exp.Window) -> Typed:
        if not isinstance(node.this, exp.Anonymous):
            raise _unreadable(node)
        name = str(node.this.this).removeprefix(PREFIX)
        check_window(node, name, find_function(name))
        parts = []
        if partition := node.args.get("partition_by"):
            parts.append("PARTITION BY " + ", ".join(self.value(part).sql for part in partition))
        if order := node.args.get("order"):
            parts.append(self.order_by(order))
        if spec := node.args.get("spec"):
            parts.append(self._frame(spec))
        return self._function(node.this, over=f" OVER ({' '.join(parts)})")

    @staticmethod
    def _frame(spec: exp.WindowSpec) -> str:
        def edge(name: str) -> str:
            bound = spec.args.get(name)
            text = bound.name if isinstance(bound, exp.Expression) else str(bound)
            return f"{text} {spec.args.get(f'{name}_side') or ''}".strip()

        if spec.args.get("end") is None:
            return f"{spec.args['kind']} {edge('start')}"
        return f"{spec.args['kind']} BETWEEN {edge('start')} AND {edge('end')}"

    def order_by(self, node: exp.Expression) -> str:
        """Return an ORDER BY clause; NULL comes first in ascending order, as in T-SQL."""
        return "ORDER BY " + ", ".join(direction(self.value(part.this).sql, part) for part in node.expressions)

    # Predicates -----------------------------------------------------------------------------------------------------

    def predicate(self, node: exp.Expression) -> str:
        """Return the translated search condition.

        :raises PoolError: 4145, it is a value; T-SQL has no boolean values.
        """
        if type(node) in _COMPARISONS:
            return comparison(_COMPARISONS[type(node)], self.value(node.this), self.value(node.expression))
        build = self._predicates.get(type(node))
        if build is None:
            message = "An expression of non-boolean type specified in a context where a condition is expected."
            raise PoolError(4145, message, severity=15)
        return build(node)

    def _is_null(self, node: exp.Is) -> str:
        if not isinstance(node.expression, exp.Null):
            raise _unreadable(node)
        return f"({self.value(node.this).sql} IS NULL)"

    def _in(self, node: exp.In) -> str:
        value = self.value(node.this)
        query = node.args.get("query")
        if query is not None:
            sql, types = self._queries.subquery(query.this if isinstance(query, exp.Subquery) else query, self._scope)
            if len(types) != 1:
                raise PoolError(116, "Only one expression can be specified in the select list of a subquery.")
            left, right = alike(value, Typed('"in"."value"', types[0]))
            return f'({without_blanks(left)} IN (SELECT {without_blanks(right)} FROM ({sql}) AS "in"("value")))'
        return "(" + " OR ".join(comparison("=", value, self.value(item)) for item in node.expressions) + ")"

    def _between(self, node: exp.Between) -> str:
        value = self.value(node.this)
        low = comparison(">=", value, self.value(node.args["low"]))
        return f"({low} AND {comparison('<=', value, self.value(node.args['high']))})"

    def _like(self, node: exp.Expression) -> str:
        escape = None
        if isinstance(node, exp.Escape):
            if not isinstance(node.this, exp.Like):
                raise _unreadable(node)
            escape = self.value(node.expression).literal
            if escape is None or len(escape) != 1:
                raise PoolError(506, "The escape character of a LIKE predicate must be one character.")
            node = node.this
        return like(self.value(node.this), self.value(node.expression), escape)

    def _exists(self, node: exp.Exists) -> str:
        sql, _ = self._queries.subquery(node.this, self._scope)
        return f"EXISTS ({sql})"


def direction(sql: str, part: exp.Expression) -> str:
    """Return one key of ORDER BY with its direction."""
    return f"{sql} DESC NULLS LAST" if part.args.get("desc") else f"{sql} ASC NULLS FIRST"


def _unreadable(node: exp.Expression) -> PoolError:
    if isinstance(node, exp.Condition | exp.Predicate) and type(node) in _COMPARISONS | _PREDICATE_NAMES:
        return PoolError(103010, "Parse error: a condition stands where a value is expected.")
    return not_supported(f"The expression {type(node).__name__}")


_PREDICATE_NAMES: Final[dict[type[exp.Expression], str]] = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.Not: "NOT",
    exp.Is: "IS",
    exp.In: "IN",
    exp.Between: "BETWEEN",
    exp.Like: "LIKE",
    exp.Exists: "EXISTS",
}
