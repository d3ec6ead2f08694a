"""Errors of the driver as ours."""

import pytest

from airflow_synapse.exceptions import (
    ConnectionLostError,
    DriverNotFoundError,
    PoolPausedError,
    PoolWarmingUpError,
    StatementCancelledError,
    StatementError,
    SynapseConnectionError,
)
from airflow_synapse.hooks.driver_errors import connection_error, driver_text, statement_error
from airflow_synapse.secret import Secret

SQL_SERVER = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"


@pytest.mark.parametrize(
    ("text", "kind", "number", "retryable"),
    [
        (f"[42000] {SQL_SERVER}paused. (42108) (SQLDriverConnect)", PoolPausedError, 42108, False),
        (f"[42000] {SQL_SERVER}warming up. (42109) (SQLDriverConnect)", PoolWarmingUpError, 42109, True),
        (f"[28000] {SQL_SERVER}Login failed. (18456) (SQLDriverConnect)", SynapseConnectionError, 18456, False),
        (f"[42000] {SQL_SERVER}busy. (40501) (SQLDriverConnect)", SynapseConnectionError, 40501, True),
        ("[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout (0)", SynapseConnectionError, None, True),
        ("[01000] [unixODBC][Driver Manager]Can't open lib 'x' : file not found (0)", DriverNotFoundError, None, False),
    ],
    ids=["paused", "warming up", "refused", "busy", "nobody", "no driver"],
)
def test_a_failed_attempt_to_connect(text, kind, number, retryable):
    error = connection_error(text, "ws:1433/sales")
    assert type(error) is kind
    assert getattr(error, "number", None) == number
    assert error.retryable is retryable


def test_a_refused_login_names_the_server_and_what_to_check():
    text = f"[28000] {SQL_SERVER}Login failed for user 'loader'. (18456) (SQLDriverConnect)"
    assert str(connection_error(text, "ws:1433/sales")).startswith("Cannot connect to ws:1433/sales: [28000]")
    assert "Check the login" in str(connection_error(text, "ws:1433/sales"))


@pytest.mark.parametrize(
    ("text", "kind", "retryable"),
    [
        (f"[42S02] {SQL_SERVER}Invalid object name. (208) (SQLExecDirectW)", StatementError, False),
        (f"[40001] {SQL_SERVER}deadlocked. (1205) (SQLExecDirectW)", StatementError, True),
        (f"[42000] {SQL_SERVER}paused. (42108) (SQLExecDirectW)", PoolPausedError, False),
        ("[08S01] [Microsoft][ODBC Driver 18 for SQL Server]Communication link failure (0)", ConnectionLostError, True),
        ("[HY008] [Microsoft][ODBC Driver 18 for SQL Server]Operation canceled (0)", StatementCancelledError, True),
    ],
    ids=["refused", "deadlock", "paused", "link lost", "cancelled"],
)
def test_a_failed_statement(text, kind, retryable):
    error = statement_error(text)
    assert type(error) is kind
    assert error.retryable is retryable


def test_a_driver_that_says_nothing_while_cancelling_has_cancelled():
    text = "[HY000] The driver did not supply an error! (0) (SQLExecDirectW)"
    assert type(statement_error(text, cancel_requested=True)) is StatementCancelledError
    assert type(statement_error(text)) is StatementError


def test_an_error_of_the_pool_while_cancelling_stays_what_it_is():
    text = f"[42S02] {SQL_SERVER}Invalid object name. (208) (SQLExecDirectW)"
    assert type(statement_error(text, cancel_requested=True)) is StatementError


def test_an_error_of_pyodbc_itself_has_its_text_first():
    assert driver_text(Exception("The SQL contains 1 parameter markers.", "HY000"), ()) == (
        "The SQL contains 1 parameter markers."
    )


def test_the_text_of_the_driver_is_taken_without_secrets():
    error = Exception("42000", "[42000] near 'sig=AbCdEf0123456789'. (102) (SQLExecDirectW)")
    assert (
        driver_text(error, [Secret("sp=rl&sig=AbCdEf0123456789")]) == "[42000] near 'sig=***'. (102) (SQLExecDirectW)"
    )
