"""COPY end to end, against DuckDB alone loading the same blob from the same Azurite after a download by the SDK.

Both sides fill a table of a DuckDB file. Memory is the growth of the process while COPY runs, for a file and for one of
a quarter of its size: it must not follow the size of the file.

    python -m benchmarks.copy_benchmark [megabytes]
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psutil
from azure.storage.blob import BlobServiceClient

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.copy.engine import run_copy
from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration, TargetColumn, TargetTable
from airflow_synapse.local.copy.grammar import parse_copy
from airflow_synapse.local.home import default_home
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.tokens import tokenize
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
            for part in (4, 1):
                rows = megabytes * 10**6 // _ROW_BYTES // part
                name = f"quarter-{part}.{file_type.lower()}"
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
    ours, theirs, growth = [], [], {}
    for attempt in range(2):
        with _table(folder) as connection:
            theirs.append(seconds(lambda c=connection: _load_alone(c, file_type, container, large, folder)))
        with _table(folder) as connection:
            ours.append(seconds(lambda c=connection: _copy(c, file_type, azurite, large)))
        if attempt == 0:
            for name in (small, large):
                with _table(folder) as connection, _memory_growth() as growth[name]:
                    _copy(connection, file_type, azurite, name)
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
        ours=growth[large].megabytes,
        theirs=growth[small].megabytes,
        unit="MB",
        alternative="COPY of a quarter of it",
        bar="<= 2",
    )


@contextmanager
def _table(folder):
    """A DuckDB file with the empty table; its own memory is bounded, because growth of the table is not ours."""
    path = folder / "pool.duckdb"
    with duckdb.connect(path, config={"memory_limit": "400MB"}) as connection:
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


def _copy(connection, file_type, azurite, name):
    environment = _Environment(connection.cursor(), azurite)
    url = f"https://lake.blob.core.windows.net/{_CONTAINER}/{name}"
    environment.connection.execute("BEGIN")
    run_copy(parse_copy(tokenize(f"COPY INTO t FROM '{url}' WITH (FILE_TYPE = '{file_type}')")), environment)
    environment.connection.execute("COMMIT")


@dataclass
class _Environment:
    """What COPY needs of a session, on plain DuckDB."""

    connection: duckdb.DuckDBPyConnection
    azurite: Azurite
    cancelled: threading.Event = field(default_factory=threading.Event)
    request_id: str = "QID1"
    submitted_at: datetime = datetime(2013, 1, 1, tzinfo=UTC)
    date_format: str = "mdy"

    @property
    def storage(self):
        account = StorageAccount(self.azurite.endpoint("lake"), self.azurite.key("lake"))
        return StorageConfiguration({"lake": account})

    def find_table(self, _):
        return TargetTable("t", COLUMNS)

    def progress(self, rows, bytes_processed):
        pass


@dataclass
class _Growth:
    megabytes: float = 0.0


@contextmanager
def _memory_growth():
    """Sample the resident memory of this process."""
    process, growth, stop = psutil.Process(), _Growth(), threading.Event()
    before = process.memory_info().rss

    def sample():
        while not stop.wait(0.05):
            growth.megabytes = max(growth.megabytes, (process.memory_info().rss - before) / 10**6)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield growth
    finally:
        stop.set()
        sampler.join()


if __name__ == "__main__":
    for figure in figures(*map(int, sys.argv[1:])):
        print(figure, flush=True)
