"""The T-SQL engine behind the real drivers: types, catalog calls, SQLAlchemy, transactions, sessions, cancel, KILL."""

# ruff: noqa: DTZ001 - the columns of these tests have no time zone

import itertools
import threading
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote_plus

import pyodbc
import pytest
import sqlalchemy

from airflow_synapse.local.odbc import driver_path
from airflow_synapse.local.sql_pool import DATABASE, LOGIN, SqlPool

FREE_TDS = Path("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so")
ENDLESS = "SELECT COUNT(*) FROM " + ", ".join(f"sys.types AS t{number}" for number in range(9))
_numbers = itertools.count(1)

has_free_tds = pytest.mark.skipif(not FREE_TDS.exists(), reason="FreeTDS (tdsodbc) is not installed")


@pytest.fixture(scope="module")
def sql_pool(tmp_path_factory):
    """A pool in a process of its own, without storage."""
    with SqlPool(tmp_path_factory.mktemp("sql_pool"), storage_accounts={}) as running:
        yield running


@pytest.fixture(params=["microsoft", pytest.param("freetds", marks=has_free_tds)])
def connection_string(request, sql_pool):
    password = sql_pool.password.reveal()
    login = f"DATABASE={DATABASE};UID={LOGIN};PWD={password}"  # letters, digits, - and _ alone
    if request.param == "freetds":
        return f"DRIVER={FREE_TDS};SERVER=127.0.0.1;PORT={sql_pool.port};TDS_Version=7.4;{login}"
    return f"DRIVER={{{driver_path()}}};SERVER=127.0.0.1,{sql_pool.port};TrustServerCertificate=yes;{login}"


@pytest.fixture
def connect(connection_string):
    """Open connections that are closed after the test; with autocommit unless the test says otherwise."""
    opened = []

    def open_one(*, autocommit=True):
        opened.append(pyodbc.connect(connection_string, autocommit=autocommit, timeout=10))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect):
    return connect()


@pytest.fixture
def table(connection):
    """An empty table of common types; its name without the schema."""
    name = f"t{next(_numbers)}"
    connection.execute(
        f"CREATE TABLE dbo.{name} (id int NOT NULL, n nvarchar(50), v varchar(max), d decimal(18, 4), dt datetime2(6), "
        "da date, b bit, f float, bi bigint, PRIMARY KEY NONCLUSTERED (id) NOT ENFORCED) WITH (HEAP)"
    )
    yield name
    connection.execute(f"DROP TABLE dbo.{name}")


ROW = (
    1,
    "zł😀",
    "x" * 10_000,
    Decimal("12.3400"),
    datetime(2020, 1, 2, 3, 4, 5, 678901),
    date(2020, 1, 2),
    True,
    1.5,
    2**40,
)


def test_parameters_come_back_as_they_went(connection, table):
    insert = f"INSERT INTO dbo.{table} VALUES ({', '.join('?' * len(ROW))})"
    assert connection.execute(insert, ROW).rowcount == 1
    assert connection.execute(insert, (2, *[None] * (len(ROW) - 1))).rowcount == 1
    rows = connection.execute(f"SELECT * FROM {table} WHERE id >= ? ORDER BY id", 1).fetchall()
    assert [tuple(row) for row in rows] == [ROW, (2, *[None] * (len(ROW) - 1))]


def test_executemany_inserts_every_row(connection, table):
    cursor = connection.cursor()
    cursor.fast_executemany = "msodbcsql" in connection.getinfo(pyodbc.SQL_DRIVER_NAME)  # FreeTDS crashes with it
    rows = [(number, str(number), datetime(2020, 1, 1)) for number in range(100)]
    cursor.executemany(f"INSERT INTO {table} (id, n, dt) VALUES (?, ?, ?)", rows)
    assert connection.execute(f"SELECT COUNT(*), MAX(id), MIN(n) FROM {table}").fetchone()[1] == 99


def test_the_catalog_functions_describe_a_table(connection, table):
    cursor = connection.cursor()
    assert [tuple(row)[:4] for row in cursor.tables(table=table)] == [(DATABASE, "dbo", table, "TABLE")]
    described = {row.column_name: (row.type_name, row.column_size, row.nullable) for row in cursor.columns(table=table)}
    assert described["id"] == ("int", 10, 0)
    assert described["n"] == ("nvarchar", 50, 1)
    assert described["d"] == ("decimal", 18, 1)
    assert len(described) == len(ROW)
    assert [row.column_name for row in cursor.primaryKeys(table=table)] == ["id"]
    assert {row.type_name for row in cursor.getTypeInfo(pyodbc.SQL_VARCHAR)} == {"varchar"}


@pytest.mark.parametrize(
    ("statement", "state", "number"),
    [
        ("SELECT * FROM nope", "42S02", 208),
        ("SELECT nope FROM sys.tables", "42S22", 207),
        ("SELECT 1 / 0 AS a", "22012", 8134),
        ("SELECT CAST('x' AS int)", "22018", 245),
        ("DROP TABLE nope", "42S02", 3701),
        ("USE master", "42000", 103010),
    ],
)
def test_errors_have_state_and_number(connection, statement, state, number):
    with pytest.raises(pyodbc.Error) as raised:
        connection.execute(statement).fetchall()
    assert raised.value.args[0] == state
    assert f"({number})" in raised.value.args[1]


def test_a_batch_gives_one_result_a_statement(connection, table):
    cursor = connection.execute(f"INSERT INTO {table} (id) VALUES (1) SELECT id FROM {table} PRINT 'done' SELECT 2")
    assert cursor.rowcount == 1
    assert cursor.nextset()
    assert [tuple(row) for row in cursor.fetchall()] == [(1,)]
    results = []
    while cursor.nextset():
        if cursor.description:
            results.append([tuple(row) for row in cursor.fetchall()])
    assert results == [[(2,)]]


def test_manual_commit_is_a_transaction(connect, connection, table):
    manual = connect(autocommit=False)
    manual.execute(f"INSERT INTO {table} (id) VALUES (1)")
    assert manual.execute("SELECT @@TRANCOUNT").fetchval() == 1
    manual.rollback()
    manual.execute(f"INSERT INTO {table} (id) VALUES (2)")
    manual.commit()
    assert [row.id for row in connection.execute(f"SELECT id FROM {table}")] == [2]
    with pytest.raises(pyodbc.Error, match="111212"):
        manual.execute("CREATE TABLE dbo.never (a int)")
    manual.rollback()


def test_sessions_write_to_one_table_at_once(connect, connection, table):
    connection.execute(f"INSERT INTO {table} (id, bi) VALUES (1, 0)")
    others = [connect() for _ in range(6)]

    def add(other):
        for _ in range(10):
            other.execute(f"UPDATE {table} SET bi = bi + 1 WHERE id = ?", 1)

    threads = [threading.Thread(target=add, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert connection.execute(f"SELECT bi FROM {table}").fetchval() == 60


def run_until_it_fails(connection, statement):
    """Run a statement in a thread; the list gets the error that ends it."""
    errors = []

    def run():
        try:
            connection.execute(statement).fetchall()
        except pyodbc.Error as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


def wait_for_request(connection, command):
    for _ in range(2000):
        query = "SELECT session_id FROM sys.dm_pdw_exec_requests WHERE status = 'Running' AND command LIKE ?"
        session_id = connection.execute(query, f"{command}%").fetchval()
        if session_id:
            return session_id
        threading.Event().wait(0.01)
    raise AssertionError("the statement never ran")


def test_cancel_ends_the_statement_and_not_the_connection(connect, connection):
    cursor = connect().cursor()
    thread, errors = run_until_it_fails(cursor, ENDLESS)
    wait_for_request(connection, "SELECT COUNT(*) FROM sys.types AS t0")
    cursor.cancel()
    thread.join(30)
    assert [error.args[0] for error in errors] == ["HY008"]
    assert cursor.execute("SELECT 1").fetchval() == 1


def test_kill_ends_another_connection(connect, connection):
    victim = connect()
    session_id = victim.execute("SELECT session_id()").fetchval()
    thread, errors = run_until_it_fails(victim, ENDLESS)
    assert wait_for_request(connection, "SELECT COUNT(*) FROM sys.types AS t0") == session_id
    connection.execute(f"KILL '{session_id}'")
    thread.join(30)
    assert len(errors) == 1
    with pytest.raises(pyodbc.Error):
        victim.execute("SELECT 1")
    query = "SELECT status FROM sys.dm_pdw_exec_sessions WHERE session_id = ?"
    assert connection.execute(query, session_id).fetchval() == "TERMINATED"


def test_sqlalchemy_connects_reflects_and_writes(connection_string, table):
    engine = sqlalchemy.create_engine(f"mssql+pyodbc:///?odbc_connect={quote_plus(connection_string)}")
    try:
        inspector = sqlalchemy.inspect(engine)
        assert inspector.default_schema_name == "dbo"
        assert "dbo" in inspector.get_schema_names()
        assert inspector.has_table(table)
        assert table in inspector.get_table_names()
        columns = {column["name"]: column for column in inspector.get_columns(table)}
        assert (columns["n"]["type"].length, columns["d"]["type"].scale, columns["id"]["nullable"]) == (50, 4, False)
        assert inspector.get_pk_constraint(table)["constrained_columns"] == ["id"]
        assert (inspector.get_indexes(table), inspector.get_foreign_keys(table), inspector.get_view_names()) == (
            [],
            [],
            [],
        )
        reflected = sqlalchemy.Table(table, sqlalchemy.MetaData(), autoload_with=engine)
        with engine.begin() as transaction:
            transaction.execute(sqlalchemy.insert(reflected), {"id": 1, "n": "ł", "d": Decimal("1.5")})
        with engine.connect() as reader:
            query = sqlalchemy.select(reflected.c.n, reflected.c.d).where(reflected.c.id == 1)
            assert reader.execute(query).all() == [("ł", Decimal("1.5000"))]
    finally:
        engine.dispose()
