"""One logged-in connection: runs batches, keeps the transaction, and tells the DMVs what runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final

import duckdb

from airflow_synapse.local.catalog.procedures import call_procedure
from airflow_synapse.local.catalog.requests import Request
from airflow_synapse.local.client_link import ClientLink
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import Faults
from airflow_synapse.local.protocol import Outcome, Parameter
from airflow_synapse.local.recording import RequestRecorder
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.batch import parse_batch
from airflow_synapse.local.tsql.bulk_insert import bulk_insert, insert_rows
from airflow_synapse.local.tsql.resource_classes import takes_slot
from airflow_synapse.local.tsql.runner import StatementRunner
from airflow_synapse.local.tsql.session_state import SessionState, Variable
from airflow_synapse.local.tsql.statements import Body, If, Statement, Transaction
from airflow_synapse.local.tsql.transactions import aborted
from airflow_synapse.local.tsql.undeclared import undeclared_parameters

#: Seconds until the connection of a killed session is broken while its statement still runs.
_KILL_SECONDS: Final = 2.0
_KILL_INTERVAL: Final = 0.02


class PoolSession:
    """A session of the local pool; see :class:`~airflow_synapse.local.protocol.Session`.

    :param state: What the session has.
    :param link: The connection of the client, which the server attaches.
    :param faults: Those of the pool.
    :param kill: Ends the session of that id, or raises a PoolError.
    :param on_close: Called once, when the session has ended.
    """

    def __init__(
        self,
        state: SessionState,
        *,
        link: ClientLink,
        faults: Faults,
        kill: Callable[[str], None],
        on_close: Callable[[], None],
    ) -> None:
        self._state = state
        self._link = link
        self._recorder = RequestRecorder(state, link, faults, self._check_alive)
        self._runner = StatementRunner(state, kill)
        self._on_close = on_close
        self._killed = threading.Event()
        self._closed = False

    @property
    def database(self) -> str:
        """Name of the database."""
        return self._state.database.name

    @property
    def spid(self) -> int:
        """Number of the session."""
        return self._state.record.spid

    @property
    def session_id(self) -> str:
        """Such as ``SID12``."""
        return self._state.record.session_id

    @property
    def in_transaction(self) -> bool:
        """Whether a user transaction is open."""
        return self._state.transaction is not None

    @property
    def outlives_client(self) -> bool:
        """Whether the running statement goes on when the client is gone."""
        return self._link.outlives_client

    @property
    def has_client(self) -> bool:
        """Whether a server serves a client with it, and closes it when the client is gone."""
        return self._link.is_attached

    def attach(self, drop_link: Callable[[], None]) -> None:
        """Take what breaks the connection of the client."""
        self._link.attach(drop_link)

    # Running --------------------------------------------------------------------------------------------------------

    def execute(self, text: str, parameters: Sequence[Parameter] = ()) -> Iterator[Outcome]:
        """Run a batch, a statement after the other; one outcome a statement."""
        self._start()
        try:
            statements = parse_batch(text)
        except PoolError as error:
            self._recorder.refused(text, error)
            raise
        self._state.variables = _variables(parameters)
        yield from self._run(statements)

    def execute_many(self, text: str, rows: Sequence[Sequence[Parameter]]) -> bool:
        """Insert all rows at once, if ``text`` is an INSERT of parameters alone; return whether that was done.

        Should a row fail outside a user transaction, nothing is inserted and the server goes row by row, so that the
        rows before and after the bad one stay, as they would.
        """
        insert = bulk_insert(parse_batch(text))
        if insert is None:
            return False
        self._start()
        was_in_transaction = self.in_transaction
        try:
            with self._recorder.recorded(text, None):
                self._check_transaction()
                insert_rows(self._state, insert, rows)
        except PoolError:
            if was_in_transaction:
                raise
            return False
        return True

    def call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Outcome]:
        """Call a stored procedure by name.

        :raises PoolError: 2812, there is none of that name.
        """
        self._start()
        with self._recorder.recorded(f"EXEC {procedure}", None) as request:
            yield from self._recorder.watched(call_procedure(self._state, procedure, parameters), request)

    def describe_parameters(self, text: str) -> Sequence[tuple[str, SqlType]]:
        """Name and suggested type of each variable that ``text`` uses and does not declare."""
        return undeclared_parameters(self._state, parse_batch(text))

    def _run(self, statements: Sequence[Statement]) -> Iterator[Outcome]:
        for statement in statements:
            if isinstance(statement.body, If):
                chosen = statement.body.then if self._condition(statement) else statement.body.otherwise
                yield from self._run(chosen)
            else:
                yield from self._one(statement)

    def _condition(self, statement: Statement) -> bool:
        assert isinstance(statement.body, If)  # noqa: S101 - the caller looked
        with self._recorder.recorded(statement.text, None):
            _, value = self._state.evaluate(statement.body.condition)
        return value == 1

    def _one(self, statement: Statement) -> Iterator[Outcome]:
        self._check_alive()
        with self._recorder.recorded(statement.text, statement.label) as request:
            if not isinstance(statement.body, Transaction):
                self._check_transaction()
            with self._slot(statement.body, request):
                outcomes = self._runner.run(statement.body, request)
                yield from self._recorder.watched(outcomes, request)

    def _slot(self, body: Body, request: Request) -> AbstractContextManager[None]:
        """Assumption: A statement of a transaction that has written does not wait for a slot.

        Those who hold the slots may wait for the locks of that transaction, and would wait for ever.
        """
        database = self._state.database
        if not takes_slot(body) or database.locks.holds(self.session_id):
            return nullcontext()
        return database.slots.slot(request, database.requests, self._state.cancelled)

    # Requests -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._check_alive()
        self._state.cancelled.clear()

    def _check_alive(self) -> None:
        """Source: T-SQL reference, KILL; number 596 as SQL Server gives it to a session that was killed."""
        if self._killed.is_set():
            raise PoolError(596, "Cannot continue the execution because the session is in the kill state.", severity=21)

    def _check_transaction(self) -> None:
        transaction = self._state.transaction
        if transaction is not None and transaction.doomed:
            self._state.rollback()
            raise aborted()

    # Transactions ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open a user transaction."""
        self._start()
        with self._recorder.faulty("BEGIN TRANSACTION", None):
            self._state.begin()

    def commit(self) -> None:
        """Commit the user transaction."""
        self._start()
        with self._recorder.faulty("COMMIT TRANSACTION", None):
            self._state.commit()

    def rollback(self) -> None:
        """Roll the user transaction back."""
        self._start()
        with self._recorder.faulty("ROLLBACK TRANSACTION", None):
            self._state.rollback()

    # Ending ---------------------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Ask the running statement to stop. Called from another thread; returns at once."""
        self._state.cancelled.set()
        self._state.database.locks.wake()
        self._state.database.slots.wake()
        with suppress(duckdb.ConnectionException):  # the session closes at this moment
            self._state.cursor.interrupt()

    def kill(self) -> None:
        """End the session from another one: what runs is cancelled and nothing runs after it.

        Returns at once. The client of a running statement is told, if it listens; then the connection is broken.
        """
        self._killed.set()
        self._link.outlives_client = False
        self._state.record.status = "TERMINATED"
        self.cancel()
        threading.Thread(target=self._end_client, name=f"kill-{self.session_id}", daemon=True).start()

    def _end_client(self) -> None:
        until = time.monotonic() + _KILL_SECONDS
        while self._recorder.busy and time.monotonic() < until:
            self.cancel()  # again: an interrupt between two queries of a statement is lost
            time.sleep(_KILL_INTERVAL)
        if not self._closed:
            self._link.drop_link()

    def reset(self) -> None:
        """Go back to the state after the login."""
        if self._state.transaction is not None:
            self._state.rollback()
        for table in list(self._state.temporary_tables.values()):
            self._state.cursor.execute(f"DROP TABLE {table.duckdb_name}")
        self._state.temporary_tables.clear()
        self._state.options.clear()
        self._state.variables.clear()
        self._state.identity_insert = None
        self._state.record.context.clear()

    def close(self) -> None:
        """End the session: roll back what is open and drop its temporary tables."""
        if self._closed:
            return
        self._closed = True
        if self._state.transaction is not None:
            self._state.rollback()
        self._state.database.locks.release(self.session_id)
        self._state.record.status = "TERMINATED" if self._killed.is_set() else "CLOSED"
        _close(self._state.cursor)
        self._on_close()


def _variables(parameters: Sequence[Parameter]) -> dict[str, Variable]:
    """Return the parameters as variables; one without a name is called by its position, as ODBC names it."""
    return {
        (parameter.name or f"@P{position}").lower(): Variable(parameter.type, parameter.value)
        for position, parameter in enumerate(parameters, 1)
    }


def _close(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.close()  # drops the temporary tables
    except duckdb.Error:
        return  # the pool closed its database first
