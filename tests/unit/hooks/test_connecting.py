"""Attempts to connect. The driver is replaced at its one entry, ``pyodbc.connect``; nobody waits."""

import pyodbc
import pytest

from airflow_synapse.exceptions import (
    DriverNotFoundError,
    PoolPausedError,
    PoolWarmingUpError,
    StatementCancelledError,
    SynapseConnectionError,
)
from airflow_synapse.hooks.connecting import Connector
from airflow_synapse.hooks.pool_settings import Authentication, PoolSettings
from airflow_synapse.secret import Secret

PASSWORD = "p;W{}'d-secret"


def driver_error(number, state="42000"):
    return pyodbc.ProgrammingError(
        state, f"[{state}] [Microsoft][ODBC Driver 18][SQL Server]no. ({number}) (SQLDriverConnect)"
    )


class Driver:
    """Answers ``pyodbc.connect``: with each error in turn, then with the text ``connection``."""

    def __init__(self, *errors, last=None):
        self.errors = list(errors)
        self.last = last
        self.calls = []

    def __call__(self, connection_string, **options):
        self.calls.append((connection_string, options))
        if error := self.errors.pop(0) if self.errors else self.last:
            raise error
        return "connection"


@pytest.fixture
def connect(monkeypatch):
    """Connect with a driver's answers: returns the connection and the waits between the attempts."""

    def run(answers, waits=None, options=None, **changes):
        fields = {"server": "ws", "database": "sales", "login": "loader", "password": Secret(PASSWORD)}
        monkeypatch.setattr(pyodbc, "connect", answers)
        now = [0.0]

        def pause(seconds):
            now[0] += seconds
            if waits is not None:
                waits.append(seconds)

        monkeypatch.setattr("airflow_synapse.hooks.connecting.time.monotonic", lambda: now[0])
        return Connector(PoolSettings(**{**fields, **changes})).connect(pause=pause, **(options or {}))

    return run


def test_a_connection_is_in_autocommit_mode_and_has_a_login_timeout(connect):
    driver = Driver()
    assert connect(driver, login_timeout=7) == "connection"
    ((_, options),) = driver.calls
    assert options == {"autocommit": True, "timeout": 7, "attrs_before": {}}


def test_a_pool_that_warms_up_is_waited_for_longer_and_longer(connect):
    waits = []
    assert connect(Driver(*[driver_error(42109)] * 6), waits) == "connection"
    assert waits == [5, 10, 20, 40, 60, 60]


def test_waiting_ends_before_five_minutes(connect):
    waits = []
    with pytest.raises(PoolWarmingUpError, match="few minutes"):
        connect(Driver(last=driver_error(42109)), waits)
    assert 240 <= sum(waits) <= 300


def test_a_busy_service_is_asked_again_after_ten_seconds(connect):
    waits = []
    connect(Driver(driver_error(40501)), waits)
    assert waits == [10]


@pytest.mark.parametrize("number", [40197, 40613, 49918, 10928])
def test_a_passing_error_is_tried_again(connect, number):
    driver = Driver(driver_error(number))
    assert connect(driver) == "connection"
    assert len(driver.calls) == 2


@pytest.mark.parametrize(
    ("number", "kind"), [(42108, PoolPausedError), (18456, SynapseConnectionError), (40615, SynapseConnectionError)]
)
def test_a_final_error_is_not_tried_again(connect, number, kind):
    driver = Driver(last=driver_error(number))
    with pytest.raises(kind) as caught:
        connect(driver)
    assert len(driver.calls) == 1
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "error", [driver_error(4060), pyodbc.OperationalError("HYT00", "[HYT00] [Microsoft]timeout (0)")]
)
def test_what_may_be_a_wrong_name_is_tried_twice_more_only(connect, error):
    driver = Driver(last=error)
    with pytest.raises(SynapseConnectionError):
        connect(driver)
    assert len(driver.calls) == 3


def test_a_test_of_the_connection_makes_one_attempt(connect):
    driver = Driver(last=driver_error(42109))
    with pytest.raises(PoolWarmingUpError):
        connect(driver, options={"patience": 0, "login_timeout": 3})
    ((_, options),) = driver.calls
    assert options["timeout"] == 3


def test_cancelling_ends_the_attempts(monkeypatch):
    monkeypatch.setattr(pyodbc, "connect", Driver(last=driver_error(42109)))
    settings = PoolSettings(server="ws", database="sales", login="loader", password=Secret(PASSWORD))

    def cancelled(seconds):
        raise StatementCancelledError

    with pytest.raises(StatementCancelledError):
        Connector(settings).connect(pause=cancelled)


def test_the_error_holds_neither_the_password_nor_the_drivers_own_error(connect):
    quoting = pyodbc.InterfaceError("28000", f"[28000] Invalid attribute PWD={{{PASSWORD.replace('}', '}}')}}} (0)")
    with pytest.raises(SynapseConnectionError) as caught:
        connect(Driver(last=quoting))
    assert "d-secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_given_token_goes_into_attribute_1256_and_not_into_the_string(connect):
    driver = Driver()
    connect(driver, authentication=Authentication.ACCESS_TOKEN, access_token=Secret("abc"))
    ((text, options),) = driver.calls
    assert options["attrs_before"] == {1256: b"\x06\x00\x00\x00a\x00b\x00c\x00"}
    assert PASSWORD not in text


def test_freetds_takes_no_token_and_says_so_before_connecting(connect, tmp_path):
    library = tmp_path / "libtdsodbc.so"
    library.touch()
    driver = Driver()
    with pytest.raises(DriverNotFoundError, match=r"cannot log in with an access token.*use Microsoft's driver"):
        connect(driver, driver=str(library), authentication=Authentication.ACCESS_TOKEN, access_token=Secret("abc"))
    assert not driver.calls
