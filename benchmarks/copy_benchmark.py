"""COPY end to end, against DuckDB alone loading the same blob from the same Azurite after a download by the SDK.

Both sides fill a table of a DuckDB file. Memory is the growth of a fresh process while it runs COPY, for a file and for
one of half its size: it must not follow the size of the file.

    python -m benchmarks.copy_benchmark [megabytes]
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from azure.storage.blob import BlobServiceClient

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.copy.engine import run_copy
from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration, TargetColumn, TargetTable
from airflow_synapse.local.copy.grammar import parse_copy
from airflow_synapse.local.home import default_home
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.secret import Secret
from benchmarks.figure import Figure, seconds

MEGABYTES = 500
_ROW_BYTES = 133
_CONTAINER = "benchmark"
_DOWNLOAD = {"max_single_get_size": 8 * 2**20, "max_chunk_get_size": 8 * 2**20}
COLUMNS = (
    TargetColumn("id", SqlType("int")),
    TargetColumn("customer", SqlType("varchar", length=40)),
    TargetColumn("amount", SqlType("decimal", precision=18, scale=2)),
    TargetColumn("ratio", SqlType("float")),
    TargetColumn("is_new", SqlType("bit")),
    TargetColumn("day", SqlType("date")),
    TargetColumn("moment", SqlType("datetime2", scale=6)),
    TargetColumn("note", SqlType("varchar", length=60)),
    TargetColumn("checksum", SqlType("bigint")),
)
_SOURCE = """SELECT i::INTEGER AS id, 'customer ' || (i * 7919 % 1000003) AS customer,
    ((i * 31 % 100000) / 100)::DECIMAL(18, 2) AS amount, hash(i) / 1e19 AS ratio, (i % 7 = 0)::INTEGER AS is_new,
    DATE '2013-01-01' + (i % 365)::INTEGER AS day,
    date_trunc('milliseconds', TIMESTAMP '2013-01-01' + INTERVAL (i * 997 % 86400000) MILLISECOND) AS moment,
    'some "quoted, text" of row ' || i AS note, i * 1000003 AS checksum FROM range({rows}) AS numbers(i)"""


def figures(megabytes: int = MEGABYTES) -> Iterator[Figure]:
    """Yield the rate of CSV and Parquet, and what their memory does."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(default_home(), Path(folder) / "azurite", accounts=("lake",)) as azurite,
        BlobServiceClient(azurite.endpoint("lake"), credential=azurite.key("lake").reveal(), **_DOWNLOAD) as client,
        client.create_container(_CONTAINER) as container,
    ):
        for file_type in ("CSV", "PARQUET"):
            sizes = {}
            for part in (2, 1):
                rows = megabytes * 10**6 // _ROW_BYTES // part
                name = f"{part}.{file_type.lower()}"
                path = _write(Path(folder), file_type, name, rows)
                sizes[name] = path.stat().st_size / 10**6
                with path.open("rb") as content:
                    container.upload_blob(name, content, max_concurrency=4)
                path.unlink()
            yield from _compare(file_type, sizes, azurite, container, Path(folder))


def _write(folder: Path, file_type: str, name: str, rows: int) -> Path:
    options = "HEADER false" if file_type == "CSV" else "FORMAT parquet"
    query = _SOURCE.format(rows=rows)
    if file_type == "PARQUET":  # without MICROS, which need AUTO_CREATE_TABLE
        query = f"SELECT * REPLACE (is_new = 1 AS is_new, CAST(moment AS TIMESTAMP_MS) AS moment) FROM ({query})"
    duckdb.sql(f"COPY ({query}) TO '{folder / name}' ({options})")
    return folder / name


def _compare(file_type, sizes, azurite, container, folder):
    (small, _), (large, megabytes) = sizes.items()
    storage = _Storage(azurite.endpoint("lake"), azurite.key("lake").reveal())
    ours, theirs = [], []
    for _ in range(2):
        with _table(folder) as connection:
            theirs.append(seconds(lambda c=connection: _load_alone(c, file_type, container, large, folder)))
        with _table(folder) as connection:
            ours.append(seconds(lambda c=connection: _copy(c, file_type, storage, large)))
    name = f"COPY of {megabytes:.0f} MB {file_type}"
    yield Figure(
        name=name,
        ours=megabytes / min(ours),
        theirs=megabytes / min(theirs),
        unit="MB/s",
        alternative="SDK download, then DuckDB alone",
        bar=">= 0.8",
    )
    yield Figure(
        name=f"memory of {name}",
        ours=_memory_of_copy(file_type, azurite, large, folder),
        theirs=_memory_of_copy(file_type, azurite, small, folder),
        unit="MB",
        alternative="COPY of half of it",
        bar="<= 1.2",
    )


@contextmanager
def _table(folder):
    """A DuckDB file with the empty table; its cache is small, because what DuckDB keeps of the table is not ours."""
    path = folder / "pool.duckdb"
    with duckdb.connect(path, config={"memory_limit": "150MB"}) as connection:
        columns = ", ".join(f"{column.name} {column.type.duckdb_name}" for column in COLUMNS)
        connection.execute(f"CREATE TABLE t ({columns})")
        yield connection
    path.unlink()


def _load_alone(connection, file_type, container, name, folder):
    path = folder / name
    with path.open("wb") as file:
        container.download_blob(name, max_concurrency=4).readinto(file)
    if file_type == "CSV":
        types = ", ".join(f"'{column.name}': '{column.type.duckdb_name}'" for column in COLUMNS)
        dialect = "auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"'"
        connection.execute(f"INSERT INTO t SELECT * FROM read_csv('{path}', {dialect}, columns = {{{types}}})")
    else:
        connection.execute(f"INSERT INTO t SELECT * FROM read_parquet('{path}')")
    path.unlink()


def _copy(connection, file_type, storage, name):
    environment = _Environment(connection.cursor(), storage)
    url = f"https://lake.blob.core.windows.net/{_CONTAINER}/{name}"
    environment.connection.execute("BEGIN")
    run_copy(parse_copy(tokenize(f"COPY INTO t FROM '{url}' WITH (FILE_TYPE = '{file_type}')")), environment)
    environment.connection.execute("COMMIT")


@dataclass(frozen=True)
class _Storage:
    """Where the storage account is, in a form that another process can be given."""

    endpoint: str
    key: str


@dataclass
class _Environment:
    """What COPY needs of a session, on plain DuckDB."""

    connection: duckdb.DuckDBPyConnection
    account: _Storage
    cancelled: threading.Event = field(default_factory=threading.Event)
    request_id: str = "QID1"
    submitted_at: datetime = datetime(2013, 1, 1, tzinfo=UTC)
    date_format: str = "mdy"

    @property
    def storage(self):
        return StorageConfiguration({"lake": StorageAccount(self.account.endpoint, Secret(self.account.key))})

    def find_table(self, _):
        return TargetTable("t", COLUMNS)

    def progress(self, rows, bytes_processed):
        pass


def _memory_of_copy(file_type, azurite, name, folder):
    """Return by how many megabytes the memory of a fresh process grows at most while it runs COPY."""
    storage = _Storage(azurite.endpoint("lake"), azurite.key("lake").reveal())
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measure_memory, (file_type, storage, name, folder))


def _measure_memory(file_type, storage, name, folder):
    with _table(folder) as connection:
        before = _peak_kilobytes()
        _copy(connection, file_type, storage, name)
        return (_peak_kilobytes() - before) * 1024 / 10**6


def _peak_kilobytes():
    """Return the peak of resident memory. Linux; getrusage() would show that of the parent process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    for figure in figures(*map(int, sys.argv[1:])):
        print(figure, flush=True)
