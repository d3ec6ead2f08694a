"""COPY through Microsoft's driver and the whole local pool."""

from __future__ import annotations

import threading
import time

import pyodbc
import pytest

from airflow_synapse.local.flights import flights_by_day

FLIGHTS = """year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int,
    sched_arr_time int, arr_delay int, carrier varchar(2), flight int, tailnum varchar(6), origin varchar(3),
    dest varchar(3), air_time int, distance int, hour int, minute int, time_hour datetime2(0)"""


@pytest.fixture
def url(landing):
    return f"https://lake.blob.core.windows.net/{landing.container_name}"


def _count(connection, table):
    return connection.execute(f"SELECT COUNT(*) FROM {table}").fetchval()


def _credential(token):
    return f"CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '{token}')"


def test_the_row_count_is_that_of_the_loaded_rows(pool_connection, new_table, landing, url, sas):
    landing.upload_blob("a.csv", b"1,x\n2,y\n")
    table = new_table("n int, s varchar(5)")
    cursor = pool_connection.execute(f"COPY INTO {table} FROM '{url}/' WITH ({_credential(sas('rl'))})")
    assert cursor.rowcount == 2
    assert [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {table} ORDER BY n")] == [(1, "x"), (2, "y")]


def test_a_wrong_sas_fails_and_is_shown_nowhere(pool_connection, new_table, landing, url, sas):
    landing.upload_blob("a.csv", b"1\n")
    table = new_table("n int")
    token = sas("rl")[:-6] + "s3ntineL"
    with pytest.raises(pyodbc.Error, match=r"\(403\) Forbidden") as caught:
        pool_connection.execute(f"COPY INTO {table} FROM '{url}/' WITH ({_credential(token)})")
    commands = pool_connection.execute("SELECT command FROM sys.dm_pdw_exec_requests").fetchall()
    errors = pool_connection.execute("SELECT details FROM sys.dm_pdw_errors").fetchall()
    assert "s3ntineL" not in f"{caught.value} {commands} {errors}"
    assert _count(pool_connection, table) == 0


def test_more_rejected_rows_than_allowed_leave_nothing(pool_connection, new_table, landing, url, sas):
    landing.upload_blob("a.csv", b"1\nNA\n2\nNA\n")
    table = new_table("n int")
    with pytest.raises(pyodbc.Error, match="maximum reject threshold") as caught:
        pool_connection.execute(f"COPY INTO {table} FROM '{url}/' WITH (MAXERRORS = 1, {_credential(sas('rl'))})")
    assert "(107090)" in str(caught.value)
    assert _count(pool_connection, table) == 0


def test_real_flights_of_a_month_are_loaded_and_their_gaps_rejected(pool_connection, new_table, landing, url, sas):
    days = flights_by_day(1)
    assert sum(content.count(b"\n") - 1 for content in days.values()) == 27_004
    for day, content in days.items():
        landing.upload_blob(f"flights/{day}.csv", content)
    table = new_table(FLIGHTS)
    cursor = pool_connection.execute(
        f"COPY INTO {table} FROM '{url}/flights/*.csv' WITH (FIRSTROW = 2, MAXERRORS = 1000, "
        f"ERRORFILE = '/rejects', {_credential(sas('rlwcd'))}) OPTION (LABEL = 'January')"
    )
    assert cursor.rowcount == 26_398
    assert _count(pool_connection, table) == 26_398
    reasons, rows = (
        landing.download_blob(blob.name).readall().decode().splitlines()
        for blob in landing.list_blobs(name_starts_with="rejects/_rejectedrows/")
    )
    assert len(reasons) == len(rows) == 606
    assert all("NA" in row.split(",") for row in rows)


def test_a_cancelled_copy_leaves_nothing(pool_connection, new_table, landing, url, sas):
    landing.upload_blob("a.csv", b"".join(b"%d,text of row\n" % number for number in range(500_000)))
    table = new_table("n int, s varchar(20)")
    locations = ", ".join([f"'{url}/a.csv'"] + [f"'{url}/{number}.csv'" for number in range(40)])
    for number in range(40):
        landing.get_blob_client(f"{number}.csv").start_copy_from_url(landing.get_blob_client("a.csv").url)
    cursor = pool_connection.cursor()
    canceller = threading.Timer(1.0, cursor.cancel)
    canceller.start()
    started = time.monotonic()
    with pytest.raises(pyodbc.Error, match=r"HY008|canceled"):
        cursor.execute(f"COPY INTO {table} FROM {locations} WITH ({_credential(sas('rl'))})")
    assert time.monotonic() - started >= 1.0, "it failed before it was cancelled"
    assert _count(pool_connection, table) == 0


def test_copy_fills_a_temporary_table(pool_connection, landing, url, sas):
    landing.upload_blob("a.csv", b"1\n")
    pool_connection.execute("CREATE TABLE #t (n int) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)")
    pool_connection.execute(f"COPY INTO #t FROM '{url}/' WITH ({_credential(sas('rl'))})")
    assert _count(pool_connection, "#t") == 1
    pool_connection.execute("DROP TABLE #t")


def test_copy_numbers_the_rows_of_a_table_with_an_identity_column(pool_connection, new_table, landing, url, sas):
    landing.upload_blob("a.csv", b"x\ny\n")
    table = new_table("id int IDENTITY(1, 1), v varchar(9)")
    for _ in range(2):
        pool_connection.execute(f"COPY INTO {table} (v) FROM '{url}/' WITH ({_credential(sas('rl'))})")
    rows = [tuple(row) for row in pool_connection.execute(f"SELECT id, v FROM {table} ORDER BY id")]
    assert rows == [(1, "x"), (2, "y"), (3, "x"), (4, "y")]


def test_the_pool_goes_on_behind_identity_values_that_copy_brings(pool_connection, new_table, landing, url, sas):
    landing.upload_blob("a.csv", b"500,y\n")
    table = new_table("id int IDENTITY(1, 1), v varchar(9)")
    pool_connection.execute(f"INSERT INTO {table} VALUES ('x')")
    pool_connection.execute(f"COPY INTO {table} FROM '{url}/' WITH (IDENTITY_INSERT = 'ON', {_credential(sas('rl'))})")
    pool_connection.execute(f"INSERT INTO {table} VALUES ('z')")
    rows = [tuple(row) for row in pool_connection.execute(f"SELECT id, v FROM {table} ORDER BY id")]
    assert rows == [(1, "x"), (500, "y"), (501, "z")]
