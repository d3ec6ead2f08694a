"""Loads on the local pool as a client that publishes and watches them sees them, through Microsoft's driver."""

import threading
import time

import pytest

ROWS = 200_000
PROGRESS = """
    SELECT r.[status], SUM(w.rows_processed), SUM(w.bytes_processed)
    FROM sys.dm_pdw_exec_requests r JOIN sys.dm_pdw_dms_workers w ON r.[request_id] = w.request_id
    WHERE [label] = ? AND session_id <> session_id() AND type = 'WRITER' GROUP BY r.[status]
"""


@pytest.fixture
def copy(workspace, landing):
    """Return COPY INTO a table of a CSV file with ROWS rows of one number."""
    content = b"".join(b"%d\n" % number for number in range(ROWS))
    landing.upload_blob("numbers.csv", content)
    key = workspace.storage.key("lake").reveal()

    def statement(table, label):
        return (
            f"COPY INTO {table} FROM 'https://lake.blob.core.windows.net/{landing.container_name}/numbers.csv' "
            f"WITH (CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = '{key}'), ROWTERMINATOR = '0x0A') "
            f"OPTION (LABEL = '{label}')"
        )

    return statement


def test_a_second_session_sees_the_rows_of_a_running_copy_grow(workspace, pool_connection, new_table, copy):
    table = new_table("n int", "HEAP")
    workspace.sql_pool.faults.delay(1.5, label="growing")
    load = threading.Thread(target=pool_connection.execute, args=(copy(table, "growing"),))
    load.start()
    watcher, seen = workspace.sql_pool.connect(), []
    while load.is_alive():
        seen.extend(tuple(row) for row in watcher.execute(PROGRESS, "growing").fetchall())
        time.sleep(0.05)
    (after,) = [tuple(row) for row in watcher.execute(PROGRESS, "growing").fetchall()]
    watcher.close()
    running = [row for row in seen if row[0] == "Running"]
    assert [row[1] for row in running] == sorted(row[1] for row in running)
    assert len({row[1] for row in running}) > 1
    assert all(row[1] < ROWS for row in running)
    assert after[:2] == ("Completed", ROWS)
    assert after[2] > max(row[2] for row in running)


def test_more_loads_than_slots_are_suspended(workspace, pool_connection, new_table, copy):
    tables = [new_table("n int", "HEAP") for _ in range(5)]
    workspace.sql_pool.faults.hold(label="slot *", times=5)
    connections = [workspace.sql_pool.connect() for _ in tables]
    loads = [
        threading.Thread(target=connection.execute, args=(copy(table, f"slot {number}"),))
        for number, (connection, table) in enumerate(zip(connections, tables, strict=True))
    ]
    for load in loads:
        load.start()
    query = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] LIKE 'slot %' ORDER BY status"
    deadline = time.monotonic() + 15
    while (statuses := [row[0] for row in pool_connection.execute(query)]) != ["Running"] * 4 + ["Suspended"]:
        assert time.monotonic() < deadline, statuses
        time.sleep(0.02)
    while any(load.is_alive() for load in loads):
        workspace.sql_pool.faults.release()
        time.sleep(0.02)
    for connection in connections:
        connection.close()
    assert [pool_connection.execute(f"SELECT COUNT(*) FROM {table}").fetchval() for table in tables] == [ROWS] * 5


def test_a_staged_load_replaces_one_partition(workspace, pool_connection, new_table, copy):
    layout = "CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = HASH(n), PARTITION (n RANGE RIGHT FOR VALUES (0, 1000000))"
    target, staging = new_table("n int", layout), new_table("n int", layout)
    pool_connection.execute(f"INSERT INTO {target} SELECT -1 UNION ALL SELECT 5 UNION ALL SELECT 2000000")
    pool_connection.execute(copy(staging, "staged"))
    pool_connection.execute(
        f"ALTER TABLE {staging} SWITCH PARTITION 2 TO {target} PARTITION 2 WITH (TRUNCATE_TARGET = ON)"
    )
    counts = f"""SELECT p.partition_number, p.rows FROM sys.partitions p
        WHERE p.object_id = OBJECT_ID('{target}') ORDER BY p.partition_number"""
    assert [tuple(row) for row in pool_connection.execute(counts)] == [(1, 1), (2, ROWS), (3, 1)]


def test_a_slice_is_published_in_one_transaction(workspace, pool_connection, new_table):
    target, staging = new_table("day date, n int"), new_table("day date, n int")
    pool_connection.execute(f"INSERT INTO {target} SELECT '2013-01-01', 1 UNION ALL SELECT '2013-01-02', 2")
    pool_connection.execute(f"INSERT INTO {staging} VALUES ('2013-01-02', 20)")
    reader = workspace.sql_pool.connect()
    pool_connection.execute("BEGIN TRAN")
    pool_connection.execute(f"DELETE FROM {target} WHERE day = '2013-01-02'")
    pool_connection.execute(f"INSERT INTO {target} SELECT * FROM {staging}")
    during = reader.execute(f"SELECT n FROM {target} ORDER BY n").fetchall()
    pool_connection.execute("COMMIT")
    after = reader.execute(f"SELECT n FROM {target} ORDER BY n").fetchall()
    reader.close()
    assert [[row[0] for row in rows] for rows in (during, after)] == [[1, 2], [1, 20]]


def test_a_session_tells_who_its_requests_are_for(pool_connection):
    pool_connection.execute("EXEC sys.sp_set_session_context @key = 'client_correlation_id', @value = ?", "load 7")
    query = "SELECT client_correlation_id FROM sys.dm_pdw_exec_requests WHERE client_correlation_id = 'load 7'"
    assert pool_connection.execute(query).fetchval() == "load 7"
