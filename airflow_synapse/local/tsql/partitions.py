"""The boundaries of partitions, as statements write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_synapse.local.catalog.model import Column
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.change_parser import parse_value
from airflow_synapse.local.tsql.conversion import store
from airflow_synapse.local.tsql.engine_errors import translated
from airflow_synapse.local.tsql.query_binder import QueryBinder
from airflow_synapse.local.tsql.scope import Scope
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import Partitioning
from airflow_synapse.local.tsql.tokens import tokenize


def in_order(state: SessionState, partitioning: Partitioning, column: Column) -> Partitioning:
    """Return the partitioning with its boundaries converted to the type of the column and sorted.

    Source of the numbers: sql-docs, Database engine errors 7000 to 7999.

    :raises PoolError: 7708, a boundary is there twice; others, one does not fit the type.
    """
    values = converted(state, partitioning.boundaries, column)
    if len(set(values)) < len(values):
        raise PoolError(7708, "Duplicate range boundary values are not allowed in the list of boundary values.")
    return replace(partitioning, column=column.name, boundaries=values)


def converted(state: SessionState, constants: Sequence[str], column: Column) -> tuple[str, ...]:
    """Return T-SQL constants as the text of values in the type of a column, in their order as values.

    Assumption: NULL as a boundary value of a partition is refused with number 103010.
    """
    if not constants:
        return ()
    expressions = QueryBinder(state).expressions(Scope())
    stored = [store(expressions.value(parse_value(tokenize(text))), column.type, column.name) for text in constants]
    rows = ", ".join(f"({sql})" for sql in stored)
    with translated():
        sql = f"SELECT CAST(value AS VARCHAR) FROM (VALUES {rows}) AS boundary(value) ORDER BY value"
        found = tuple(row[0] for row in state.cursor.execute(sql, state.take_parameters(sql)).fetchall())
    if None in found:
        raise PoolError(103010, "NULL cannot be a boundary value of a partition.")
    return found
