"""What a batch answers: result sets, counts, messages and errors, through both drivers."""

import logging

import pyodbc
import pytest
from toy_pool import TOKEN


@pytest.fixture
def table(server):
    server.pool.database.execute("CREATE OR REPLACE TABLE numbers (number INTEGER PRIMARY KEY, name VARCHAR)")
    server.pool.database.execute("INSERT INTO numbers VALUES (1, 'one'), (2, 'two'), (3, 'three')")
    return "numbers"


def read_everything(connection, text, parameters):
    cursor = connection.execute(text, *parameters)
    while cursor.nextset():
        pass


def values(cursor):
    return [tuple(row) for row in cursor.fetchall()]


def test_two_result_sets(connection):
    cursor = connection.execute("SELECT 1; SELECT 'a', 'b'")
    assert values(cursor) == [(1,)]
    assert cursor.nextset()
    assert values(cursor) == [("a", "b")]
    assert not cursor.nextset()


def test_count_and_then_a_result_set(connection, table):
    cursor = connection.execute(f"UPDATE {table} SET name = 'x' WHERE number > 1; SELECT count(*) FROM {table}")
    assert cursor.rowcount == 2
    assert cursor.nextset()
    assert cursor.fetchval() == 3


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("INSERT INTO numbers SELECT i, 'x' FROM range(10, 17) t(i)", 7),
        ("UPDATE numbers SET name = 'x'", 3),
        ("DELETE FROM numbers WHERE number > 5", 0),
    ],
)
def test_rowcount(connection, table, statement, count):
    assert connection.execute(statement).rowcount == count


@pytest.mark.parametrize("statement", ["CREATE OR REPLACE TABLE other (a INTEGER)", ";"], ids=["DDL", "empty batch"])
def test_statement_without_count(connection, driver, statement):
    """The Microsoft driver tells "no count" from "no rows"."""
    assert connection.execute(statement).rowcount == (-1 if driver == "microsoft" else 0)
    assert connection.execute("SELECT 1").fetchval() == 1


def test_message_of_print(connection):
    cursor = connection.execute("PRINT 'loading żółw'")
    assert [(state, text.rpartition("]")[2]) for state, text in cursor.messages] == [("[01000] (0)", "loading żółw")]


def test_message_between_result_sets(connection):
    cursor = connection.execute("SELECT 1; PRINT 'between'; SELECT 2")
    assert cursor.fetchval() == 1
    texts = [text for _state, text in cursor.messages]
    while cursor.nextset():
        texts += [text for _state, text in cursor.messages]
        last = values(cursor) if cursor.description else None
    assert last == [(2,)]
    assert any("between" in text for text in texts)


def test_error_after_a_result_set_is_raised_by_nextset(connection):
    cursor = connection.execute("SELECT 1; THROW 208")
    assert values(cursor) == [(1,)]
    with pytest.raises(pyodbc.Error, match="208"):
        cursor.nextset()
    assert connection.execute("SELECT 2").fetchval() == 2


def test_error_in_the_middle_of_rows(connection):
    cursor = connection.cursor()
    with pytest.raises(pyodbc.Error, match="245"):
        cursor.execute("SELECT CASE WHEN i < 100000 THEN '1' ELSE 'x' END::INTEGER FROM range(100001) t(i)").fetchall()
    assert connection.execute("SELECT 2").fetchval() == 2


@pytest.mark.parametrize("parameters", [(), (1,)], ids=["batch", "procedure"])
@pytest.mark.parametrize(
    ("number", "state"),
    [
        (207, "42S22"),
        (208, "42S02"),
        (2714, "42S01"),
        (245, "22018"),
        (8134, "22012"),
        (8152, "22001"),
        (2628, "42000"),
        (515, "23000"),
        (2627, "23000"),
        (103010, "42000"),
        (107090, "42000"),
        (110802, "42000"),
        (111212, "42000"),
        (40613, "42000"),
    ],
)
def test_error_number_arrives_and_the_driver_derives_the_state(connection, parameters, number, state):
    text = f"SELECT ?; THROW {number}" if parameters else f"THROW {number}"
    with pytest.raises(pyodbc.Error) as raised:
        read_everything(connection, text, parameters)
    assert raised.value.args[0] == state
    assert f"thrown by the test ({number})" in raised.value.args[1]


def test_error_of_class_20_ends_the_connection(connection, server):
    with pytest.raises(pyodbc.Error, match="thrown by the test"):
        connection.execute("THROW 21 CLASS 20")
    assert server.pool.sessions[-1].closed.wait(5)
    with pytest.raises(pyodbc.Error):
        connection.execute("SELECT 1")


def test_defect_of_the_engine_is_an_error_that_tells_no_secret(connection, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(pyodbc.Error, match="RuntimeError") as raised:
        connection.execute("CRASH")
    assert TOKEN not in raised.value.args[1]
    assert "toy_pool.py" in caplog.text
    assert TOKEN not in caplog.text
    assert connection.execute("SELECT 1").fetchval() == 1


def test_statement_texts_and_passwords_are_not_logged(connect, driver, caplog):
    with caplog.at_level(logging.DEBUG):
        connect(driver).execute("SELECT 'a statement', ?", "a parameter")
        with pytest.raises(pyodbc.Error):
            connect(driver, PWD="a-wrong-password")
    assert "refused" in caplog.text
    assert not [text for text in ("a statement", "a parameter", "a-wrong-password") if text in caplog.text]
