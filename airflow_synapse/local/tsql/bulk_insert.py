"""Run one INSERT for many rows of parameters at once, as a driver's fast executemany sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
from sqlglot import exp

from airflow_synapse.local.protocol import Parameter
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.authorization import authorize
from airflow_synapse.local.tsql.changes import insert_from, target_columns
from airflow_synapse.local.tsql.query_text import PREFIX
from airflow_synapse.local.tsql.results import arrow_type
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import Insert, Statement
from airflow_synapse.local.tsql.type_rules import common_type
from airflow_synapse.local.tsql.typed import Typed

_REGISTERED: Final = "__rows"


def bulk_insert(statements: Sequence[Statement]) -> Insert | None:
    """Return the INSERT if the batch is nothing but an INSERT of variables, otherwise None."""
    if len(statements) != 1 or not isinstance(body := statements[0].body, Insert) or not body.values:
        return None
    variables = all(isinstance(value, exp.Anonymous) and value.this == f"{PREFIX}VARIABLE" for value in body.values)
    return body if variables else None


def insert_rows(state: SessionState, statement: Insert, rows: Sequence[Sequence[Parameter]]) -> int:
    """Insert all the rows in one statement and return their number.

    :raises PoolError: One of them does not fit; none is inserted.
    """
    authorize(state, statement)
    table = state.table(statement.target)
    columns = target_columns(state, table, statement.columns)
    names = [value.expressions[0].this.lower() for value in statement.values if value is not None]
    by_name = [{parameter.name.lower(): parameter for parameter in row} for row in rows]
    given = [_column([row[name] for row in by_name]) for name in names]
    keys = [f"c{index}" for index in range(len(given))]
    state.cursor.register(_REGISTERED, pa.table([array for _, array in given], names=keys))
    try:
        values = [Typed(f"source.{key}", found) for key, (found, _) in zip(keys, given, strict=True)]
        return insert_from(state, statement, table, columns, (values, f" FROM {_REGISTERED} AS source"))
    finally:
        state.cursor.unregister(_REGISTERED)


def _column(parameters: Sequence[Parameter]) -> tuple[SqlType, pa.Array]:
    """Return one column of the rows in the widest of the types that they are declared with."""
    found = common_type({parameter.type for parameter in parameters}) or parameters[0].type
    values = [parameter.value for parameter in parameters]
    if found.name == "uniqueidentifier":
        values = [None if value is None else str(value) for value in values]
    return found, pa.array(values, arrow_type(found))
