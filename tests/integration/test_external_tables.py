"""External tables and CREATE EXTERNAL TABLE AS SELECT, through Microsoft's driver and with real Azurite."""

from __future__ import annotations

import datetime
import io
import itertools
import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pyodbc
import pytest
from azure.storage.blob import generate_container_sas

_numbers = itertools.count(1)

#: Every type that CETAS writes, with values at the edges of its range.
TYPES = {
    "bit": ("bit", [True, False]),
    "tinyint": ("tinyint", [0, 127]),
    "smallint": ("smallint", [-32768, 32767]),
    "int": ("int", [-(2**31), 2**31 - 1]),
    "bigint": ("bigint", [-(2**63), 2**63 - 1]),
    "real": ("real", [-1.5, 0.25]),
    "float": ("float", [-1.1, 1e300]),
    "decimal": ("decimal(38,18)", [Decimal("-12345678901234567890.000000000000000001"), Decimal("0E-18")]),
    "money": ("money", [Decimal("-12.3456"), Decimal("99999.9900")]),
    "date": ("date", [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
    "time": ("time(3)", [datetime.time(0, 0), datetime.time(23, 59, 59, 999000)]),
    "smalldatetime": ("smalldatetime", [datetime.datetime(1900, 1, 1), datetime.datetime(2079, 6, 6, 23, 59)]),
    "datetime": ("datetime", [datetime.datetime(1753, 1, 1), datetime.datetime(1999, 12, 31, 23, 59, 59, 997000)]),
    "datetime2": (
        "datetime2(6)",
        [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)],
    ),
    "char": ("char(4)", ["a   ", "    "]),
    "varchar": ("varchar(20)", ["", "x"]),
    "nvarchar": ("nvarchar(20)", ["é😀", " blank "]),
    "varbinary": ("varbinary(8)", [b"", b"\x00\xff"]),
}


@pytest.fixture(scope="module")
def pool(workspace):
    connection = workspace.sql_pool.connect()
    connection.execute("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'S3cret;master'")
    connection.execute("CREATE EXTERNAL FILE FORMAT plain WITH (FORMAT_TYPE = PARQUET)")
    connection.execute(
        "CREATE EXTERNAL FILE FORMAT snappy WITH (FORMAT_TYPE = PARQUET,"
        " DATA_COMPRESSION = 'org.apache.hadoop.io.compress.SnappyCodec')"
    )
    yield connection
    connection.execute("DROP EXTERNAL FILE FORMAT plain")
    connection.execute("DROP EXTERNAL FILE FORMAT snappy")
    connection.execute("DROP MASTER KEY")
    connection.close()


@pytest.fixture
def sas(workspace, landing):
    def make(permission):
        return generate_container_sas(
            "lake",
            landing.container_name,
            account_key=workspace.storage.key("lake").reveal(),
            permission=permission,
            expiry=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1),
        )

    return make


@pytest.fixture
def new_source(pool, landing):
    """Create a data source on the container, with a credential of its own: ``new_source(secret=...)``."""
    made = []

    def create(identity="Managed Service Identity", secret=None, *, scheme="abfss", options="TYPE = HADOOP"):
        name = f"source_{next(_numbers)}"
        with_secret = f", SECRET = '{secret}'" if secret else ""
        pool.execute(f"CREATE DATABASE SCOPED CREDENTIAL {name} WITH IDENTITY = '{identity}'{with_secret}")
        host = "dfs" if scheme == "abfss" else "blob"
        location = f"{scheme}://{landing.container_name}@lake.{host}.core.windows.net/root"
        options = "".join(f", {option}" for option in (f"CREDENTIAL = {name}", options) if option)
        pool.execute(f"CREATE EXTERNAL DATA SOURCE {name} WITH (LOCATION = '{location}'{options})")
        made.append(name)
        return name

    yield create
    for name in made:
        tables = pool.execute(
            "SELECT t.name FROM sys.external_tables t JOIN sys.external_data_sources s"
            f" ON t.data_source_id = s.data_source_id WHERE s.name = '{name}'"
        ).fetchall()
        for (table,) in tables:
            pool.execute(f"DROP EXTERNAL TABLE {table}")
        pool.execute(f"DROP EXTERNAL DATA SOURCE {name}")
        pool.execute(f"DROP DATABASE SCOPED CREDENTIAL {name}")


@pytest.fixture
def source(new_source):
    return new_source()


def _clause(source, location="out/", file_format="snappy"):
    return f"WITH (LOCATION = '{location}', DATA_SOURCE = {source}, FILE_FORMAT = {file_format})"


def _new_name():
    return f"external_{next(_numbers)}"


def _names(landing):
    return sorted(blob.name for blob in landing.list_blobs())


def _rows(pool, query):
    return [tuple(row) for row in pool.execute(query)]


def _upload(landing, name, table, **options):
    content = io.BytesIO()
    pq.write_table(table, content, **options)
    landing.upload_blob(name, content.getvalue())


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_written_and_read_back_unchanged(pool, new_table, source, name):
    declared, values = TYPES[name]
    table = new_table(f"n int, v {declared}")
    for number, value in enumerate([*values, None]):
        pool.execute(f"INSERT INTO {table} SELECT ?, CAST(? AS {declared})", number, value)
    external = _new_name()
    cursor = pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT n, v FROM {table}")
    assert cursor.rowcount == 3
    query = "SELECT v FROM {} ORDER BY n"
    assert _rows(pool, query.format(external)) == _rows(pool, query.format(table)) == [(v,) for v in (*values, None)]


def test_the_files_are_named_and_compressed_as_documented(pool, landing, source):
    pool.execute(f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT CAST(SYSDATETIME() AS datetime2) AS m")
    (name,) = _names(landing)
    assert re.fullmatch(r"root/out/QID\d+_\d{8}_\d{6}_0\.parq\.snappy", name)
    metadata = pq.ParquetFile(io.BytesIO(landing.download_blob(name).readall())).metadata
    assert metadata.row_group(0).column(0).compression == "SNAPPY"
    assert metadata.schema.column(0).physical_type == "INT96"
