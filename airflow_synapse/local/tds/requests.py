"""One request of a client, answered in the worker thread of its session.

Source: [MS-TDS] 2.2.6, client messages.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from typing import Final

from airflow_synapse.local.errors import StatementCancelled
from airflow_synapse.local.protocol import Session
from airflow_synapse.local.tds import tokens
from airflow_synapse.local.tds.calls import read_calls
from airflow_synapse.local.tds.packets import (
    RESET_CONNECTION,
    RESET_CONNECTION_KEEP_TRANSACTION,
    Message,
    MessageType,
    ProtocolError,
)
from airflow_synapse.local.tds.procedures import Procedures
from airflow_synapse.local.tds.reader import Reader
from airflow_synapse.local.tds.replies import Reply, TransactionDescriptor
from airflow_synapse.local.tsql.reader import not_supported

#: Small tokens are collected until they are worth a hop to the event loop.
_PART_SIZE: Final = 64 * 1024

_BEGIN: Final = 5
_COMMIT: Final = 7
_ROLLBACK: Final = 8
_BEGIN_AGAIN: Final = 0x01


class Requests:
    """Answers the requests of one session, one after the other.

    :param session: Of the engine; used in one worker thread.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._transaction = TransactionDescriptor()
        self._procedures = Procedures(session)
        self.is_broken = False

    def answer(self, message: Message, cancelled: threading.Event) -> Generator[bytes, None, None]:
        """Yield the reply in parts of whole tokens.

        :raises ProtocolError: The message is malformed; the connection cannot go on.
        """
        reply = Reply(self.session, self._transaction, cancelled)
        collected = bytearray()
        for part in self._complete(message, reply):
            collected += part
            if len(collected) >= _PART_SIZE:
                yield bytes(collected)
                collected.clear()
        self.is_broken = reply.is_fatal
        yield bytes(collected)

    def _complete(self, message: Message, reply: Reply) -> Iterator[bytes]:
        try:
            if message.status & (RESET_CONNECTION | RESET_CONNECTION_KEEP_TRANSACTION):
                yield self._reset()
            yield from self._answer(message, reply)
        except StatementCancelled:
            yield reply.cancelled()
            return
        except ProtocolError:
            raise
        except Exception as error:
            yield reply.failure(error, tokens.DONE)
        yield reply.end()

    def _answer(self, message: Message, reply: Reply) -> Iterator[bytes]:
        match message.type:
            case MessageType.BATCH:
                reader = Reader(message.payload)
                reader.skip_all_headers()
                text = reader.rest().decode("utf-16-le", "replace")
                yield from reply.outcomes(self.session.execute(text), tokens.DONE)
            case MessageType.REMOTE_PROCEDURE_CALL:
                yield from self._procedures.answer(list(read_calls(message.payload)), reply)
            case MessageType.TRANSACTION_MANAGER:
                yield self._transact(message.payload)
            case MessageType.BULK_LOAD:
                raise not_supported("Bulk load (BCP)")
            case _:
                raise ProtocolError(f"A client that is logged in sends a message of type {message.type}.")

    def _reset(self) -> bytes:
        # The bit that keeps the transaction is for distributed transactions, which a dedicated pool does not have.
        self.session.reset()
        self._procedures.forget()
        return self._transaction.follow(self.session, rolled_back=True) + tokens.reset_done()

    def _transact(self, payload: bytes) -> bytes:
        """Run a transaction manager request: drivers send these instead of BEGIN, COMMIT and ROLLBACK."""
        reader = Reader(payload)
        reader.skip_all_headers()
        request = reader.u16()
        if request == _BEGIN:
            self.session.begin()
            return self._transaction.follow(self.session, rolled_back=False)
        if request not in {_COMMIT, _ROLLBACK}:
            raise not_supported(f"Transaction manager request {request}")
        reader.take(reader.u8())  # the name of the transaction, which means nothing
        begins_again = reader.u8() & _BEGIN_AGAIN
        if request == _COMMIT:
            self.session.commit()
        else:
            self.session.rollback()
        answer = self._transaction.follow(self.session, rolled_back=request == _ROLLBACK)
        if begins_again:
            self.session.begin()
            answer += self._transaction.follow(self.session, rolled_back=False)
        return answer
