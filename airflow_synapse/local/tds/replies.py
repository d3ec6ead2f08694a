"""Outcomes of the engine as the tokens of one reply."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator

from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.protocol import Done, Information, Outcome, Rows, Session
from airflow_synapse.local.tds import tokens
from airflow_synapse.local.tds.rows import column_metadata, encode_rows

log = logging.getLogger(__name__)


class TransactionDescriptor:
    """The number of the open transaction, as the client knows it; 0 when it knows of none."""

    def __init__(self) -> None:
        self._current = 0
        self._last = 0

    def _begun(self) -> bytes:
        """Return the token for a transaction that has started."""
        self._last += 1
        self._current = self._last
        return tokens.transaction_begun(self._current)

    def _ended(self, kind: int) -> bytes:
        """Return the token for the end of the transaction: ``COMMIT_TRANSACTION`` or ``ROLLBACK_TRANSACTION``."""
        ended, self._current = self._current, 0
        return tokens.transaction_ended(kind, ended)

    def follow(self, session: Session, *, rolled_back: bool) -> bytes:
        """Return a token when a statement, such as BEGIN TRANSACTION, has started or ended a transaction.

        The engine does not say how a transaction ended: after an error it was rolled back, else taken as committed. The
        client only learns that there is none any more.
        """
        if session.in_transaction and not self._current:
            return self._begun()
        if self._current and not session.in_transaction:
            return self._ended(tokens.ROLLBACK_TRANSACTION if rolled_back else tokens.COMMIT_TRANSACTION)
        return b""


class Reply:
    """Builds one reply, in the worker thread.

    Each DONE must say whether more follows, so the last one is held back until that is known.

    :param cancelled: Set from another thread when the client has sent an attention.
    """

    def __init__(self, session: Session, transaction: TransactionDescriptor, cancelled: threading.Event) -> None:
        self._session = session
        self._transaction = transaction
        self._cancelled = cancelled
        self._held: tuple[int, int, int | None, int] | None = None
        self.is_fatal = False

    def add(self, token: bytes) -> bytes:
        """Return ``token`` with the DONE that was held back before it."""
        return self._release(tokens.MORE) + token

    def done(self, token: int, status: int = tokens.FINAL, *, count: int | None = None, command: int = 0) -> bytes:
        """Hold a DONE back, and return the one before it."""
        released = self._release(tokens.MORE)
        self._held = (token, status, count, command)
        return released

    def end(self) -> bytes:
        """Return the DONE that ends the reply."""
        return self._release(tokens.FINAL) or tokens.done(tokens.DONE, tokens.FINAL)

    def check_cancelled(self) -> None:
        """Stop here if the client has asked for it.

        :raises StatementCancelled: It has.
        """
        if self._cancelled.is_set():
            raise StatementCancelled

    def outcomes(self, outcomes: Iterator[Outcome], done_token: int) -> Iterator[bytes]:
        """Yield the tokens of all statements of a batch or procedure."""
        for outcome in outcomes:
            self.check_cancelled()
            yield from self.outcome(outcome, done_token)
        yield self._follow_transaction(rolled_back=False)

    def outcome(self, outcome: Outcome, done_token: int) -> Iterator[bytes]:
        """Yield the tokens of one statement."""
        match outcome:
            case Rows():
                yield from self._rows(outcome, done_token)
            case Done(count):
                yield self.done(done_token, count=count)
            case Information(number, text):
                yield self.add(tokens.information(number, text))

    def failure(self, error: Exception, done_token: int) -> bytes:
        """Return the tokens for a statement that failed."""
        problem = as_pool_error(error)
        self.is_fatal = self.is_fatal or problem.severity >= 20
        return (
            self.add(tokens.error(problem))
            + self._follow_transaction(rolled_back=True)
            + self.done(done_token, tokens.ERROR)
        )

    def cancelled(self) -> bytes:
        """Return the end of a reply that the client has cancelled.

        The acknowledgement of the attention follows as a message of its own.
        """
        return self._release(tokens.MORE) + tokens.done(tokens.DONE, tokens.ERROR)

    def _rows(self, rows: Rows, done_token: int) -> Iterator[bytes]:
        yield self.add(column_metadata(rows.columns))
        count = 0
        for batch in rows.batches:
            for part in encode_rows(rows.columns, batch):
                self.check_cancelled()
                yield part
            count += batch.num_rows
        yield self.done(done_token, count=count, command=tokens.SELECT_COMMAND)

    def _release(self, more: int) -> bytes:
        if self._held is None:
            return b""
        token, status, count, command = self._held
        self._held = None
        return tokens.done(token, status | more, count=count, command=command)

    def _follow_transaction(self, *, rolled_back: bool) -> bytes:
        token = self._transaction.follow(self._session, rolled_back=rolled_back)
        return self.add(token) if token else b""


def as_pool_error(error: Exception) -> PoolError:
    """Return what the client sees of an error.

    The message of an unforeseen error may quote the statement and its secrets: it is neither logged nor sent.
    """
    if isinstance(error, PoolError):
        return error
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("The local pool failed with %s:\n%s", type(error).__name__, frames)
    # Assumption: A defect of the local pool itself is reported with error 110802, the number of internal errors.
    return PoolError(110802, f"The local pool failed with {type(error).__name__}; its log says where.")
