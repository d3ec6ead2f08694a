"""Turn an error of the ODBC driver into one of ours: one sentence of what happened, and one of what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from airflow_synapse.exceptions import (
    ConnectionLostError,
    DriverNotFoundError,
    PoolPausedError,
    PoolWarmingUpError,
    StatementCancelledError,
    StatementError,
    SynapseConnectionError,
    SynapseError,
)
from airflow_synapse.load.error_numbers import ErrorKind, classify, native_numbers
from airflow_synapse.load.redaction import scrub
from airflow_synapse.load.remedies import find_remedy
from airflow_synapse.secret import Secret

#: The driver manager could not load the driver. Source: unixODBC's messages.
_NO_DRIVER: Final = re.compile(r"Can't open lib|Data source name not found|SQLAllocHandle on SQL_HANDLE_HENV failed")

_STATE: Final = re.compile(r"[0-9A-Z]{5}")


def driver_text(error: Exception, secrets: Iterable[Secret]) -> str:
    """Return what the driver, or pyodbc itself, says, without the secrets and without the SQLSTATE beside it.

    The driver's errors are a SQLSTATE and a text, and those that pyodbc makes a text and a SQLSTATE.
    """
    texts = [str(each) for each in error.args if not _STATE.fullmatch(str(each))]
    return scrub(texts[0] if texts else str(error), secrets)


def connection_error(text: str, address: str) -> SynapseError:
    """Return the error for a failed attempt to connect.

    :param text: From :func:`driver_text`.
    :param address: Server and database, for the message.
    """
    kind = classify(text)
    number = next(iter(native_numbers(text)), None)
    message = " ".join(filter(None, (f"Cannot connect to {address}: {text}", find_remedy(text))))
    if _NO_DRIVER.search(text):
        return DriverNotFoundError(f"The ODBC driver cannot be loaded: {text} Check the extra driver.")
    if kind is ErrorKind.PAUSED:
        return PoolPausedError(message, number=number)
    if kind is ErrorKind.WARMING_UP:
        return PoolWarmingUpError(message, number=number)
    return SynapseConnectionError(message, number=number, retryable=kind is not ErrorKind.FINAL)


def statement_error(text: str, *, cancel_requested: bool = False) -> SynapseError:
    """Return the error for a failed statement.

    :param text: From :func:`driver_text`.
    :param cancel_requested: Whether the statement was being cancelled. Microsoft's driver may then say only that it has
        nothing to say ("The driver did not supply an error!").
    """
    kind = classify(text)
    number = next(iter(native_numbers(text)), None)
    message = " ".join(filter(None, (f"The statement failed: {text}", find_remedy(text))))
    if kind is ErrorKind.CANCELLED or (cancel_requested and kind is ErrorKind.FINAL and number is None):
        return StatementCancelledError(f"The statement was cancelled: {text}")
    if kind is ErrorKind.PAUSED:
        return PoolPausedError(message, number=number)
    if kind is ErrorKind.LINK_LOST:
        return ConnectionLostError(message, number=number)
    return StatementError(message, number=number, retryable=kind is not ErrorKind.FINAL)
