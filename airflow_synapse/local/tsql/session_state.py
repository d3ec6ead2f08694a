"""What one session has: its cursor, variables, temporary tables, options and transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import duckdb
import pyarrow as pa

from airflow_synapse.local.catalog.catalog import SYSTEM_SCHEMAS, Catalog
from airflow_synapse.local.catalog.locks import TableLocks
from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.partition_numbers import row_counts
from airflow_synapse.local.catalog.principals import DBO_ID
from airflow_synapse.local.catalog.requests import RequestLog, SessionRecord
from airflow_synapse.local.catalog.system_views import VIEWS, ViewContext
from airflow_synapse.local.concurrency import ConcurrencySlots
from airflow_synapse.local.copy.environment import StorageConfiguration
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import RUNNING, StatementFaults
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql import metadata_functions
from airflow_synapse.local.tsql.engine_errors import translated
from airflow_synapse.local.tsql.external_scan import external_rows
from airflow_synapse.local.tsql.permissions import demand_on_database, demand_on_table, demand_server_state
from airflow_synapse.local.tsql.query_binder import BoundQuery, QueryBinder, Relation
from airflow_synapse.local.tsql.reader import TokenReader, refused
from airflow_synapse.local.tsql.results import arrow_type, run_query
from airflow_synapse.local.tsql.scope import SourceColumn
from airflow_synapse.local.tsql.statements import Name, Query
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.local.tsql.type_rules import INT
from airflow_synapse.local.tsql.typed import Typed, quote_name

_LONGEST_LITERAL: Final = 8000


@dataclass(frozen=True, slots=True)
class Database:
    """What all sessions of a pool share.

    :param logins: Names, in lower case, of the logins that a user can be created for.
    """

    name: str
    catalog: Catalog
    locks: TableLocks
    requests: RequestLog
    storage: StorageConfiguration
    slots: ConcurrencySlots
    service_objective: str
    logins: frozenset[str] = frozenset()


@dataclass(slots=True)
class Variable:
    """A variable or a parameter of the running batch."""

    type: SqlType
    value: object


@dataclass(slots=True)
class UserTransaction:
    """An open user transaction.

    DuckDB's transactions are snapshots; READ UNCOMMITTED and READ_COMMITTED_SNAPSHOT, between which a dedicated pool
    has the choice, see what others commit. Source: azure-docs sql-data-warehouse-develop-transactions, isolation level.

    Assumption: A transaction sees what others commit until it changes something itself, and not after that.

    :param begun: Whether DuckDB's transaction has begun: it does with the first change, once that has its locks.
    :param doomed: Whether a statement failed in it, so that its changes are gone and only ROLLBACK is left.
    """

    begun: bool = False
    doomed: bool = False


@dataclass(slots=True)
class SessionState:
    """The session as the statements that run in it see it."""

    database: Database
    cursor: duckdb.DuckDBPyConnection
    record: SessionRecord
    faults: StatementFaults
    principal_id: int = DBO_ID
    cancelled: threading.Event = field(default_factory=threading.Event)
    variables: dict[str, Variable] = field(default_factory=dict)
    temporary_tables: dict[str, Table] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    identity_insert: Table | None = None
    transaction: UserTransaction | None = None
    row_count: int = 0
    _used: dict[str, object] = field(default_factory=dict)
    _registered: set[str] = field(default_factory=set)

    # Running --------------------------------------------------------------------------------------------------------

    def bind(self, query: Query) -> BoundQuery:
        """Translate a query. Its variables are those of the next run."""
        return QueryBinder(self).bind(query)

    def take_parameters(self, sql: str = "") -> dict[str, object]:
        """Return the values of the variables that stand in ``sql``; forget all that were translated, and the views.

        A variable may have been looked at without standing in the text: as a LIKE pattern, or the name of an object. A
        view that a query names twice is made once; the next query makes it anew.
        """
        standing = {key: value for key, value in self._used.items() if f"${key} " in sql}
        self._used.clear()
        self._registered.clear()
        return standing

    def evaluate(self, query: Query) -> tuple[SqlType, object]:
        """Return type and value of the one value that a query selects."""
        bound = self.bind(query)
        rows = run_query(self.cursor, bound, self.take_parameters(bound.sql))
        value = None
        for batch in rows.batches:
            if batch.num_rows:
                value = batch.column(0)[0].as_py()
        return rows.columns[0].type, value

    @contextmanager
    def writing(self, *tables: Table, defining: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Hold the write locks of the tables and a transaction: the user's, or one for this statement alone.

        :param defining: Whether tables are created or dropped: other statements do not change an external one.
        :raises PoolError: 46519, a table is external.
        """
        if not defining and any(table.external is not None for table in tables):
            raise _external_is_read_only()
        names = [(table.schema.lower(), table.name.lower()) for table in tables if not table.temporary]
        timeout = int(self.options.get("LOCK_TIMEOUT", "-1"))
        owner, seconds = self.record.session_id, None if timeout < 0 else timeout / 1000
        if self.transaction is not None:
            self.database.locks.acquire(owner, names, self.cancelled, seconds)
            if not self.transaction.begun:
                self.cursor.begin()
                self.transaction.begun = True
            with translated():
                yield self.cursor
                self.faults.reach(RUNNING)
            return
        try:
            self.database.locks.acquire(owner, names, self.cancelled, seconds)
            with self._own_transaction():
                yield self.cursor
                self.faults.reach(RUNNING)
        finally:
            self.database.locks.release(owner)

    @contextmanager
    def _own_transaction(self) -> Iterator[None]:
        self.cursor.begin()
        try:
            with translated():
                yield
                self.cursor.commit()
        except BaseException:
            _rollback(self.cursor)
            self.database.catalog.undo(self.cursor)
            raise
        self.database.catalog.keep(self.cursor)

    def begin(self) -> None:
        """Open a user transaction.

        Source: azure-docs sql-data-warehouse-develop-transactions, Limitations: no nested transactions.

        Assumption: A second BEGIN TRANSACTION is refused with number 103010.
        """
        if self.transaction is not None:
            raise PoolError(103010, "A nested transaction is not supported in a dedicated SQL pool.")
        self.transaction = UserTransaction()
        self.record.transactional = True

    def commit(self) -> None:
        """Commit the user transaction.

        Assumption: COMMIT after a failed statement rolls back and is answered with number 111233.

        :raises PoolError: 111214, none is open; 111233, a statement in it failed.
        """
        transaction = self._open_transaction()
        if transaction.doomed:
            self.rollback()
            raise aborted()
        self.faults.reach(RUNNING)
        with translated():
            if transaction.begun:
                self.cursor.commit()
        self._end_transaction()

    def doom(self) -> None:
        """Undo what the user transaction has changed, if one is open; it keeps its locks until it is rolled back."""
        if self.transaction is not None:
            self.transaction.doomed = True
            self._undo(self.transaction)

    def rollback(self) -> None:
        """Roll the user transaction back.

        :raises PoolError: 111214, none is open.
        """
        self._undo(self._open_transaction())
        self._end_transaction()

    def _undo(self, transaction: UserTransaction) -> None:
        if transaction.begun:
            _rollback(self.cursor)
            transaction.begun = False

    def _open_transaction(self) -> UserTransaction:
        """Source of number and text: SQLAlchemy, dialect mssql+pyodbc, Azure SQL Data Warehouse."""
        if self.transaction is None:
            message = "An attempt to complete a transaction has failed. No corresponding transaction found."
            raise PoolError(111214, message)
        return self.transaction

    def _end_transaction(self) -> None:
        self.transaction = None
        self.record.transactional = False
        self.database.locks.release(self.record.session_id)

    # Names ----------------------------------------------------------------------------------------------------------

    def qualified(self, name: Name) -> tuple[str, str]:
        """Return schema and name of a name of one to three parts; a temporary table has an empty schema.

        Source: azure-docs sql/overview-features (02/2026): no cross-database queries.

        Assumption: A name with another database in it is refused with number 40515.
        """
        *prefix, last = name
        database = prefix[-2] if len(prefix) >= 2 else ""
        schema = prefix[-1] if prefix else ""
        allowed = {"", self.database.name.lower(), *(("tempdb",) if _is_temporary(last, schema) else ())}
        if len(name) > 3 or database.lower() not in allowed:
            message = f"Reference to database and/or server name in '{'.'.join(name)}' is not supported."
            raise PoolError(40515, message)
        if last.startswith("#"):
            return "", last
        return schema or "dbo", last

    def find_table(self, name: Name) -> Table | None:
        """Return the table of that name, None when there is none."""
        schema, last = self.qualified(name)
        if not schema:
            return self.temporary_tables.get(last.lower())
        return self.database.catalog.find_table(schema, last)

    def table_named(self, text: str) -> Table | None:
        """Return the table of the name that a text writes; None when there is none, or the text is no name."""
        try:
            reader = TokenReader(tokenize(text))
            parts = reader.qualified_name()
            reader.expect_end()
            return self.find_table(parts)
        except PoolError:
            return None

    def table(self, name: Name) -> Table:
        """Return the table of that name.

        :raises PoolError: 208, there is none.
        """
        found = self.find_table(name)
        if found is None:
            raise PoolError(208, f"Invalid object name '{'.'.join(part for part in name if part)}'.")
        return found

    def relation(self, name: Name) -> Relation:
        """Return the table or system view of that name.

        :raises PoolError: 208, there is none.
        """
        schema, last = self.qualified(name)
        if schema.lower() in {known.lower() for known in SYSTEM_SCHEMAS}:
            return self._view(schema.lower(), last)
        table = self.table(name)
        demand_on_table(self, "SELECT", table)
        columns = tuple(SourceColumn(column.name, column.type, column.nullable) for column in table.columns)
        if table.external is None:
            return Relation(table.duckdb_name, columns)
        registered = f"__external_{table.object_id}"
        if registered not in self._registered:
            self.cursor.register(registered, external_rows(self.database, table, self.cancelled))
            self._registered.add(registered)
        return Relation(quote_name(registered), columns)

    def _view(self, schema: str, name: str) -> Relation:
        view = VIEWS.get((schema, name.lower()))
        if view is None:
            raise PoolError(208, f"Invalid object name '{schema}.{name}'.")
        if name.lower() == "dm_pdw_exec_sessions":
            demand_server_state(self)
        elif name.lower().startswith("dm_pdw_"):
            demand_on_database(self, "VIEW DATABASE STATE")
        registered = f"__view_{schema}_{name.lower()}"
        relation = Relation(quote_name(registered), tuple(SourceColumn(*column) for column in view.columns))
        if registered in self._registered:
            return relation
        rows = view.rows(self.view_context())
        fields = pa.schema([(column, arrow_type(found)) for column, found in view.columns])
        arrays = [pa.array([row[index] for row in rows], field.type) for index, field in enumerate(fields)]
        self.cursor.register(registered, pa.table(arrays, schema=fields))
        self._registered.add(registered)
        return relation

    def view_context(self) -> ViewContext:
        """Return what system views and catalog procedures are made of."""
        return ViewContext(
            self.database.name,
            self.database.catalog,
            self.database.requests,
            self._row_counts,
            tuple(self.temporary_tables.values()),
        )

    def _row_counts(self, table: Table) -> dict[int, int]:
        with translated():
            return row_counts(self.cursor, table)

    def table_function(self, name: str) -> Relation | None:
        """Return what a table-valued function gives, None when there is none of that name.

        Source: sql-docs sys.fn_my_permissions: not in a dedicated pool.
        """
        if name.lower() == "fn_my_permissions":
            raise refused("The function fn_my_permissions")
        return self._view("sys", name) if name.lower() == "fn_listextendedproperty" else None

    # What functions ask ---------------------------------------------------------------------------------------------

    def variable(self, name: str) -> Typed:
        """Return a variable as a parameter of the query.

        :raises PoolError: 137, it was not declared.
        """
        found = self.variables.get(name.lower())
        if found is None:
            raise PoolError(137, f'Must declare the scalar variable "{name}".', severity=15)
        key = f"tsql_variable_{list(self.variables).index(name.lower())}"
        self._used[key] = found.value
        if found.value is None:
            return Typed(f"CAST(${key} AS {found.type.duckdb_name})", found.type)
        is_short = isinstance(found.value, str) and len(found.value) <= _LONGEST_LITERAL
        literal = str(found.value) if is_short or type(found.value) is int else None
        return Typed(f"CAST(${key} AS {found.type.duckdb_name})", found.type, literal, nullable=False)

    def global_value(self, name: str) -> Typed:
        """Return ``@@name``.

        :raises PoolError: 137, there is none.
        """
        value = metadata_functions.global_value(self, name)
        return Typed(f"CAST({value} AS INTEGER)", INT) if isinstance(value, int) else _text(value)

    def fact(self, name: str) -> str | int | None:
        """Return what a function without arguments tells."""
        return metadata_functions.fact(self, name)

    def object_id(self, name: str, kind: str | None) -> int | None:
        """Return the id of the object of that name, None when there is none."""
        return metadata_functions.object_id(self, name, kind)

    def object_property(self, function: str, arguments: Sequence[str | int | None]) -> str | int | None:
        """Return what a metadata function with arguments tells."""
        return metadata_functions.object_property(self, function, arguments)


def _external_is_read_only() -> PoolError:
    """Source: number and text are those of public reports of external tables in Azure SQL.

    Assumption: INSERT, UPDATE, DELETE and MERGE on an external table fail in a dedicated pool with number 46519 too.
    Assumption: TRUNCATE TABLE, RENAME OBJECT and ALTER TABLE SWITCH of an external table are refused as DML is, with
    number 46519.
    """
    return PoolError(46519, "DML Operations are not supported with external tables.")


def aborted() -> PoolError:
    """Return error 111233. Source: azure-docs sql-data-warehouse-develop-transactions, Transaction state."""
    return PoolError(
        111233,
        "111233;The current transaction has aborted, and any pending changes have been rolled back. Cause: A "
        "transaction in a rollback-only state was not explicitly rolled back before a DDL, DML or SELECT statement.",
    )


def _is_temporary(name: str, schema: str) -> bool:
    return name.startswith("#") or schema.lower() == "sys"


def _text(value: str) -> Typed:
    return Typed("'" + value.replace("'", "''") + "'", SqlType("nvarchar", max(len(value), 1)), value, nullable=False)


def _rollback(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.rollback()
    except duckdb.Error:
        return  # DuckDB has rolled back already, as it does when COMMIT fails
