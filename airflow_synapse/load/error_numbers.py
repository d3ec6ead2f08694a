"""What an error of the ODBC driver means: try again, resume the pool, wait, or give up.

The pool's own numbers decide. Exception classes and SQLSTATEs say nothing: every number that only a dedicated pool
knows arrives as SQLSTATE 42000.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final


class ErrorKind(Enum):
    """What the caller can do about an error. The first that an error shows, in this order, is what it is."""

    #: Connecting succeeds only after somebody resumed the pool.
    PAUSED = "paused"
    #: Connecting succeeds within minutes.
    WARMING_UP = "warming up"
    #: The same call may succeed when it is repeated after a pause.
    TRANSIENT = "transient"
    #: As TRANSIENT, but it is also what a mistake in the connection looks like: repeat once or twice only.
    PERHAPS_TRANSIENT = "perhaps transient"
    #: The link to the pool broke; what the server made of a running statement is not known.
    LINK_LOST = "link lost"
    #: The statement was cancelled.
    CANCELLED = "cancelled"
    #: Repeating the call repeats the error.
    FINAL = "final"


#: Native number -> what it means. What is not listed is FINAL.
KINDS: Final[Mapping[int, ErrorKind]] = {
    42108: ErrorKind.PAUSED,  # "the SQL pool ... is paused": Microsoft SqlClient transient errors
    40892: ErrorKind.PAUSED,  # "Cannot connect to database when it is paused": Synapse Studio connectivity
    42109: ErrorKind.WARMING_UP,  # "The SQL pool is warming up": Microsoft SqlClient transient errors
    40197: ErrorKind.TRANSIENT,  # service encountered an error: Azure SQL, troubleshoot common errors
    40501: ErrorKind.TRANSIENT,  # service is busy: Azure SQL, troubleshoot common errors
    40613: ErrorKind.TRANSIENT,  # database not currently available: Azure SQL, troubleshoot common errors
    49918: ErrorKind.TRANSIENT,  # not enough resources: Azure SQL, troubleshoot common errors
    49919: ErrorKind.TRANSIENT,  # too many create or update operations: Azure SQL, troubleshoot common errors
    49920: ErrorKind.TRANSIENT,  # too many operations: Azure SQL, troubleshoot common errors
    10928: ErrorKind.TRANSIENT,  # resource limit: Microsoft SqlClient transient errors
    10929: ErrorKind.TRANSIENT,  # minimum guarantee: Microsoft SqlClient transient errors
    4221: ErrorKind.TRANSIENT,  # login to a replica that is not ready: Azure SQL, troubleshoot common errors
    615: ErrorKind.TRANSIENT,  # database not found by id: Azure SQL, troubleshoot common errors
    926: ErrorKind.TRANSIENT,  # database marked suspect: Azure SQL, troubleshoot common errors
    1204: ErrorKind.TRANSIENT,  # no lock resource; the transaction is rolled back: Microsoft SqlClient transient errors
    1205: ErrorKind.TRANSIENT,  # deadlock victim; the transaction is rolled back: Microsoft SqlClient transient errors
    1222: ErrorKind.TRANSIENT,  # lock request timeout: Microsoft SqlClient transient errors
    3960: ErrorKind.TRANSIENT,  # snapshot update conflict; rolled back: Microsoft SqlClient transient errors
    4060: ErrorKind.PERHAPS_TRANSIENT,  # cannot open database; also a wrong name: Azure SQL, common errors
    596: ErrorKind.LINK_LOST,  # session in the kill state, severity 21: database engine events and errors
    10053: ErrorKind.LINK_LOST,  # connection aborted by the host: Azure SQL, troubleshoot common errors
    10054: ErrorKind.LINK_LOST,  # connection reset by the peer: Synapse, dropped connections
    10060: ErrorKind.LINK_LOST,  # connection attempt timed out: Azure SQL, troubleshoot common errors
    20003: ErrorKind.LINK_LOST,  # FreeTDS: connection timed out (sybdb.h SYBETIME)
    20006: ErrorKind.LINK_LOST,  # FreeTDS: write to the server failed (sybdb.h SYBEWRIT)
    20009: ErrorKind.PERHAPS_TRANSIENT,  # FreeTDS: server unavailable or does not exist (sybdb.h SYBECONN)
    20017: ErrorKind.LINK_LOST,  # FreeTDS: unexpected end of file from the server (sybdb.h SYBESEOF); SQLSTATE 01000
}

#: Parts of the text of an error whose number alone does not tell -> what it means. Source: query errors in a dedicated
#: SQL pool, "A distributed query failed".
TEXTS: Final[Mapping[int, Mapping[str, ErrorKind]]] = {
    110806: {
        "requires an open and available connection": ErrorKind.TRANSIENT,
        "operation not allowed": ErrorKind.TRANSIENT,
    },
}

#: Numbers that say that the statement, with its transaction, was rolled back. Source: as above.
ROLLED_BACK: Final = frozenset({1204, 1205, 1222, 3960})

#: SQLSTATE -> what it means when no number of the table is in the text.
STATES: Final[Mapping[str, ErrorKind]] = {
    "08S01": ErrorKind.LINK_LOST,  # communication link failure: ODBC reference, appendix A
    "08003": ErrorKind.LINK_LOST,  # connection not open: ODBC reference, appendix A
    "08007": ErrorKind.LINK_LOST,  # connection failure during a transaction: ODBC reference, appendix A
    "08001": ErrorKind.PERHAPS_TRANSIENT,  # client unable to connect: ODBC reference, appendix A
    "HYT00": ErrorKind.PERHAPS_TRANSIENT,  # login timeout expired: ODBC reference, appendix A
    "HYT01": ErrorKind.LINK_LOST,  # connection timeout expired: ODBC reference, appendix A
    # Idle connection resiliency of Microsoft's driver: the connection is broken, and could not be made again.
    **dict.fromkeys((f"IMC0{digit}" for digit in range(1, 7)), ErrorKind.LINK_LOST),
    "HY008": ErrorKind.CANCELLED,  # operation cancelled: ODBC reference, appendix A
    # What the Microsoft driver says when the cancel overtakes the execution (ODBC reference, appendix A).
    "01S05": ErrorKind.CANCELLED,
}

# The driver closes each of its records with the native number; a "(403)" inside a sentence is not one.
_NUMBER: Final = re.compile(r"\((-?\d{1,9})\)(?=\s*\(SQL|; \[|\s*$)")
_PROVIDER_NUMBER: Final = re.compile(r"Error code 0x[0-9A-Fa-f]+ \((\d+)\)")
_STATE: Final = re.compile(r"\[([0-9A-Z]{5})\](?= ?\[)")


def native_numbers(message: str) -> tuple[int, ...]:
    """Return the native error numbers of an ODBC driver's message, in order and without zeros and repeats.

    >>> native_numbers("[42000] [Microsoft][ODBC Driver 18][SQL Server]It is paused. (42108) (SQLDriverConnect)")
    (42108,)
    """
    found = (*_NUMBER.findall(message), *_PROVIDER_NUMBER.findall(message))
    return tuple(dict.fromkeys(number for number in map(int, found) if number))


def classify(message: str) -> ErrorKind:
    """Say what an ODBC driver's message means, by its native numbers and, where they tell nothing, its SQLSTATEs."""
    numbers = native_numbers(message)
    kinds = {KINDS[number] for number in numbers if number in KINDS}
    texts = [found for number in numbers for found in TEXTS.get(number, {}).items()]
    kinds |= {kind for text, kind in texts if text in message.lower()}
    if not kinds:
        kinds = {STATES[state] for state in _STATE.findall(message) if state in STATES}
    return next((kind for kind in ErrorKind if kind in kinds), ErrorKind.FINAL)
