"""Suggest types for the variables that a statement uses and does not declare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.changes import column_of
from airflow_synapse.local.tsql.query_text import PREFIX, table_parts
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import Change, Declare, Insert, Query, Select, Statement

#: Assumption: A parameter whose column cannot be told is described as nvarchar(4000).
_UNKNOWN: Final = SqlType("nvarchar", 4000)


def undeclared_parameters(state: SessionState, statements: Sequence[Statement]) -> list[tuple[str, SqlType]]:
    """Return name and suggested type of each variable, in the order of first use."""
    found: dict[str, tuple[str, SqlType]] = {}
    declared: set[str] = set()
    for statement in statements:
        body = statement.body
        if isinstance(body, Declare):
            declared.update(name.lower() for name, _, _ in body.variables)
        for name, suggested in _used(state, body):
            if name.lower() not in declared:
                found.setdefault(name.lower(), (name, suggested))
    return list(found.values())


def _used(state: SessionState, body: object) -> Iterator[tuple[str, SqlType]]:
    if isinstance(body, Insert):
        table = state.table(body.target)
        yield from _values(table, body)
        yield from _in_query(state, body.query)
    elif isinstance(body, Change):
        changed = state.find_table(body.target)
        for column, node in body.assignments:
            suggested = column_of(changed, column).type if changed is not None else _UNKNOWN
            yield from ((name, suggested) for name in _names(node))
        yield from _compared(state, body.source, changed)
    elif isinstance(body, Select):
        yield from _in_query(state, body.query)


def _values(table: Table, body: Insert) -> Iterator[tuple[str, SqlType]]:
    names = body.columns or tuple(column.name for column in table.columns if column.identity is None)
    for column, node in zip(names, body.values, strict=False):
        if node is not None:
            yield from ((name, column_of(table, column).type) for name in _names(node))


def _in_query(state: SessionState, query: Query | None) -> Iterator[tuple[str, SqlType]]:
    if query is not None:
        for tree in (*(common.query for common in query.common_tables), query.body):
            yield from _compared(state, tree, None)


def _compared(state: SessionState, tree: exp.Expression, changed: Table | None) -> Iterator[tuple[str, SqlType]]:
    """Give a variable that is compared with a column the column's type."""
    tables = [changed] if changed is not None else []
    for node in tree.find_all(exp.Table):
        table = state.find_table(table_parts(node)) if node.name else None
        if table is not None:
            tables.append(table)
    for call in tree.find_all(exp.Anonymous):
        if call.this == f"{PREFIX}VARIABLE":
            parent = call.parent
            sides = (parent.this, parent.expression) if isinstance(parent, exp.Predicate) else ()
            columns = [side.name for side in sides if isinstance(side, exp.Column)]
            types = [column.type for name in columns for table in tables if (column := table.column(name))]
            yield call.expressions[0].this, types[0] if types else _UNKNOWN


def _names(node: exp.Expression) -> Iterator[str]:
    for call in node.find_all(exp.Anonymous):
        if call.this == f"{PREFIX}VARIABLE":
            yield call.expressions[0].this
