"""The small tokens of a reply: DONE, ERROR, INFO, ENVCHANGE, RETURNSTATUS, RETURNVALUE.

Source: [MS-TDS] 2.2.7.
"""

from __future__ import annotations

import struct
from typing import Final

from airflow_synapse.local.errors import PoolError

#: Name of the server in messages.
SERVER_NAME: Final = "airflow_synapse.local"

#: The three tokens that end something: a statement of a batch, a procedure, a statement inside a procedure.
DONE: Final = 0xFD
DONE_PROCEDURE: Final = 0xFE
DONE_IN_PROCEDURE: Final = 0xFF

FINAL: Final = 0x00
MORE: Final = 0x01
ERROR: Final = 0x02
COUNT: Final = 0x10
ATTENTION: Final = 0x20
#: Command of a DONE that ends a result set; a driver tells SELECT from statements that only count by it.
SELECT_COMMAND: Final = 0xC1

DATABASE: Final = 1
LANGUAGE: Final = 2
PACKET_SIZE: Final = 4
BEGIN_TRANSACTION: Final = 8
COMMIT_TRANSACTION: Final = 9
ROLLBACK_TRANSACTION: Final = 10
_COLLATION: Final = 7
_RESET: Final = 18

#: SQL_Latin1_General_CP1_CI_AS, the default collation of a dedicated pool: code page 1252.
COLLATION: Final = bytes.fromhex("0904d00034")


def done(token: int, status: int, *, count: int | None = None, command: int = 0) -> bytes:
    """Return one of the three DONE tokens; a ``count`` sets its bit."""
    if count is not None:
        status |= COUNT
    return struct.pack("<BHHQ", token, status, command, count or 0)


def error(problem: PoolError) -> bytes:
    """Return an ERROR token. Drivers derive the SQLSTATE from number and class; TDS carries none."""
    return _message(0xAA, problem.number, problem.state, problem.severity, problem.message)


def information(number: int, text: str, *, state: int = 1) -> bytes:
    """Return an INFO token: a message of class 0."""
    return _message(0xAB, number, state, 0, text)


def environment_change(kind: int, new: str, old: str) -> bytes:
    """Return an ENVCHANGE token that carries text."""
    return _change(kind, _short_text(new) + _short_text(old))


def collation_change() -> bytes:
    """Return the ENVCHANGE token that names the collation of the database."""
    return _change(_COLLATION, bytes([len(COLLATION)]) + COLLATION + b"\x00")


def transaction_begun(descriptor: int) -> bytes:
    """Return the ENVCHANGE token for a transaction that starts; its descriptor is never 0."""
    return _change(BEGIN_TRANSACTION, struct.pack("<BQB", 8, descriptor, 0))


def transaction_ended(kind: int, descriptor: int) -> bytes:
    """Return the ENVCHANGE token for ``COMMIT_TRANSACTION`` or ``ROLLBACK_TRANSACTION``."""
    return _change(kind, struct.pack("<BBQ", 0, 8, descriptor))


def reset_done() -> bytes:
    """Return the ENVCHANGE token that acknowledges the reset of a connection."""
    return _change(_RESET, b"\x00\x00")


def return_status(status: int) -> bytes:
    """Return the RETURNSTATUS token of a procedure."""
    return struct.pack("<Bi", 0x79, status)


def return_handle(handle: int) -> bytes:
    """Return the RETURNVALUE token for the first output parameter, an int."""
    status_of_output_parameter, flags, user_type = 1, 0, 0
    head = struct.pack("<BHBBIH", 0xAC, 0, 0, status_of_output_parameter, user_type, flags)
    return head + struct.pack("<BBBi", 0x26, 4, 4, handle)


def _message(token: int, number: int, state: int, severity: int, text: str) -> bytes:
    encoded = text.encode("utf-16-le", "replace")[: 2 * 0x7000]  # a token is at most 64 KB
    body = struct.pack("<iBBH", number, state, severity, len(encoded) // 2) + encoded
    body += _short_text(SERVER_NAME) + _short_text("") + struct.pack("<I", 1)
    return struct.pack("<BH", token, len(body)) + body


def _change(kind: int, values: bytes) -> bytes:
    return struct.pack("<BHB", 0xE3, len(values) + 1, kind) + values


def _short_text(text: str) -> bytes:
    encoded = text.encode("utf-16-le", "replace")[:510]
    return bytes([len(encoded) // 2]) + encoded
