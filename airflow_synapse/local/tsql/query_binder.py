"""Translate a query: FROM, WHERE, GROUP BY, the select list, ORDER BY, set operations, common tables.

Assumption: Trailing blanks count in GROUP BY, DISTINCT, set operations and aggregates, unlike in comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlglot import exp

from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.expression_binder import ExpressionBinder, direction
from airflow_synapse.local.tsql.function_call import SessionFacts
from airflow_synapse.local.tsql.query_text import PREFIX, table_parts
from airflow_synapse.local.tsql.reader import not_supported
from airflow_synapse.local.tsql.scope import Scope, Source, SourceColumn
from airflow_synapse.local.tsql.statements import Name, Query
from airflow_synapse.local.tsql.type_rules import INT, common_type
from airflow_synapse.local.tsql.typed import Typed, quote_name

_SELECT_PARTS: Final = frozenset({
    "expressions", "distinct", "limit", "from_", "joins", "where", "group", "having", "order", "kind", "hint",
})  # fmt: skip
_SET_OPERATORS: Final[dict[type[exp.Expression], str]] = {
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that a query reads: its name in DuckDB, ready to stand in FROM, and its columns."""

    duckdb_name: str
    columns: tuple[SourceColumn, ...]


class QuerySession(SessionFacts, Protocol):
    """What the binder needs of the session."""

    def relation(self, name: Name) -> Relation:
        """Return the table or view of that name.

        :raises PoolError: 208, there is none.
        """

    def table_function(self, name: str) -> Relation | None:
        """Return what a table-valued function gives, None when there is none of that name."""


@dataclass(frozen=True, slots=True)
class BoundColumn:
    """A column of a result.

    :param identity: What a table that is made of the result inherits.
    """

    name: str
    type: SqlType | None
    nullable: bool = True
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A query in DuckDB's SQL."""

    sql: str
    columns: tuple[BoundColumn, ...]


class QueryBinder:
    """Translates the queries of one statement."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session
        self._common_tables: dict[str, tuple[SourceColumn, ...]] = {}

    @property
    def session(self) -> SessionFacts:
        """The session that runs the query."""
        return self._session

    def bind(self, query: Query) -> BoundQuery:
        """Return the query translated, its WITH list first."""
        parts = []
        for common in query.common_tables:
            _check_no_order(common.query)
            bound = self._query(common.query, None)
            names = common.columns or tuple(column.name for column in bound.columns)
            columns = _named(bound.columns, names, common.name)
            quoted = ", ".join(quote_name(name) for name in names)
            parts.append(f"{quote_name(common.name)}({quoted}) AS ({bound.sql})")
            self._common_tables[common.name.lower()] = columns
        bound = self._query(query.body, None)
        return BoundQuery(f"WITH {', '.join(parts)} {bound.sql}", bound.columns) if parts else bound

    def subquery(self, tree: exp.Expression, outer: Scope) -> tuple[str, list[SqlType | None]]:
        """Return a subquery and the types of its columns."""
        _check_no_order(tree)
        bound = self._query(tree, outer)
        return bound.sql, [column.type for column in bound.columns]

    def source(self, select: exp.Select) -> tuple[str, Scope, str]:
        """Return FROM, its scope and WHERE of a SELECT whose list does not matter."""
        _check_parts(select)
        scope = Scope()
        tables = self._from(select, scope)
        return tables, scope, self._where(select, ExpressionBinder(self, scope))

    def expressions(self, scope: Scope) -> ExpressionBinder:
        """Return a binder of expressions that see ``scope``."""
        return ExpressionBinder(self, scope)

    def _query(self, tree: exp.Expression, outer: Scope | None) -> BoundQuery:
        if type(tree) in _SET_OPERATORS:
            return self._set_operation(tree, outer)
        if isinstance(tree, exp.Subquery | exp.Paren):
            return self._query(tree.this, outer)
        if isinstance(tree, exp.Select):
            return self._select(tree, outer)
        raise not_supported(f"The query {type(tree).__name__}")

    # SELECT ---------------------------------------------------------------------------------------------------------

    def _select(self, select: exp.Select, outer: Scope | None) -> BoundQuery:
        _check_parts(select)
        scope = Scope(outer=outer)
        tables = self._from(select, scope)
        binder = ExpressionBinder(self, scope)
        where = self._where(select, binder)
        group = self._group(select, binder)
        items = [item for node in select.expressions for item in self._item(node, binder, scope)]
        top = self._top(select, binder)
        chosen = ", ".join(
            f"{value.sql} AS {quote_name(name or f'column{index}')}" for index, (name, value) in _numbered(items)
        )
        order = self._order(select.args.get("order"), items, binder)
        distinct = "DISTINCT " if select.args.get("distinct") else ""
        if distinct:
            _check_distinct_order(select.args.get("order"), items, binder)
        sql = f"SELECT {distinct}{chosen}{tables}{where}{group}{order}{top}"
        return BoundQuery(sql, _result_columns(items, scope))

    def _item(self, node: exp.Expression, binder: ExpressionBinder, scope: Scope) -> list[tuple[str, Typed]]:
        if isinstance(node, exp.Star):
            return scope.star(None)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            return scope.star(node.table)
        if isinstance(node, exp.Alias):
            return [(node.alias, binder.value(node.this))]
        if isinstance(node, exp.EQ) and isinstance(node.this, exp.Anonymous) and node.this.this == f"{PREFIX}VARIABLE":
            raise not_supported("SELECT @variable = ... (use SET)")
        return [(node.name if isinstance(node, exp.Column) else "", binder.value(node))]

    def _where(self, select: exp.Select, binder: ExpressionBinder) -> str:
        where = select.args.get("where")
        return f" WHERE {binder.predicate(where.this)}" if where else ""

    def _group(self, select: exp.Select, binder: ExpressionBinder) -> str:
        group, having = select.args.get("group"), select.args.get("having")
        sql = ""
        if group is not None:
            if set(group.args) - {"expressions"} and any(group.args[key] for key in group.args if key != "expressions"):
                raise not_supported("GROUP BY with ROLLUP, CUBE or GROUPING SETS")
            sql = " GROUP BY " + ", ".join(self._group_key(key, binder) for key in group.expressions)
        return sql + (f" HAVING {binder.predicate(having.this)}" if having else "")

    @staticmethod
    def _group_key(node: exp.Expression, binder: ExpressionBinder) -> str:
        if isinstance(node, exp.Literal):
            raise PoolError(164, "Each GROUP BY expression must contain at least one column that is not an outer one.")
        return binder.value(node).sql

    @staticmethod
    def _top(select: exp.Select, binder: ExpressionBinder) -> str:
        limit = select.args.get("limit")
        if limit is None:
            return ""
        options = limit.args.get("limit_options")
        if not isinstance(limit, exp.Limit) or options is not None:
            raise not_supported("TOP with PERCENT or WITH TIES")
        count = limit.expression
        return f" LIMIT {binder.value(count.this if isinstance(count, exp.Paren) else count).sql}"

    def _order(
        self, order: exp.Expression | None, items: Sequence[tuple[str, Typed]], binder: ExpressionBinder | None
    ) -> str:
        if order is None:
            return ""
        return " ORDER BY " + ", ".join(self._order_key(part, items, binder) for part in order.expressions)

    @staticmethod
    def _order_key(part: exp.Expression, items: Sequence[tuple[str, Typed]], binder: ExpressionBinder | None) -> str:
        key = part.this
        if isinstance(key, exp.Literal) and not key.is_string:
            if not 1 <= int(key.this) <= len(items):
                raise PoolError(108, f"The ORDER BY position number {key.this} is out of range.", severity=15)
            return direction(str(int(key.this)), part)
        if isinstance(key, exp.Column) and (binder is None or not key.table):
            named = [index for index, (name, _) in enumerate(items, 1) if name.lower() == key.name.lower()]
            if named:
                return direction(str(named[0]), part)
        if binder is None:
            raise PoolError(
                104, "ORDER BY items must appear in the select list if the statement has a UNION.", severity=15
            )
        return direction(binder.value(key).sql, part)

    # FROM -----------------------------------------------------------------------------------------------------------

    def _from(self, select: exp.Select, scope: Scope) -> str:
        clause = select.args.get("from_")
        if clause is None:
            return ""
        sql = self._table(clause.this, scope)
        for join in [*(clause.this.args.get("joins") or ()), *(select.args.get("joins") or ())]:
            sql += self._join(join, scope)
        return f" FROM {sql}"

    def _join(self, join: exp.Join, scope: Scope) -> str:
        if join.args.get("using") or join.args.get("method"):
            raise PoolError(103010, "Parse error: a join needs ON.")
        table = self._table(join.this, scope)
        inner = "".join(self._join(nested, scope) for nested in (join.this.args.get("joins") or ()))
        table = f"({table}{inner})" if inner else table
        side, kind, condition = join.side, join.kind, join.args.get("on")
        if condition is None:
            if side or kind not in {"", "CROSS"}:
                raise PoolError(103010, "Parse error: a join needs ON.")
            return f" CROSS JOIN {table}"
        on = ExpressionBinder(self, scope).predicate(condition)
        return f" {side or 'INNER'} JOIN {table} ON {on}"

    def _table(self, node: exp.Expression, scope: Scope) -> str:
        if isinstance(node, exp.Subquery):
            return self._derived_table(node, scope)
        if not isinstance(node, exp.Table):
            raise not_supported(f"{type(node).__name__} in FROM")
        if isinstance(node.this, exp.Anonymous):
            return self._table_function(node, scope)
        name = table_parts(node)
        common = self._common_tables.get(name[0].lower()) if len(name) == 1 else None
        relation = Relation(quote_name(name[0]), common) if common is not None else self._session.relation(name)
        alias = node.alias or name[-1]
        scope.add(Source(alias, relation.columns))
        return f"{relation.duckdb_name} AS {quote_name(alias)}"

    def _table_function(self, node: exp.Table, scope: Scope) -> str:
        name = str(node.this.this).removeprefix(PREFIX)
        relation = self._session.table_function(name)
        if relation is None:
            raise PoolError(208, f"Invalid object name '{name}'.")
        alias = node.alias or name
        scope.add(Source(alias, relation.columns))
        return f"{relation.duckdb_name} AS {quote_name(alias)}"

    def _derived_table(self, node: exp.Subquery, scope: Scope) -> str:
        if isinstance(node.this, exp.Table):  # FROM (a JOIN b ON ...)
            joins = "".join(self._join(join, scope) for join in (node.this.args.get("joins") or ()))
            return f"({self._table(node.this, scope)}{joins})"
        alias = node.alias
        if not alias:
            raise PoolError(103010, "Parse error: a derived table needs a name.")
        _check_no_order(node.this)
        bound = self._query(node.this, scope.outer)
        columns = node.args["alias"].columns
        names = tuple(column.name for column in columns) or tuple(column.name for column in bound.columns)
        scope.add(Source(alias, _named(bound.columns, names, alias)))
        return f"({bound.sql}) AS {quote_name(alias)}({', '.join(quote_name(name) for name in names)})"

    # Set operations -------------------------------------------------------------------------------------------------

    def _set_operation(self, tree: exp.Expression, outer: Scope | None) -> BoundQuery:
        left, right = self._query(tree.this, outer), self._query(tree.expression, outer)
        if len(left.columns) != len(right.columns):
            message = (
                "All queries combined using a UNION, INTERSECT or EXCEPT must have an equal number of expressions."
            )
            raise PoolError(205, message)
        columns = tuple(
            BoundColumn(one.name, common_type((one.type, other.type)), one.nullable or other.nullable)
            for one, other in zip(left.columns, right.columns, strict=True)
        )
        operator = _SET_OPERATORS[type(tree)] + ("" if tree.args.get("distinct") else " ALL")
        if operator in {"EXCEPT ALL", "INTERSECT ALL"}:
            raise PoolError(103010, f"Parse error: {operator} is not T-SQL.")
        sql = f"{_converted(left, columns)} {operator} {_converted(right, columns)}"
        items = [(column.name, Typed("", column.type)) for column in columns]
        return BoundQuery(f"{sql}{self._order(tree.args.get('order'), items, None)}", columns)


def _result_columns(items: Sequence[tuple[str, Typed]], scope: Scope) -> tuple[BoundColumn, ...]:
    """Return the columns of one SELECT.

    Source: azure-docs sql-data-warehouse-tables-identity, SELECT..INTO: no identity through a join or UNION, in an
    expression, or for a column that is listed twice.

    Assumption: IDENTITY is not inherited through EXCEPT, INTERSECT, a derived table or a common table expression, nor
    by a column in parentheses; an expression elsewhere in the list does not take it from the column itself.
    """
    inherits = len(scope.sources) == 1 and sum(value.identity is not None for _, value in items) == 1
    return tuple(
        BoundColumn(name, value.type, value.nullable, value.identity if inherits else None) for name, value in items
    )


def _converted(query: BoundQuery, columns: Sequence[BoundColumn]) -> str:
    """Return one side of a set operation with its columns in the types of the whole."""
    if [column.type for column in query.columns] == [column.type for column in columns]:
        return f"({query.sql})"
    names = [f"c{index}" for index in range(len(columns))]
    parts = ", ".join(
        f"{convert(Typed(name, own.type), column.type or INT).sql} AS {name}"
        for name, own, column in zip(names, query.columns, columns, strict=True)
    )
    return f"(SELECT {parts} FROM ({query.sql}) AS side({', '.join(names)}))"


def _named(columns: Sequence[BoundColumn], names: Sequence[str], owner: str) -> tuple[SourceColumn, ...]:
    """Return the columns of a derived or common table.

    :raises PoolError: 8158 or 8159, there are more or fewer columns than names; 8155, one has no name; 8156, two share
        one.
    """
    if len(names) != len(columns):
        number = 8158 if len(columns) > len(names) else 8159
        raise PoolError(number, f"'{owner}' has {len(columns)} columns and {len(names)} column names.")
    folded = [name.lower() for name in names]
    if "" in folded:
        raise PoolError(8155, f"No column name was specified for column {folded.index('') + 1} of '{owner}'.")
    twice = next((name for name in names if folded.count(name.lower()) > 1), None)
    if twice is not None:
        raise PoolError(8156, f"The column '{twice}' was specified multiple times for '{owner}'.")
    return tuple(SourceColumn(name, column.type, column.nullable) for name, column in zip(names, columns, strict=True))


def _check_distinct_order(
    order: exp.Expression | None, items: Sequence[tuple[str, Typed]], binder: ExpressionBinder
) -> None:
    names, values = {name.lower() for name, _ in items}, {value.sql for _, value in items}
    for part in order.expressions if order is not None else ():
        key = part.this
        is_listed = isinstance(key, exp.Literal) or (isinstance(key, exp.Column) and key.name.lower() in names)
        if not is_listed and binder.value(key).sql not in values:
            message = "ORDER BY items must appear in the select list if SELECT DISTINCT is specified."
            raise PoolError(145, message, severity=15)


def _check_no_order(tree: exp.Expression) -> None:
    """Check a query inside another one."""
    if tree.args.get("order") and not tree.args.get("limit"):
        message = (
            "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table "
            "expressions, unless TOP, OFFSET or FOR XML is also specified."
        )
        raise PoolError(1033, message, severity=15)


def _numbered(items: Sequence[tuple[str, Typed]]) -> list[tuple[int, tuple[str, Typed]]]:
    return list(enumerate(items, 1))


def _check_parts(select: exp.Select) -> None:
    for name, part in select.args.items():
        if part and name not in _SELECT_PARTS:
            raise not_supported(f"The clause {name.strip('_').upper()}")
