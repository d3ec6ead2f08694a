"""Run INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from airflow_synapse.local.catalog.model import Column, Table
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.conversion import store
from airflow_synapse.local.tsql.expression_binder import ExpressionBinder
from airflow_synapse.local.tsql.query_binder import QueryBinder
from airflow_synapse.local.tsql.query_text import table_node, table_parts
from airflow_synapse.local.tsql.scope import Scope, Source, SourceColumn
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import Change, Insert
from airflow_synapse.local.tsql.typed import Typed, quote_name

_MISMATCH = "Column name or number of supplied values does not match table definition."


def insert(state: SessionState, statement: Insert) -> int:
    """Run an INSERT and return the number of rows.

    :raises PoolError: 208, 207, 213 ...: it does not fit the table.
    """
    table = state.table(statement.target)
    columns = target_columns(state, table, statement.columns)
    if statement.query is not None:
        bound = state.bind(statement.query)
        names = [f"c{index}" for index in range(len(bound.columns))]
        values = [
            Typed(f"source.{name}", given.type, nullable=given.nullable)
            for name, given in zip(names, bound.columns, strict=True)
        ]
        source = f" FROM ({bound.sql}) AS source({', '.join(names)})"
        return insert_from(state, statement, table, columns, (values, source))
    if statement.columns != ():  # () is DEFAULT VALUES
        _check_count(statement, len(statement.values), len(columns))
    binder = QueryBinder(state).expressions(Scope())
    given = [(column, node) for column, node in zip(columns, statement.values, strict=True) if node is not None]
    values = [binder.value(node) for _, node in given]
    return insert_from(state, statement, table, [column for column, _ in given], (values, ""))


def insert_from(
    state: SessionState,
    statement: Insert,
    table: Table,
    columns: Sequence[Column],
    rows: tuple[Sequence[Typed], str],
) -> int:
    """Insert rows into ``columns`` and return their number.

    :param rows: The values of a row, and the FROM clause that they are taken from; without one it is one row.
    """
    values, source = rows
    _check_count(statement, len(values), len(columns))
    names = [quote_name(column.name) for column in columns]
    stored = [store(value, column.type, column.name) for value, column in zip(values, columns, strict=True)]
    catalog = state.database.catalog
    identity = table.identity_column
    generates = identity is not None and identity not in columns
    if generates and state.identity_insert == table:
        what = f"Explicit value must be specified for identity column in table '{table.name}'"
        raise PoolError(545, f"{what} when IDENTITY_INSERT is set to ON.")
    with state.writing(table) as cursor:
        if identity is not None and identity.identity is not None and generates:
            first = catalog.next_identity(cursor, table, 0)
            names.append(quote_name(identity.name))
            stored.append(f"{first} + {identity.identity.increment} * (row_number() OVER () - 1)")
        if names:
            sql = f"INSERT INTO {table.duckdb_name} ({', '.join(names)}) SELECT {', '.join(stored)}{source}"
        else:
            sql = f"INSERT INTO {table.duckdb_name} DEFAULT VALUES"
        count = _count(cursor.execute(sql, state.take_parameters(sql)).fetchone())
        if generates:
            catalog.next_identity(cursor, table, count)
        elif identity is not None:
            catalog.pass_identity(cursor, table)
    return count


def target_columns(state: SessionState, table: Table, names: Sequence[str] | None) -> list[Column]:
    """Return the columns that get a value; without a list, every one but the identity column."""
    if names is None:
        return [column for column in table.columns if column.identity is None]
    found = [column_of(table, name) for name in names]
    if len({column.name for column in found}) < len(found):
        raise PoolError(264, "A column name is specified more than once in the column list of an INSERT.")
    if any(column.identity is not None for column in found) and state.identity_insert != table:
        what = f"Cannot insert explicit value for identity column in table '{table.name}'"
        raise PoolError(544, f"{what} when IDENTITY_INSERT is set to OFF.")
    return found


def column_of(table: Table, name: str) -> Column:
    """Return the column of that name.

    :raises PoolError: 207, there is none.
    """
    column = table.column(name)
    if column is None:
        raise PoolError(207, f"Invalid column name '{name}'.")
    return column


def _check_count(statement: Insert, given: int, wanted: int) -> None:
    if given == wanted:
        return
    if statement.columns is None:
        raise PoolError(213, _MISMATCH)
    if given > wanted:
        raise PoolError(110, "There are fewer columns in the INSERT statement than values.", severity=15)
    raise PoolError(109, "There are more columns in the INSERT statement than values.", severity=15)


def change(state: SessionState, statement: Change) -> int:
    """Run an UPDATE or a DELETE and return the number of rows."""
    binder = QueryBinder(state)
    table, alias, scope, source, where = _rows(state, statement, binder)
    expressions = binder.expressions(scope)
    assignments = [assignment(table, expressions, name, node) for name, node in statement.assignments]
    if len({name for name, _ in assignments}) < len(assignments):
        raise PoolError(264, "A column name is specified more than once in the SET clause.")
    row = f"{quote_name(alias)}.rowid"
    if assignments:
        values = ", ".join(f"{value} AS c{index}" for index, (_, value) in enumerate(assignments))
        settings = ", ".join(f"{quote_name(name)} = new.c{index}" for index, (name, _) in enumerate(assignments))
        # A row that several rows of the source match is changed once, by any of them.
        matched = f"SELECT DISTINCT ON ({row}) {row} AS id, {values}{source}{where}"
        sql = f"UPDATE {table.duckdb_name} AS old SET {settings} FROM ({matched}) AS new WHERE old.rowid = new.id"
    else:
        sql = f"DELETE FROM {table.duckdb_name} WHERE rowid IN (SELECT {row}{source}{where})"
    with state.writing(table) as cursor:
        return _count(cursor.execute(sql, state.take_parameters(sql)).fetchone())


def _rows(state: SessionState, statement: Change, binder: QueryBinder) -> tuple[Table, str, Scope, str, str]:
    """Return the table to change, its alias, and FROM and WHERE of the rows."""
    select = statement.source
    if select.args.get("from_") is None:
        table = state.table(statement.target)
        alias = statement.target[-1]
        columns = tuple(SourceColumn(column.name, column.type, column.nullable) for column in table.columns)
        scope = Scope([Source(alias, columns)])
        where = select.args.get("where")
        condition = f" WHERE {binder.expressions(scope).predicate(where.this)}" if where else ""
        return table, alias, scope, f" FROM {table.duckdb_name} AS {quote_name(alias)}", condition
    found = _target_in_from(select, statement)
    if found is None:
        # WHERE alone joins it. Source: azure-docs sql-data-warehouse-develop-ctas, the implicit join of an UPDATE.
        state.table(statement.target)  # refuses a name of more parts than the tree takes
        found = table_node(statement.target)
        select = select.copy()  # the parsed batch is kept
        select.append("joins", exp.Join(this=found, kind="CROSS"))
    source, scope, condition = binder.source(select)
    return state.table(table_parts(found)), found.alias or table_parts(found)[-1], scope, source, condition


def _target_in_from(select: exp.Select, statement: Change) -> exp.Table | None:
    """Return the member of FROM that is the target: by its alias, or by its name."""
    wanted = tuple(part.lower() for part in statement.target)
    members = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
    tables = [table for table in members if isinstance(table, exp.Table)]
    for table in tables:
        if len(wanted) == 1 and table.alias.lower() == wanted[0]:
            return table
    for table in tables:
        parts = tuple(part.lower() for part in table_parts(table))
        if parts[-len(wanted) :] == wanted or wanted[-len(parts) :] == parts:
            return table
    return None


def assignment(table: Table, expressions: ExpressionBinder, name: str, node: exp.Expression) -> tuple[str, str]:
    """Return name and new value of a column that is set.

    :raises PoolError: 207, there is no such column; 8102, it is the identity column.
    """
    column = column_of(table, name)
    if column.identity is not None:
        raise PoolError(8102, f"Cannot update identity column '{column.name}'.")
    return column.name, store(expressions.value(node), column.type, column.name)


def _count(row: tuple[object, ...] | None) -> int:
    return int(str(row[0])) if row else 0
