"""Prepared statements, arrays of parameters, procedures and transactions, through both drivers."""

from datetime import datetime
from decimal import Decimal

import pyodbc
import pytest

ROWS = [
    (number, f"name {number}", Decimal(number) / 4, datetime(2013, 1, 1, 0, 0, number % 60))  # noqa: DTZ001
    for number in range(500)
]
INSERT = "INSERT INTO items VALUES (?, ?, ?, ?)"


CREATE = "CREATE OR REPLACE TABLE items (number INTEGER PRIMARY KEY, name VARCHAR, price DECIMAL(18,4), sold TIMESTAMP)"
SELECT = "SELECT * FROM items ORDER BY number"


@pytest.fixture(autouse=True)
def items(server):
    server.pool.database.execute(CREATE)
    return lambda: server.pool.database.execute(SELECT).fetchall()


@pytest.fixture
def fast_cursor(connect, separate_server):
    """Sends arrays of parameters; FreeTDS's driver ends the process when it is asked to."""
    cursor = connect("microsoft", server=separate_server).cursor()
    cursor.execute(CREATE)
    cursor.fast_executemany = True
    return cursor


def fetched(cursor):
    return [tuple(row) for row in cursor.execute(SELECT).fetchall()]


def test_executemany(connection, items):
    connection.cursor().executemany(INSERT, ROWS[:20])
    assert items() == ROWS[:20]


def test_statement_prepared_once_runs_often(connection):
    cursor = connection.cursor()
    assert [cursor.execute("SELECT ? * 2", number).fetchval() for number in range(5)] == [0, 2, 4, 6, 8]


def test_statements_prepared_in_turn_do_not_mix(connection):
    first, second = connection.cursor(), connection.cursor()
    for number in range(3):
        assert first.execute("SELECT ? + 1", number).fetchall()[0][0] == number + 1
        first.close() if number == 2 else first.cancel()
        assert second.execute("SELECT ? + 2", number).fetchall()[0][0] == number + 2
        second.close() if number == 2 else second.cancel()


def test_null_parameters_get_the_type_of_their_column(connection, items):
    connection.execute(INSERT, 1, None, None, None)
    assert items() == [(1, None, None, None)]


def test_array_of_parameters_reaches_the_engine_in_one_call(fast_cursor):
    fast_cursor.executemany(INSERT, ROWS)
    assert fetched(fast_cursor) == ROWS
    assert fast_cursor.execute("SELECT @@MANY_CALLS").fetchval() == 1


def test_array_of_parameters_with_nulls(fast_cursor):
    rows = [(number, *(None,) * 3) if number % 2 else ROWS[number] for number in range(50)]
    fast_cursor.executemany(INSERT, rows)
    assert fetched(fast_cursor) == rows


def test_failing_row_of_an_array_fails_alone(fast_cursor):
    with pytest.raises(pyodbc.IntegrityError, match="2627"):
        fast_cursor.executemany(INSERT, [*ROWS[:10], ROWS[5], *ROWS[10:12]])
    assert fetched(fast_cursor) == ROWS[:12]  # each call stands alone: those before and after the bad one stay


def test_array_of_parameters_to_a_statement_that_cannot_run_at_once(fast_cursor):
    fast_cursor.executemany(INSERT, ROWS[:5])
    fast_cursor.executemany("DELETE FROM items WHERE number = ?", [(1,), (3,)])
    assert fetched(fast_cursor) == [ROWS[0], ROWS[2], ROWS[4]]


def test_procedure_call(connection):
    assert connection.execute("{CALL double_it (?)}", 21).fetchval() == 42


def test_unknown_procedure_is_error_2812(connection):
    with pytest.raises(pyodbc.Error, match="2812"):
        connection.execute("{CALL no_such_procedure (?)}", 1)


def test_commit_keeps_and_rollback_drops(connect, driver, items):
    connection = connect(driver, autocommit=False)
    connection.execute(INSERT, ROWS[0])
    connection.commit()
    connection.execute(INSERT, ROWS[1])
    connection.rollback()
    assert items() == ROWS[:1]


def test_transaction_is_open_between_statements(connect, driver):
    connection = connect(driver, autocommit=False)
    connection.execute("CREATE OR REPLACE TABLE other (a INTEGER)")
    assert connection.execute("SELECT @@TRANCOUNT").fetchval() == 1
    connection.rollback()
    connection.autocommit = True
    assert connection.execute("SELECT @@TRANCOUNT").fetchval() == 0


def test_closing_drops_what_is_not_committed(connect, driver, items, server):
    connection = connect(driver, autocommit=False)
    connection.execute(INSERT, ROWS[0])
    connection.close()
    assert server.pool.sessions[-1].closed.wait(5)
    assert items() == []


def test_transaction_in_text(connection, items):
    connection.execute("BEGIN TRANSACTION")
    connection.execute(INSERT, ROWS[0])
    connection.execute("ROLLBACK")
    connection.execute("BEGIN TRANSACTION")
    connection.execute(INSERT, ROWS[1])
    connection.execute("COMMIT")
    assert items() == ROWS[1:2]


def test_error_in_a_transaction_leaves_it_to_the_client(connect, driver, items):
    connection = connect(driver, autocommit=False)
    connection.execute(INSERT, ROWS[0])
    with pytest.raises(pyodbc.Error, match="208"):
        connection.execute("THROW 208")
    connection.commit()
    assert items() == ROWS[:1]
