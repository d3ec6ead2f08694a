"""One session of the pool: statements that hold secrets go in, numbers and errors without secrets come out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from airflow_synapse.exceptions import SynapseError
from airflow_synapse.hooks.driver_errors import driver_text, statement_error
from airflow_synapse.hooks.odbc_driver import load_pyodbc
from airflow_synapse.hooks.statement_thread import StatementThread
from airflow_synapse.load.redaction import scrub, secrets_of
from airflow_synapse.load.statements import Statement
from airflow_synapse.secret import Secret

log: Final = logging.getLogger(__name__)

Result = TypeVar("Result")


class PoolSession:
    """A connection that opens when the ``with`` block begins, and closes when it ends.

    Connecting and each statement run in a thread of their own; :meth:`cancel` stops them from any other thread.

    :param connect: Opens the driver's connection.
    :param thread: What runs the calls.
    """

    def __init__(self, connect: Callable[[], Any], thread: StatementThread) -> None:
        self._connect = connect
        self._thread = thread
        self._connection: Any = None
        #: The pool's name of the session, such as ``SID1234``; empty until somebody has asked for it.
        self.session_id = ""

    def __enter__(self) -> Self:
        self._connection = self._thread.run(self._connect)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def execute(self, statement: Statement) -> int | None:
        """Run a statement to its end and return the driver's row count; None where it gives none.

        The text is not logged; what the pool says meanwhile is, without the statement's secrets.

        :raises StatementError: The pool refused it, or could not finish it.
        :raises StatementCancelledError: It was cancelled.
        """
        secrets = tuple(secrets_of(statement))
        return self._run(lambda cursor: _row_count(cursor.execute(statement.to_sql()), secrets), secrets)

    def fetch(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a query that holds no secret, and return its rows.

        :raises StatementError: The pool refused it.
        """
        return self._run(lambda cursor: [tuple(row) for row in cursor.execute(sql, *parameters).fetchall()], ())

    def pause(self, seconds: float) -> None:
        """Wait, unless and until cancelled.

        :raises StatementCancelledError: :meth:`cancel` was called.
        """
        self._thread.pause(seconds)

    def cancel(self) -> None:
        """Stop the running statement, and refuse later ones. Returns at once."""
        self._thread.cancel()

    def has_ended(self, timeout: float) -> bool:
        """Say whether nothing runs any more, or stops running within ``timeout`` seconds."""
        return self._thread.has_ended(timeout)

    def close(self) -> None:
        """End the session. A link that is broken already is no error."""
        if self._thread.busy:
            return  # a statement that did not stop holds the connection; the process ends before it does
        try:
            self._connection.close()
        except load_pyodbc().Error as error:
            log.debug("Closing the session: %s", driver_text(error, ()))

    def _run(self, use: Callable[[Any], Result], secrets: Iterable[Secret]) -> Result:
        return self._thread.run(lambda: self._use_cursor(use, secrets))

    def _use_cursor(self, use: Callable[[Any], Result], secrets: Iterable[Secret]) -> Result:
        cursor = self._connection.cursor()
        try:
            with self._thread.watching(cursor):
                return use(cursor)
        except load_pyodbc().Error as error:
            failure: SynapseError = statement_error(
                driver_text(error, secrets), cancel_requested=self._thread.is_cancelled
            )
        # Raised out here, so that no traceback carries the driver's own error, which may quote the statement.
        raise failure


def _row_count(cursor: Any, secrets: Iterable[Secret]) -> int | None:  # noqa: ANN401 - pyodbc ships no type information
    """Drain every result of a statement, log its messages, and return the first row count that there is."""
    count: int | None = None
    while True:
        for _, message in cursor.messages or ():
            log.info("The pool says: %s", scrub(message, secrets))
        if count is None and cursor.rowcount >= 0:
            count = cursor.rowcount
        if not cursor.nextset():  # an error of a later result is raised here
            return count
