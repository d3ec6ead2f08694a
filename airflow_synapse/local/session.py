"""One logged-in connection: runs batches, keeps the transaction, and tells the DMVs what runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import duckdb
import pyarrow as pa

from airflow_synapse.local.catalog.procedures import call_procedure
from airflow_synapse.local.catalog.requests import Request
from airflow_synapse.local.copy.redaction import redact
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.protocol import Done, Outcome, Parameter, Rows
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.batch import parse_batch
from airflow_synapse.local.tsql.bulk_insert import bulk_insert, insert_rows
from airflow_synapse.local.tsql.engine_errors import translated
from airflow_synapse.local.tsql.runner import StatementRunner
from airflow_synapse.local.tsql.session_state import SessionState, Variable, aborted
from airflow_synapse.local.tsql.statements import If, Statement, Transaction
from airflow_synapse.local.tsql.undeclared import undeclared_parameters

#: Seconds between two interrupts of a statement that is killed.
_INTERRUPT_EVERY: Final = 0.05


class PoolSession:
    """A session of the local pool; see :class:`~airflow_synapse.local.protocol.Session`.

    :param state: What the session has.
    :param kill: Ends the session of that id, or raises a PoolError.
    :param on_close: Called once, when the session has ended.
    """

    def __init__(self, state: SessionState, *, kill: Callable[[str], None], on_close: Callable[[], None]) -> None:
        self._state = state
        self._runner = StatementRunner(state, kill)
        self._on_close = on_close
        self._killed = threading.Event()
        self._running = False
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

    # Running --------------------------------------------------------------------------------------------------------

    def execute(self, text: str, parameters: Sequence[Parameter] = ()) -> Iterator[Outcome]:
        """Run a batch, a statement after the other; one outcome a statement."""
        self._start()
        try:
            statements = parse_batch(text)
        except PoolError as error:
            request = self._begin(text, None)
            self._end(request, "Failed", error)
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
        try:
            with self._recorded(text, None):
                insert_rows(self._state, insert, rows)
        except PoolError:
            if self._state.transaction is not None:
                raise
            return False
        return True

    def call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Outcome]:
        """Call a stored procedure by name.

        :raises PoolError: 2812, there is none of that name.
        """
        self._start()
        with self._recorded(f"EXEC {procedure}", None) as request:
            yield from self._watched(call_procedure(self._state, procedure, parameters), request)

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
        with self._recorded(statement.text, None):
            _, value = self._state.evaluate(statement.body.condition)
        return value == 1

    def _one(self, statement: Statement) -> Iterator[Outcome]:
        self._check_alive()
        with self._recorded(statement.text, statement.label) as request:
            if not isinstance(statement.body, Transaction):
                self._check_transaction()
            outcomes = self._runner.run(statement.body, request)
            yield from self._watched(outcomes, request)

    def _watched(self, outcomes: Iterator[Outcome], request: Request) -> Iterator[Outcome]:
        for outcome in outcomes:
            if isinstance(outcome, Rows):
                request.row_count = 0
                yield replace(outcome, batches=self._watch(outcome.batches, request))
            else:
                yield self._counted(outcome, request)

    def _counted(self, outcome: Outcome, request: Request) -> Outcome:
        """Record the number of rows; SET NOCOUNT ON keeps it from the client."""
        if not isinstance(outcome, Done) or outcome.count is None:
            return outcome
        request.row_count = self._state.row_count = outcome.count
        return Done() if self._state.options.get("NOCOUNT") == "ON" else outcome

    def _watch(self, batches: Iterator[pa.RecordBatch], request: Request) -> Iterator[pa.RecordBatch]:
        """Count the rows, and record an error that comes while they are read."""
        with self._recording(request):
            for batch in batches:
                if self._state.cancelled.is_set():
                    raise StatementCancelled
                request.row_count += batch.num_rows
                self._state.row_count = request.row_count
                yield batch

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

    def _begin(self, text: str, label: str | None) -> Request:
        self._running = True
        self._state.take_parameters()  # of a statement that failed before it ran
        return self._state.database.requests.begin(self._state.record, redact(text), label)

    def _end(self, request: Request, status: str, error: PoolError | None = None) -> None:
        self._running = False
        if request.ended is None:
            details = None if error is None else redact(error.message)
            self._state.database.requests.end(self._state.record, request, status, details)

    @contextmanager
    def _recorded(self, text: str, label: str | None) -> Iterator[Request]:
        request = self._begin(text, label)
        with self._recording(request):
            yield request
        self._end(request, "Completed")

    @contextmanager
    def _recording(self, request: Request) -> Iterator[None]:
        """Record how the request ends if it ends badly, and doom the transaction that it ran in.

        Source: azure-docs sql-data-warehouse-develop-transactions: after an error only ROLLBACK is accepted.
        """
        try:
            with translated():
                yield
        except (PoolError, StatementCancelled) as error:
            self._doom()
            # Whatever DuckDB says of an interrupted statement, it was cancelled.
            if isinstance(error, StatementCancelled) or self._state.cancelled.is_set():
                self._end(request, "Cancelled")
                self._check_alive()
                raise StatementCancelled from None
            self._end(request, "Failed", error)
            raise
        except GeneratorExit:
            self._end(request, "Cancelled")
            raise
        except Exception:
            self._end(
                request, "Failed", PoolError(103010, "The local pool failed on this statement: a defect of its own.")
            )
            self._doom()
            raise

    def _doom(self) -> None:
        if self._state.transaction is not None:
            self._state.transaction.doomed = True

    # Transactions ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open a user transaction."""
        self._start()
        self._state.begin()

    def commit(self) -> None:
        """Commit the user transaction."""
        self._start()
        self._state.commit()

    def rollback(self) -> None:
        """Roll the user transaction back."""
        self._start()
        self._state.rollback()

    # Ending ---------------------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Ask the running statement to stop. Called from another thread; returns at once."""
        self._state.cancelled.set()
        self._state.database.locks.wake()
        self._state.cursor.interrupt()

    def kill(self) -> None:
        """End the session from another one: what runs is cancelled and nothing runs after it.

        DuckDB forgets an interrupt that comes just before a statement reaches it, so it is repeated until none runs.
        """
        self._killed.set()
        self._state.record.status = "TERMINATED"
        threading.Thread(target=self._stop_what_runs, daemon=True).start()

    def _stop_what_runs(self) -> None:
        while self._running and not self._closed:
            self.cancel()
            time.sleep(_INTERRUPT_EVERY)

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
