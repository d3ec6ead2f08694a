"""What errors of the ODBC driver mean. The texts are what the drivers gave for these situations, unless noted."""

import pytest

from airflow_synapse.load.error_numbers import ErrorKind, classify, native_numbers

MICROSOFT = "[Microsoft][ODBC Driver 18 for SQL Server]"
PAUSED = f"[42000] {MICROSOFT}[SQL Server]The SQL pool is paused. (42108) (SQLDriverConnect)"
WARMING_UP = f"[42000] {MICROSOFT}[SQL Server]The SQL pool is warming up. (42109) (SQLDriverConnect)"
BUSY = f"[42000] {MICROSOFT}[SQL Server]The service is currently busy. (40501) (SQLDriverConnect)"
REFUSED = f"[28000] {MICROSOFT}[SQL Server]Login failed for user 'loader'. (18456) (SQLDriverConnect)"
UNKNOWN_DATABASE = (
    "[42000] [FreeTDS][SQL Server]Cannot open database 'nope'. (4060) (SQLDriverConnect); "
    "[28000] [FreeTDS][SQL Server]Login failed for user 'loader'. (18456)"
)
RESET = f"[08S01] {MICROSOFT}TCP Provider: Error code 0x2746 (10054) (SQLExecDirectW)"
LINK_FAILURE = f"[08S01] {MICROSOFT}Communication link failure (0) (SQLExecDirectW)"
FREETDS_END = "[01000] [FreeTDS][SQL Server]Unexpected EOF from the server (20017) (SQLExecDirectW)"
FREETDS_NOBODY = (
    "[08S01] [FreeTDS][SQL Server]Unable to connect: Adaptive Server is unavailable or does not exist (20009) "
    "(SQLDriverConnect)"
)
TIMEOUT = f"[HYT00] {MICROSOFT}Login timeout expired (0) (SQLDriverConnect)"
CANCELLED = f"[HY008] {MICROSOFT}Operation canceled (0) (SQLExecDirectW)"
CANCELLED_EARLY = f"[01S05] {MICROSOFT}Cancel treated as FreeStmt/Close (0) (SQLExecDirectW)"
DATA = f"[42000] {MICROSOFT}[SQL Server]Not able to validate because (403) Forbidden. (105200) (SQLExecDirectW)"
DISTRIBUTED = f"[42000] {MICROSOFT}[SQL Server]110806;A distributed query failed: {{}} (110806) (SQLExecDirectW)"
CONNECTION_NEEDED = DISTRIBUTED.format(
    "ExecuteNonQuery requires an open and available Connection. The connection's current state is closed."
)
DEADLOCK = f"[40001] {MICROSOFT}[SQL Server]Transaction (Process ID 7) was deadlocked. (1205) (SQLExecDirectW)"
KILLED = f"[HY000] {MICROSOFT}[SQL Server]The session is in the kill state. (596) (SQLExecDirectW)"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param(PAUSED, ErrorKind.PAUSED, id="paused"),
        pytest.param(WARMING_UP, ErrorKind.WARMING_UP, id="warming up"),
        pytest.param(BUSY, ErrorKind.TRANSIENT, id="busy"),
        pytest.param(DEADLOCK, ErrorKind.TRANSIENT, id="deadlock"),
        pytest.param(CONNECTION_NEEDED, ErrorKind.TRANSIENT, id="distributed query without a connection"),
        pytest.param(DISTRIBUTED.format("Operation not allowed."), ErrorKind.TRANSIENT, id="operation not allowed"),
        pytest.param(DISTRIBUTED.format("'PRIMARY' is full."), ErrorKind.FINAL, id="another distributed query"),
        pytest.param(REFUSED, ErrorKind.FINAL, id="login refused"),
        pytest.param(UNKNOWN_DATABASE, ErrorKind.PERHAPS_TRANSIENT, id="unknown database"),
        pytest.param(TIMEOUT, ErrorKind.PERHAPS_TRANSIENT, id="nobody answers"),
        pytest.param(FREETDS_NOBODY, ErrorKind.PERHAPS_TRANSIENT, id="nobody answers FreeTDS"),
        pytest.param(RESET, ErrorKind.LINK_LOST, id="reset"),
        pytest.param(LINK_FAILURE, ErrorKind.LINK_LOST, id="link failure without number"),
        pytest.param(FREETDS_END, ErrorKind.LINK_LOST, id="FreeTDS end of file"),
        pytest.param(KILLED, ErrorKind.LINK_LOST, id="session killed"),
        pytest.param(CANCELLED, ErrorKind.CANCELLED, id="cancelled"),
        pytest.param(CANCELLED_EARLY, ErrorKind.CANCELLED, id="cancelled early"),
        pytest.param(DATA, ErrorKind.FINAL, id="a number that is not listed"),
        pytest.param("no message of a driver", ErrorKind.FINAL, id="any text"),
    ],
)
def test_an_error_is_classified_by_its_number_and_then_by_its_state(message, kind):
    assert classify(message) is kind


def test_a_number_inside_a_sentence_is_not_the_errors_number():
    assert native_numbers(DATA) == (105200,)


def test_each_record_of_a_message_brings_its_number():
    assert native_numbers(UNKNOWN_DATABASE) == (4060, 18456)


def test_the_sqlstate_of_a_numbered_error_says_nothing():
    # Every number of a dedicated pool comes as 42000; were the state asked first, a pause would look like bad SQL.
    assert classify(PAUSED.replace("42000", "08S01")) is ErrorKind.PAUSED
