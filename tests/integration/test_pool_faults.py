"""What the local pool is told to do wrong, as Microsoft's driver sees it."""

import contextlib
import threading
import time

import pyodbc
import pytest

REQUESTS = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = ?"


def wait_for(condition):
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def connect(breakable_pool):
    """Open a connection that is closed after the test."""
    opened = []
    breakable_pool.faults.forget_requests()

    def connect():
        opened.append(breakable_pool.connect())
        return opened[-1]

    yield connect
    breakable_pool.faults.clear()  # a connection whose statement is held cannot be closed
    for connection in opened:
        with contextlib.suppress(pyodbc.Error):  # a fault has broken it
            connection.close()


@pytest.fixture
def table(breakable_pool):
    """An empty table, dropped after the test."""
    connection = breakable_pool.connect()
    connection.execute("CREATE TABLE dbo.numbers (n int) WITH (HEAP)")
    connection.close()
    yield "dbo.numbers"
    breakable_pool.faults.clear()
    breakable_pool.faults.resume()
    connection = breakable_pool.connect()
    connection.execute("DROP TABLE dbo.numbers")
    connection.close()


class Statement:
    """A statement that runs in a thread; ``error`` is what the driver raised, None until it does."""

    def __init__(self, connection, text):
        self.error = None
        self._cursor = connection.cursor()
        self._thread = threading.Thread(target=self._run, args=(text,), daemon=True)
        self._thread.start()

    def _run(self, text):
        try:
            self._cursor.execute(text)
        except pyodbc.Error as error:
            self.error = error

    def cancel(self):
        self._cursor.cancel()

    def result(self):
        """Wait for the end and return the SQLSTATE of its error, None where there was none."""
        self._thread.join(15)
        assert not self._thread.is_alive()
        return None if self.error is None else self.error.args[0]


def insert(value, label="one"):
    return f"INSERT INTO dbo.numbers SELECT {value} OPTION (LABEL = '{label}')"


def numbers(connection):
    return [row[0] for row in connection.execute("SELECT n FROM dbo.numbers ORDER BY n").fetchall()]


def statuses(connection, label="one"):
    return [row[0] for row in connection.execute(REQUESTS, label).fetchall()]


@pytest.mark.parametrize(
    ("moment", "rows", "requests"),
    [("before", [], []), ("running", [], ["Cancelled"]), ("committed", [1], ["Completed"])],
)
def test_the_link_breaks_at_a_moment_of_a_statement(breakable_pool, connect, table, moment, rows, requests):
    breakable_pool.faults.drop(moment=moment, label="one")
    with pytest.raises(pyodbc.Error) as broken:
        connect().execute(insert(1))
    assert broken.value.args[0] == "08S01"
    other = connect()
    wait_for(lambda: "Running" not in statuses(other))
    assert numbers(other) == rows
    assert statuses(other) == requests
    other.execute(insert(2))


def test_a_commit_whose_answer_is_lost_has_committed(breakable_pool, connect, table):
    connection = connect()
    connection.execute("BEGIN TRAN")
    connection.execute(insert(1))
    breakable_pool.faults.drop(moment="committed", text="^COMMIT")
    with pytest.raises(pyodbc.Error):
        connection.execute("COMMIT")
    assert numbers(connect()) == [1]


@pytest.mark.parametrize("moment", ["before", "running"])
def test_a_commit_that_the_link_does_not_outlast_is_rolled_back(breakable_pool, connect, table, moment):
    connection = connect()
    connection.autocommit = False
    connection.execute(insert(1))
    breakable_pool.faults.drop(moment=moment, text="^COMMIT")
    with pytest.raises(pyodbc.Error):
        connection.commit()
    other = connect()
    other.execute(insert(2))  # waits for the lock of the lost transaction
    assert numbers(other) == [2]


def test_a_statement_without_a_client_is_cancelled_or_goes_on(breakable_pool, connect, table):
    breakable_pool.faults.outlive(label="goes_on")
    for label, value in (("cancelled", 1), ("goes_on", 2)):
        breakable_pool.faults.drop(label=label)
        with pytest.raises(pyodbc.Error):
            connect().execute(insert(value, label))
    other = connect()
    wait_for(lambda: numbers(other) == [2])
    assert statuses(other, "cancelled") == ["Cancelled"]
    assert statuses(other, "goes_on") == ["Completed"]


def test_a_statement_is_held_until_it_is_released(breakable_pool, connect, table):
    held = breakable_pool.faults.hold(label="one")
    statement = Statement(connect(), insert(1))
    breakable_pool.faults.wait_until_held(held)
    other = connect()
    assert (statuses(other), numbers(other)) == (["Running"], [])
    assert breakable_pool.faults.release(held) == 1
    assert statement.result() is None
    assert numbers(other) == [1]


def test_a_slow_statement_can_be_cancelled(breakable_pool, connect, table):
    breakable_pool.faults.delay(600, label="one")
    connection, other = connect(), connect()
    statement = Statement(connection, insert(1))
    wait_for(lambda: statuses(other) == ["Running"])
    statement.cancel()
    assert statement.result() == "HY008"
    assert numbers(connection) == []
    assert statuses(other)[-1] == "Cancelled"


def test_a_pause_ends_everything(breakable_pool, connect, table):
    breakable_pool.faults.hold(label="one")
    statement, idle, waiting = Statement(connect(), insert(1)), connect(), connect()
    idle.autocommit = False
    wait_for(lambda: statuses(waiting) == ["Running"])
    breakable_pool.faults.pause()
    assert statement.result() is not None
    with pytest.raises(pyodbc.Error):
        idle.execute("SELECT 1")
    with pytest.raises(pyodbc.Error, match="42108"):
        connect()
    breakable_pool.faults.resume(warm_up_logins=1)
    with pytest.raises(pyodbc.Error, match="42109"):
        connect()
    after = connect()
    assert numbers(after) == []
    assert statuses(after) == []
    assert after.execute("SELECT COUNT(*) FROM sys.dm_pdw_exec_sessions").fetchval() == 1
    assert after.execute("SELECT COUNT(*) FROM sys.dm_pdw_errors").fetchval() == 0


def test_logins_are_refused_with_a_number(breakable_pool, connect):
    breakable_pool.faults.refuse_logins(40613, times=1, message="Database is not currently available.")
    with pytest.raises(pyodbc.Error, match="not currently available"):
        connect()
    connect()


def test_forgotten_requests_are_in_no_view(breakable_pool, connect, table):
    connection = connect()
    connection.execute(insert(1, "forgotten"))
    breakable_pool.faults.forget_requests()
    assert statuses(connection, "forgotten") == []
    assert numbers(connection) == [1]


@pytest.mark.parametrize("runs", [True, False])
def test_kill_ends_exactly_that_session(breakable_pool, connect, table, runs):
    victim, bystander, killer = connect(), connect(), connect()
    session_id = victim.execute("SELECT SESSION_ID()").fetchval()
    victim.execute("BEGIN TRAN")
    victim.execute(insert(1))
    statement = None
    if runs:
        breakable_pool.faults.hold(text="SELECT 2")
        statement = Statement(victim, insert(2, "two"))
        wait_for(lambda: statuses(killer, "two") == ["Running"])
    killer.execute(f"KILL '{session_id}'")
    if statement is not None:
        assert statement.result() is not None
        assert statuses(killer, "two") == ["Cancelled"]
    killer.execute(insert(3))  # waits for the rollback, which gives up the lock
    with pytest.raises(pyodbc.Error):
        victim.execute("SELECT 1")
    assert numbers(bystander) == [3]
    status = "SELECT status FROM sys.dm_pdw_exec_sessions WHERE session_id = ?"
    assert killer.execute(status, session_id).fetchval() == "TERMINATED"


@pytest.mark.parametrize(("session_id", "number"), [("SID999999", 6106), ("53", 6106), ("", 6106)])
def test_kill_of_an_unknown_session_is_refused(connect, session_id, number):
    with pytest.raises(pyodbc.Error, match=str(number)):
        connect().execute(f"KILL '{session_id}'")


def test_a_session_cannot_kill_itself(connect):
    connection = connect()
    session_id = connection.execute("SELECT SESSION_ID()").fetchval()
    with pytest.raises(pyodbc.Error, match="6104"):
        connection.execute(f"KILL '{session_id}'")
    assert connection.execute("SELECT 1").fetchval() == 1
