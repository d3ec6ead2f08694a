"""The TDS server: encoding alone, and fetches, logins and many clients through real drivers.

The server runs in a process of its own in front of the real pool.

    python -m benchmarks.tds_benchmark
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyodbc

from airflow_synapse.local.odbc import driver_path
from airflow_synapse.local.pool import Pool, PoolConfiguration
from airflow_synapse.local.protocol import ResultColumn
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tds.rows import encode_rows
from airflow_synapse.local.tds.server import serve
from airflow_synapse.secret import Secret
from benchmarks.figure import Figure, seconds

ROWS = 1_000_000
ENCODED_ROWS = 200_000
INSERTED_ROWS = 20_000
CONNECTIONS = 100
_PASSWORD = "benchmark-1"
_FREE_TDS = Path("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so")
_COLUMNS = (
    ResultColumn("id", SqlType("int")),
    ResultColumn("big", SqlType("bigint")),
    ResultColumn("name", SqlType("nvarchar", 50)),
    ResultColumn("ratio", SqlType("float")),
    ResultColumn("moment", SqlType("datetime2", scale=6)),
)
_SOURCE = """SELECT i::INTEGER AS id, i * 1000003 AS big, 'name ' || (i % 10007) AS name, i / 7 AS ratio,
    TIMESTAMP '2013-01-01' + INTERVAL (i) SECOND AS moment FROM range({rows}) numbers(i)"""


def figures() -> Iterator[Figure]:
    """Yield rates of encoding and fetching, the time of a login, and requests of many clients."""
    yield encoding()
    with ExitStack() as stack:
        port = stack.enter_context(_pool_process())
        microsoft = stack.enter_context(_connected("microsoft", port))
        _fill(microsoft)
        yield from fetching(port, microsoft)
        yield login(port)
        yield many_clients(port)
        yield inserting(microsoft)


def encoding() -> Figure:
    """Encode rows all at once, against a Python loop over the same rows."""
    batches = list(duckdb.sql(_SOURCE.format(rows=ENCODED_ROWS)).to_arrow_reader(8192))
    ours = seconds(lambda: [len(part) for batch in batches for part in encode_rows(_COLUMNS, batch)])
    theirs = seconds(lambda: [_encode_one_by_one(batch) for batch in batches])
    return Figure(
        name="TDS: encode rows of 5 columns", unit="rows/s", alternative="a Python loop over the rows",
        ours=ENCODED_ROWS / ours, theirs=ENCODED_ROWS / theirs,
    )  # fmt: skip


def _encode_one_by_one(batch: pa.RecordBatch) -> bytes:
    parts = []
    for number, big, name, ratio, moment in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        text = name.encode("utf-16-le")
        days = (moment.date().toordinal() - 1).to_bytes(3, "little")
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
        time = (second * 1_000_000 + moment.microsecond).to_bytes(5, "little")
        parts.append(struct.pack("<BBiBqH", 0xD1, 4, number, 8, big, len(text)) + text)
        parts.append(struct.pack("<BdB", 8, ratio, 8) + time + days)
    return b"".join(parts)


def fetching(port: int, microsoft: pyodbc.Connection) -> Iterator[Figure]:
    """Fetch rows through each driver, against DuckDB's own Python client, which has no wire between."""
    local = duckdb.connect()
    theirs = seconds(lambda: local.execute(_SOURCE.format(rows=ROWS)).fetchall())
    with ExitStack() as stack:
        connections = {"Microsoft driver": microsoft}
        if _FREE_TDS.exists():
            connections["FreeTDS"] = stack.enter_context(_connected("freetds", port))
        for name, connection in connections.items():
            ours = seconds(lambda connection=connection: _fetch(connection))
            yield Figure(
                name=f"TDS: fetch 1M rows x 5, {name}", unit="rows/s", alternative="DuckDB fetchall, same process",
                ours=ROWS / ours, theirs=ROWS / theirs, bar="ours >= 300,000",
            )  # fmt: skip


def _fetch(connection: pyodbc.Connection) -> None:
    cursor = connection.execute("SELECT id, big, name, ratio, moment FROM dbo.fetched")
    count = 0
    while rows := cursor.fetchmany(10_000):
        count += len(rows)
    if count != ROWS:
        raise AssertionError(f"{count} rows arrived instead of {ROWS}")


def login(port: int) -> Figure:
    """Log in and out, against a socket that only connects."""

    def median(action: object) -> float:
        return statistics.median(seconds(action) for _ in range(30)) * 1000

    def connect_only() -> None:
        socket.create_connection(("127.0.0.1", port)).close()

    return Figure(
        name="TDS: log in, TLS for the login", unit="ms", alternative="a TCP connection alone",
        ours=median(lambda: _connect("microsoft", port).close()), theirs=median(connect_only), bar="ours < 10",
    )  # fmt: skip


def many_clients(port: int) -> Figure:
    """Run parametrized statements on many connections at once, against the same number on one connection."""
    with ExitStack() as stack:
        connections = [stack.enter_context(_connected("microsoft", port)) for _ in range(CONNECTIONS)]
        executor = stack.enter_context(ThreadPoolExecutor(CONNECTIONS))
        ours = seconds(lambda: list(executor.map(_ask_ten_times, connections)))
        theirs = seconds(lambda: [_ask_ten_times(connections[0]) for _ in connections])
    count = 10 * CONNECTIONS
    return Figure(
        name=f"TDS: statements of {CONNECTIONS} connections", unit="/s", alternative="one connection",
        ours=count / ours, theirs=count / theirs,
    )  # fmt: skip


def _ask_ten_times(connection: pyodbc.Connection) -> None:
    for number in range(10):
        if connection.execute("SELECT ? + 1", number).fetchval() != number + 1:
            raise AssertionError("a wrong answer")


def inserting(connection: pyodbc.Connection) -> Figure:
    """Insert an array of parameters in one message, against a statement a row."""
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE dbo.inserted (id int, name nvarchar(50), ratio float)")
    rows = [(number, f"name {number}", number / 7) for number in range(INSERTED_ROWS)]
    few = rows[: INSERTED_ROWS // 20]
    theirs = seconds(lambda: cursor.executemany("INSERT INTO dbo.inserted VALUES (?, ?, ?)", few))
    cursor.fast_executemany = True
    ours = seconds(lambda: cursor.executemany("INSERT INTO dbo.inserted VALUES (?, ?, ?)", rows))
    return Figure(
        name="TDS: fast_executemany of 3 columns", unit="rows/s", alternative="executemany, a statement a row",
        ours=len(rows) / ours, theirs=len(few) / theirs,
    )  # fmt: skip


def _fill(connection: pyodbc.Connection) -> None:
    """Double a few rows until they are enough: the pool has no generator of numbers."""
    connection.execute(
        "CREATE TABLE dbo.fetched (id int, big bigint, name nvarchar(50), ratio float, moment datetime2(6))"
        " WITH (HEAP, DISTRIBUTION = ROUND_ROBIN)"
    )
    connection.execute("INSERT INTO dbo.fetched SELECT 0, 0, 'name 0', 0, '2013-01-01'")
    count = 1
    while count < ROWS:
        step = min(count, ROWS - count)
        connection.execute(
            f"INSERT INTO dbo.fetched SELECT id + {count}, big + CAST({count * 1_000_003} AS bigint),"
            f" CONCAT('name ', (id + {count}) % 10007), ratio + {count} / 7.0, DATEADD(second, {count}, moment)"
            f" FROM dbo.fetched WHERE id < {step}"
        )
        count += step


@contextmanager
def _connected(driver: str, port: int) -> Iterator[pyodbc.Connection]:
    connection = _connect(driver, port)
    try:
        yield connection
    finally:
        connection.close()


def _connect(driver: str, port: int) -> pyodbc.Connection:
    server = (
        f"DRIVER={_FREE_TDS};SERVER=127.0.0.1;PORT={port};TDS_Version=7.4"
        if driver == "freetds"
        else f"DRIVER={driver_path()};SERVER=127.0.0.1,{port};Encrypt=no"
    )
    return pyodbc.connect(f"{server};DATABASE=pool;UID=benchmark;PWD={_PASSWORD}", autocommit=True)


@contextmanager
def _pool_process() -> Iterator[int]:
    """Run the server in a process of its own; yield its port."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "benchmarks.tds_benchmark", "serve"]
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


async def _serve() -> None:
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - only the child needs a certificate

    from airflow_synapse.local.certificate import make_certificate  # noqa: PLC0415

    pool = Pool(PoolConfiguration(database="pool", logins={"benchmark": Secret(_PASSWORD)}))
    with TemporaryDirectory() as folder:
        server = await serve(pool.login, certificate=make_certificate(Path(folder)))
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_serve())
    else:
        for figure in figures():
            print(figure, flush=True)
