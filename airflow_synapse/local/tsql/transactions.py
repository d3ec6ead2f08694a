"""The transactions of one session, and the locks that they hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.requests import SessionRecord
from airflow_synapse.local.database import Database
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import RUNNING, StatementFaults
from airflow_synapse.local.tsql.engine_errors import translated


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
class SessionTransactions:
    """The part of a session that changes tables: its cursor, its options, and the transaction that is open."""

    database: Database
    cursor: duckdb.DuckDBPyConnection
    record: SessionRecord
    faults: StatementFaults
    cancelled: threading.Event
    options: dict[str, str] = field(default_factory=dict, kw_only=True)
    transaction: UserTransaction | None = field(default=None, kw_only=True)

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


def _rollback(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.rollback()
    except duckdb.Error:
        return  # DuckDB has rolled back already, as it does when COMMIT fails
