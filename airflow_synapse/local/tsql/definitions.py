"""Run the statements that define tables and statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import duckdb

from airflow_synapse.local.catalog.clock import now
from airflow_synapse.local.catalog.model import Column, Statistics, Table
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX
from airflow_synapse.local.tsql.changes import column_of
from airflow_synapse.local.tsql.conversion import store
from airflow_synapse.local.tsql.partitions import in_order
from airflow_synapse.local.tsql.query_binder import BoundColumn, BoundQuery, QueryBinder
from airflow_synapse.local.tsql.scope import Scope
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import (
    ColumnDefinition,
    CreateStatistics,
    CreateTable,
    CreateTableAsSelect,
    Distribution,
    DropStatistics,
    DropTable,
    Name,
    TableIndex,
    TableOptions,
    TruncateTable,
    UpdateStatistics,
)
from airflow_synapse.local.tsql.type_rules import INT
from airflow_synapse.local.tsql.typed import Typed, quote_literal, quote_name

_MOST_COLUMNS: Final = 1024


def create_table(state: SessionState, statement: CreateTable) -> None:
    """Run CREATE TABLE.

    :raises PoolError: 2714, the name is taken; others, the definition contradicts itself.
    """
    columns = declared_columns(state, statement.columns)
    table = new_table(state, statement.name, columns, statement.options)
    table = replace(table, constraints=statement.constraints)
    for constraint in statement.constraints:
        for name in constraint.columns:
            column_of(table, name)
    with state.writing(table) as cursor:
        create_in_duckdb(state, cursor, table)


def create_table_as_select(state: SessionState, statement: CreateTableAsSelect) -> int:
    """Run CREATE TABLE AS SELECT and return the number of rows.

    Assumption: An inherited IDENTITY goes on behind the rows that were selected; of none it begins at its seed.
    """
    bound = state.bind(statement.query)
    columns = tuple(
        replace(column, identity=given.identity)
        for column, given in zip(selected_columns(bound, statement.column_names), bound.columns, strict=True)
    )
    table = new_table(state, statement.name, columns, statement.options)
    with state.writing(table) as cursor:
        create_in_duckdb(state, cursor, table)
        sql = f"INSERT INTO {table.duckdb_name} {stored_query(bound, columns)}"
        row = cursor.execute(sql, state.take_parameters(sql)).fetchone()
    return int(row[0]) if row else 0


def selected_columns(bound: BoundQuery, names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a table that is made of a query, without IDENTITY: an external table cannot have it.

    :param names: The list of column names; empty without one.
    :raises PoolError: 8158, the list has another number; 1038, a column has no name.
    """
    names = names or [column.name for column in bound.columns]
    if len(names) != len(bound.columns):
        raise PoolError(8158, "The SELECT has another number of columns than the list of column names.")
    return tuple(_selected_column(name, column) for name, column in zip(names, bound.columns, strict=True))


def stored_query(bound: BoundQuery, columns: Sequence[Column]) -> str:
    """Return a query in DuckDB's SQL with its values as columns of those types store them."""
    values = ", ".join(
        store(Typed(f"source.c{index}", given.type), column.type, column.name)
        for index, (given, column) in enumerate(zip(bound.columns, columns, strict=True))
    )
    source = ", ".join(f"c{index}" for index in range(len(columns)))
    return f"SELECT {values} FROM ({bound.sql}) AS source({source})"


def _selected_column(name: str, column: BoundColumn) -> Column:
    if not name:
        raise PoolError(1038, "A column of the SELECT has no name: give it an alias.", severity=15)
    return Column(name, column.type or INT, column.nullable)


def declared_columns(state: SessionState, columns: Sequence[ColumnDefinition]) -> tuple[Column, ...]:
    """Return the columns that a statement declares."""
    return tuple(_column(state, column) for column in columns)


def _column(state: SessionState, column: ColumnDefinition) -> Column:
    default_sql = None
    if column.default is not None:
        value = QueryBinder(state).expressions(Scope()).value(column.default)
        default_sql = store(value, column.type, column.name)
    return Column(column.name, column.type, column.nullable, column.identity, column.default_text, default_sql)


def new_table(state: SessionState, name: Name, columns: Sequence[Column], options: TableOptions) -> Table:
    """Return a table that is to be created.

    :raises PoolError: 2760, there is no such schema; 2714, the name is taken; others, its parts do not fit each other.
    """
    schema, last = state.qualified(name)
    if schema and not state.database.catalog.has_schema(schema):
        raise PoolError(2760, f"The specified schema name '{schema}' does not exist.")
    if state.find_table(name) is not None:
        raise PoolError(2714, f"There is already an object named '{last}' in the database.")
    table = Table(
        state.database.catalog.new_id(),
        schema or "dbo",
        last,
        tuple(columns),
        options.distribution or Distribution(),
        options.index or TableIndex(),
        options.partitioning,
        temporary=not schema,
    )
    _check(table)
    if table.partitioning is None:
        return table
    partitioned = column_of(table, table.partitioning.column)
    return replace(table, partitioning=in_order(state, table.partitioning, partitioned))


def _check(table: Table) -> None:
    """Check that the parts of a definition fit each other."""
    folded = [column.name.lower() for column in table.columns]
    twice = next((column.name for column in table.columns if folded.count(column.name.lower()) > 1), None)
    if twice is not None:
        raise PoolError(2705, f"Column names in each table must be unique. '{twice}' is specified more than once.")
    if len(folded) > _MOST_COLUMNS:
        raise PoolError(1702, f"Table '{table.name}' has more than {_MOST_COLUMNS} columns.")
    if sum(column.identity is not None for column in table.columns) > 1:
        raise PoolError(2744, f"Multiple identity columns specified for table '{table.name}'.")
    for name in (*table.distribution.columns, *(name for name, _ in table.index.columns)):
        column_of(table, name)
    if table.partitioning is not None:
        column_of(table, table.partitioning.column)
    _check_distribution(table)
    _check_columnstore(table)


def _check_distribution(table: Table) -> None:
    """Source: azure-docs sql-data-warehouse-tables-temporary (not replicated) and -tables-identity (no hash key).

    Assumption: A distribution that the documents forbid is refused with number 103010.
    """
    if table.temporary and table.distribution.policy == "REPLICATE":
        raise PoolError(103010, "A temporary table cannot be replicated.")
    for name in table.distribution.columns:
        if column_of(table, name).identity is not None:
            raise PoolError(103010, f"Identity column '{name}' cannot be the distribution column.")


def _check_columnstore(table: Table) -> None:
    """Source: azure-docs sql-data-warehouse-tables-index: no (max) column in a clustered columnstore index.

    Assumption: A (max) column in a clustered columnstore index is refused with SQL Server's number 35343.
    """
    if table.index.kind != "CLUSTERED COLUMNSTORE":
        return
    for column in table.columns:
        if column.type.name in CHARACTER_TYPES | BINARY_TYPES and column.type.length == MAX:
            message = (
                f"The statement failed. Column '{column.name}' has a data type that cannot participate in a "
                "columnstore index. Use HEAP or a clustered index."
            )
            raise PoolError(35343, message)


def create_in_duckdb(state: SessionState, cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create the table in DuckDB and add it to the catalog, in the transaction of ``cursor``."""
    columns = ", ".join(_column_sql(cursor, column) for column in table.columns)
    temporary = "TEMP " if table.temporary else ""
    cursor.execute(f"CREATE {temporary}TABLE {table.duckdb_name} ({columns})")
    if table.temporary:
        state.database.catalog.put(cursor, state.temporary_tables, table.name.lower(), table)
    else:
        state.database.catalog.add_table(cursor, table)


def _column_sql(cursor: duckdb.DuckDBPyConnection, column: Column) -> str:
    null = "" if column.nullable else " NOT NULL"
    default = f" DEFAULT {_constant(cursor, column)}" if column.default_sql is not None else ""
    return f"{quote_name(column.name)} {column.type.duckdb_name}{null}{default}"


def _constant(cursor: duckdb.DuckDBPyConnection, column: Column) -> str:
    """Return the value of a DEFAULT: a table that calls a macro would keep a restart from making the macro anew.

    Assumption: A DEFAULT that is no value of its column's type is refused when the table is made.
    """
    row = cursor.execute(f"SELECT CAST({column.default_sql} AS VARCHAR)").fetchone()
    text = row[0] if row else None
    return f"CAST({'NULL' if text is None else quote_literal(text)} AS {column.type.duckdb_name})"


def drop_table(state: SessionState, statement: DropTable) -> None:
    """Run DROP TABLE.

    :raises PoolError: 3701, there is no such table.
    """
    for name in statement.names:
        table = state.find_table(name)
        if table is None:
            if statement.if_exists:
                continue
            what = ".".join(part for part in name if part)
            message = f"Cannot drop the table '{what}', because it does not exist or you do not have permission."
            raise PoolError(3701, message, severity=11)
        if table.external is not None:
            raise wrong_drop("DROP TABLE", table, "DROP EXTERNAL TABLE")
        drop_in_duckdb(state, table)


def wrong_drop(used: str, table: Table, right: str) -> PoolError:
    """Return error 3705. Source: sql-docs, Database engine errors 3000 to 3999."""
    kind = "a table" if table.external is None else "an external table"
    name = table.display_name
    return PoolError(3705, f"Cannot use {used} with '{name}' because '{name}' is {kind}. Use {right}.")


def drop_in_duckdb(state: SessionState, table: Table) -> None:
    """Drop the table in DuckDB and remove it from the catalog."""
    with state.writing(table, defining=True) as cursor:
        cursor.execute(f"DROP TABLE {table.duckdb_name}")
        if table.temporary:
            state.database.catalog.remove(cursor, state.temporary_tables, table.name.lower())
        else:
            state.database.catalog.remove_table(cursor, table)


def truncate(state: SessionState, statement: TruncateTable) -> None:
    """Run TRUNCATE TABLE; it may take part in a transaction.

    Source: azure-docs sql-data-warehouse-develop-best-practices-transactions.

    :raises PoolError: 4701, there is no such table.
    """
    table = state.find_table(statement.name)
    if table is None:
        what = ".".join(part for part in statement.name if part)
        raise PoolError(
            4701, f"Cannot find the object '{what}' because it does not exist or you do not have permissions."
        )
    with state.writing(table) as cursor:
        cursor.execute(f"DELETE FROM {table.duckdb_name}").fetchall()
        state.database.catalog.restart_identity(table)


def create_statistics(state: SessionState, statement: CreateStatistics) -> None:
    """Run CREATE STATISTICS: the local pool only remembers them.

    :raises PoolError: 1927, the table has statistics of that name.
    """
    table = state.table(statement.table)
    names = tuple(column_of(table, name).name for name in statement.columns)
    catalog = state.database.catalog
    if catalog.find_statistics(table, statement.name) is not None:
        message = f"There are already statistics on table '{table.name}' named '{statement.name}'."
        raise PoolError(1927, message)
    found = Statistics(catalog.new_id(), statement.name, table.object_id, names, now())
    with state.writing() as cursor:
        catalog.put_statistics(cursor, found)


def update_statistics(state: SessionState, statement: UpdateStatistics) -> None:
    """Run UPDATE STATISTICS of a table, or of those named."""
    table = state.table(statement.table)
    catalog = state.database.catalog
    chosen: Iterable[Statistics] = [
        found for found in catalog.statistics() if found.object_id == table.object_id and not statement.names
    ]
    chosen = [*chosen, *(_statistics(state, table, name) for name in statement.names)]
    with state.writing() as cursor:
        for found in chosen:
            catalog.put_statistics(cursor, replace(found, updated=now()))


def drop_statistics(state: SessionState, statement: DropStatistics) -> None:
    """Run DROP STATISTICS."""
    *table_name, name = statement.name
    if not table_name:
        raise PoolError(103010, "DROP STATISTICS needs the table: DROP STATISTICS schema.table.name.")
    found = _statistics(state, state.table(tuple(table_name)), name)
    with state.writing() as cursor:
        state.database.catalog.drop_statistics(cursor, found)


def _statistics(state: SessionState, table: Table, name: str) -> Statistics:
    found = state.database.catalog.find_statistics(table, name)
    if found is None:
        raise PoolError(2767, f"Could not locate statistics '{name}' on table '{table.name}'.")
    return found
