"""Cancelling, leaving, reading slowly, and many clients at once."""

import contextlib
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pyodbc
import pytest

ENDLESS = "SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3"
LONG_RESULT = "SELECT i, 'row ' || i AS name FROM range(100000000) t(i)"


def cancel_after(seconds, cursor):
    def cancel():
        with contextlib.suppress(pyodbc.Error):  # there was nothing to cancel
            cursor.cancel()

    timer = threading.Timer(seconds, cancel)
    timer.start()
    return timer


@pytest.mark.parametrize("parameters", [(), (1,)], ids=["batch", "procedure"])
def test_cancel_stops_a_running_statement(connection, parameters):
    cursor = connection.cursor()
    timer = cancel_after(0.2, cursor)
    with pytest.raises(pyodbc.Error) as stopped:
        cursor.execute(ENDLESS.replace("3", "?") if parameters else ENDLESS, *parameters)
    timer.join()
    assert stopped.value.args[0] == "HY008"
    assert connection.execute("SELECT 1").fetchval() == 1


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT ?"], ids=["batch", "procedure"])
def test_cancel_at_any_moment_leaves_the_connection_usable(connect, statement):
    """The race: an attention that comes before, while and after a short statement runs.

    FreeTDS cannot take part: it may wait for ever when a reply and SQLCancel of another thread meet.
    """
    connection = connect("microsoft")
    parameters = (1,) if "?" in statement else ()
    outcomes = Counter()
    for attempt in range(150):
        cursor = connection.cursor()
        timer = cancel_after(attempt / 50_000, cursor)
        try:
            cursor.execute(statement, *parameters).fetchall()
            outcomes["done"] += 1
        except pyodbc.Error as error:
            outcomes[error.args[0]] += 1
        timer.join()
        cursor.close()
        assert connection.execute("SELECT ?", attempt).fetchval() == attempt
    assert outcomes["done"]
    assert outcomes["HY008"]


def test_cancel_again_and_again(connection):
    cursor = connection.cursor()
    for attempt in range(30):
        timer = cancel_after(0.01 + attempt / 1000, cursor)
        with pytest.raises(pyodbc.Error, match="HY008"):
            cursor.execute(ENDLESS)
        timer.join()
        assert connection.execute("SELECT ?", attempt).fetchval() == attempt


def test_query_timeout(connection):
    connection.timeout = 1
    with pytest.raises(pyodbc.OperationalError) as stopped:
        connection.execute(ENDLESS)
    assert stopped.value.args[0] == "HYT00"
    assert connection.execute("SELECT 1").fetchval() == 1


def test_closing_a_cursor_in_a_long_result_stops_it(connection, server):
    cursor = connection.execute(LONG_RESULT)
    assert cursor.fetchone()[0] == 0
    cursor.close()
    assert connection.execute("SELECT 1").fetchval() == 1
    assert server.pool.sessions[-1].rows_encoded < 10_000_000


def test_slow_reader_holds_the_statement_back(connection, server):
    """What is not read is not made: the memory of the server is bounded."""
    cursor = connection.execute(LONG_RESULT)
    cursor.fetchone()
    session = server.pool.sessions[-1]
    wait_until(lambda: is_constant(lambda: session.rows_encoded))
    assert session.rows_encoded < 1_000_000
    assert [cursor.fetchone()[0] for _ in range(1000)] == list(range(1, 1001))
    cursor.close()


def test_client_that_disappears_ends_its_statement_and_session(connect, server, driver):
    relay = Cable(server.port)
    connection = connect(driver, server=relay)
    session = server.pool.sessions[-1]
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(connection.execute, ENDLESS)
        wait_until(lambda: session.running)
        relay.cut()
        assert session.closed.wait(5)
        with pytest.raises(pyodbc.Error):
            running.result(10)
    assert session.cancels


def test_slow_session_does_not_hold_others_up(connect, driver, server):
    slow, quick = connect(driver), connect(driver)
    slow_session = server.pool.sessions[-2]
    cursor = slow.cursor()
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(cursor.execute, ENDLESS)
        wait_until(lambda: slow_session.running)
        assert [quick.execute("SELECT ?", number).fetchval() for number in range(20)] == list(range(20))
        assert not running.done()
        cursor.cancel()
        with pytest.raises(pyodbc.Error):
            running.result(10)


def test_hundred_connections_at_once(connect, driver):
    connections = [connect(driver) for _ in range(100)]
    with ThreadPoolExecutor(100) as executor:
        answers = executor.map(lambda pair: pair[1].execute("SELECT ? * 2", pair[0]).fetchval(), enumerate(connections))
        assert list(answers) == [2 * number for number in range(100)]


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x12\x01\x00\x09\x00\x00\x00\x00\x00", b"\x16\x03\x01"]
)
def test_client_that_speaks_something_else_is_dropped(connection, server, garbage):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as stranger:
        stranger.sendall(garbage)
        with contextlib.suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
    assert connection.execute("SELECT 1").fetchval() == 1


class Cable:
    """Passes bytes on to a server until it is cut."""

    def __init__(self, server_port):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._server_port = server_port
        self._ends = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        client, _address = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._server_port))
        self._ends = [client, server]
        threading.Thread(target=self._copy, args=(server, client), daemon=True).start()
        self._copy(client, server)

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass  # cut

    def cut(self):
        for end in self._ends:
            end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._listener.close()


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_constant(measure):
    before = measure()
    time.sleep(0.2)
    return measure() == before
