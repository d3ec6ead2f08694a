"""Submit the statements of a plan, on the session of one attempt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import (
    ConnectionLostError,
    CredentialError,
    LoadBusyError,
    LoadCheckError,
    LoadSupersededError,
    SourceFilesError,
    SqlError,
    StatementError,
    SynapseError,
)
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.failures import copy_error, has_left_nothing
from airflow_synapse.load.ledger import Ledger
from airflow_synapse.load.plan import LoadPlan
from airflow_synapse.load.request import PUBLISHED_MARKER, REQUEST_OF_COPY
from airflow_synapse.load.statements import (
    BEGIN_TRANSACTION,
    COMMIT_TRANSACTION,
    ROLLBACK_TRANSACTION,
    PlainStatement,
    Statement,
    count_rows,
    drop_table,
    tables_of_load,
    update_statistics,
)

#: Errors that are raised only before anything is published.
_BEFORE_PUBLICATION: Final = (LoadCheckError, LoadSupersededError, LoadBusyError, SourceFilesError, CredentialError)

log: Final = logging.getLogger(__name__)


class Session(Protocol):
    """A session of the pool, as far as a load needs it."""

    #: The pool's name of the session; the load sets it.
    session_id: str

    def execute(self, statement: Statement) -> int | None:
        """Run a statement to its end and return the driver's row count; None where it gives none."""

    def fetch(self, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""

    def pause(self, seconds: float) -> None:
        """Wait; raise when the load is cancelled meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What COPY did; None is not known."""

    request_id: str | None
    rows_loaded: int | None


@dataclass(kw_only=True)
class Submission:
    """The statements of one attempt.

    :param session: The attempt's session.
    :param options: The user's choices.
    :param copy: The COPY as the user means it, into the table.
    :param plan: What is submitted.
    :param ledger: The ledger; None without one.
    :param inspect: See :class:`~airflow_synapse.load.load.Load`.
    """

    session: Session
    options: LoadOptions
    copy: CopyStatement
    plan: LoadPlan
    ledger: Ledger | None
    inspect: Callable[[CopyStatement, int], None] | None = None

    def run(self) -> Submitted:
        """Run the plan to its end.

        :raises CopyFailedError: The pool refused the COPY, or could not finish it.
        :raises LoadCheckError: The staged rows do not fit the write disposition, or ``inspect`` refuses them.
        :raises SourceFilesError: ``inspect`` cannot look at them.
        :raises LoadSupersededError: Another attempt has taken over.
        :raises StatementError: Another statement failed.
        """
        for sql in self.plan.prepare:
            self._execute(sql)
        submitted = self._copy()
        if self.plan.staging is not None:
            self._inspect(self.plan.staging, submitted)
            self._check()
            self._publish(submitted)
        elif self.ledger is not None:
            self._mark_loaded(submitted)
        return submitted

    def left_nothing(self, error: SynapseError) -> bool:
        """Say whether a failure of :meth:`run` proves that the load put no row into the table."""
        if isinstance(error, _BEFORE_PUBLICATION):
            return True
        if not isinstance(error, StatementError) or isinstance(error, ConnectionLostError):
            return False
        return has_left_nothing(error)  # else the pool's views are asked by the next try

    def undo(self) -> None:
        """Roll back, and drop the staging table. What fails is left to the next attempt."""
        if self.plan.staging is None:
            return
        try:
            self._execute(ROLLBACK_TRANSACTION)
            self._execute(drop_table(self.plan.staging))
        except SynapseError as error:
            log.warning("The staging table %s is left behind: %s", self.plan.staging, error)

    def finish(self) -> None:
        """Do what is left when the rows are in the table; what fails does them no harm.

        :raises ConnectionLostError: The link broke before all was done.
        """
        if self.options.update_statistics:
            update_table_statistics(self.session, self.copy.target)
        if self.plan.staging is not None:
            _try(self.session, drop_table(self.plan.staging))

    def _copy(self) -> Submitted:
        copy = self.plan.copy
        if copy is None:
            return Submitted(request_id=None, rows_loaded=0)
        try:
            row_count = self.session.execute(copy)
        except ConnectionLostError:
            raise
        except StatementError as error:
            raise copy_error(error, self.options, self.copy) from error
        # At once: the pool keeps the workers of its last thousand requests only.
        try:
            rows = self.session.fetch(REQUEST_OF_COPY, copy.label)
        except SqlError as error:
            log.warning("The pool does not show the request; VIEW DATABASE STATE is needed. %s", error)
            rows = []
        request_id, processed = rows[0] if rows else (None, None)
        return Submitted(request_id=request_id, rows_loaded=row_count if processed is None else int(processed))

    def _inspect(self, staging: TableName, submitted: Submitted) -> None:
        if self.inspect is None:
            return
        rows = submitted.rows_loaded
        if rows is None:
            rows = int(self.session.fetch(count_rows(staging))[0][0])
        self.inspect(self.copy, rows)

    def _check(self) -> None:
        for check in self.plan.checks:
            count = int(self.session.fetch(check.count)[0][0])
            if count:
                failure = check.failure.replace("{count}", f"{count:,}")
                raise LoadCheckError(f"{self.copy.target} was not changed: {failure}")

    def _publish(self, submitted: Submitted) -> None:
        """Take the rows into the table, and tell the pool's views when that is over."""
        if self.plan.is_transaction:
            self._execute(BEGIN_TRANSACTION)
        for number, sql in enumerate(self.plan.publish):
            try:
                self._execute(sql)
            except ConnectionLostError:
                raise
            except StatementError as error:
                if self.plan.is_transaction or not number:
                    raise
                raise StatementError(
                    f"{number} of the {len(self.plan.publish)} partitions of {self.copy.target} to replace hold the "
                    f"new rows, and the others the old ones, until the load is repeated. {error}",
                    number=error.number,
                    retryable=error.retryable,
                ) from error
        if self.ledger is not None:
            self._mark_loaded(submitted)
        if self.plan.is_transaction:
            self._execute(COMMIT_TRANSACTION)
        try:
            self.session.fetch(PUBLISHED_MARKER)
        except ConnectionLostError:
            raise
        except StatementError as error:
            log.warning("The rows are loaded, but the pool's views will not tell. %s", error)

    def _mark_loaded(self, submitted: Submitted) -> None:
        if self.ledger is not None:
            self.ledger.mark_loaded(self.session, request_id=submitted.request_id, rows_loaded=submitted.rows_loaded)

    def _execute(self, sql: str) -> None:
        self.session.execute(PlainStatement(sql))


def update_table_statistics(session: Session, table: TableName) -> None:
    """Update the statistics of a table whose rows are loaded; a failure is a warning.

    :raises ConnectionLostError: The link broke.
    """
    _try(session, update_statistics(table))


def _try(session: Session, sql: str) -> None:
    try:
        session.execute(PlainStatement(sql))
    except ConnectionLostError:
        raise
    except SqlError as error:
        log.warning("The rows are loaded, but this failed: %s. %s", sql, error)


def drop_leftovers(session: Session, prefix: str) -> None:
    """Drop the staging tables that attempts of this load left behind when they died."""
    for schema, name in session.fetch(tables_of_load(prefix)):
        table = TableName(name=name, schema=schema)
        log.info("Dropping %s, which an earlier try of this load left behind.", table)
        session.execute(PlainStatement(drop_table(table)))
