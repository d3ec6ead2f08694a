"""External tables and CREATE EXTERNAL TABLE AS SELECT, through Microsoft's driver and with real Azurite."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pyodbc
import pytest
from pyarrow import orc

_moment = dt.datetime.fromisoformat
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
    "date": ("date", [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    "time": ("time(3)", [dt.time(0, 0), dt.time(23, 59, 59, 999000)]),
    "smalldatetime": ("smalldatetime", [_moment("1900-01-01 00:00:00"), _moment("2079-06-06 23:59:00")]),
    "datetime": ("datetime", [_moment("1753-01-01 00:00:00"), _moment("1999-12-31 23:59:59.997000")]),
    "datetime2": (
        "datetime2(6)",
        [_moment("0001-01-01 00:00:00"), _moment("9999-12-31 23:59:59.999999")],
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
    for number, value in enumerate(values):
        given = value.isoformat() if isinstance(value, dt.time) else value  # the driver cuts its fraction off
        pool.execute(f"INSERT INTO {table} SELECT ?, CAST(? AS {declared})", number, given)
    pool.execute(f"INSERT INTO {table} VALUES ({len(values)}, NULL)")
    external = _new_name()
    cursor = pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT n, v FROM {table}")
    assert cursor.rowcount == 3
    query = "SELECT v FROM {} ORDER BY n"
    assert _rows(pool, query.format(external)) == _rows(pool, query.format(table)) == [(v,) for v in (*values, None)]


def test_the_files_are_named_and_compressed_as_documented(pool, landing, source):
    pool.execute(
        f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT CAST(SYSDATETIME() AS datetime2) AS m"
    )
    (name,) = _names(landing)
    assert re.fullmatch(r"root/out/QID\d+_\d{8}_\d{6}_0\.parq\.snappy", name)
    metadata = pq.ParquetFile(io.BytesIO(landing.download_blob(name).readall())).metadata
    assert metadata.row_group(0).column(0).compression == "SNAPPY"
    assert metadata.schema.column(0).physical_type == "INT96"


def test_the_file_holds_the_documented_parquet_types(pool, landing, new_table, source):
    """Money is a double, and dates with time are INT96, which is what the pool itself reads as datetime2."""
    columns = ", ".join(f"c_{name} {declared}" for name, (declared, _) in TYPES.items())
    table = new_table(columns)
    pool.execute(f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT * FROM {table}")
    schema = pq.ParquetFile(io.BytesIO(landing.download_blob(_names(landing)[0]).readall())).schema
    found = {column.name.removeprefix("c_"): column.physical_type for column in map(schema.column, range(len(TYPES)))}
    assert {name for name, kind in found.items() if kind == "INT96"} == {"smalldatetime", "datetime", "datetime2"}
    assert found["money"] == "DOUBLE"
    assert found["date"] == found["time"] == "INT32"
    assert found["decimal"] == "FIXED_LEN_BYTE_ARRAY"


def test_an_empty_result_makes_one_file_without_rows(pool, landing, new_table, source):
    external = _new_name()
    table = new_table("n int")
    assert pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT n FROM {table}").rowcount == 0
    assert len(_names(landing)) == 1
    assert _rows(pool, f"SELECT * FROM {external}") == []


def test_a_query_may_name_columns_use_a_common_table_and_be_in_order(pool, source):
    external = _new_name()
    pool.execute(
        f"CREATE EXTERNAL TABLE {external} (a, b) {_clause(source)} AS"
        " WITH given AS (SELECT 2 AS n UNION ALL SELECT 1) SELECT n, n * 10 FROM given ORDER BY n;"
    )
    assert _rows(pool, f"SELECT a, b FROM {external} ORDER BY a") == [(1, 10), (2, 20)]


def test_an_external_table_does_not_inherit_identity(pool, new_table, source):
    external, table = _new_name(), new_table("n int IDENTITY(1, 1), v int")
    pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT n, v FROM {table}")
    assert _rows(pool, f"SELECT name FROM sys.identity_columns WHERE object_id = OBJECT_ID('{external}')") == []


def test_files_are_read_at_the_time_of_each_query_and_by_position(pool, landing, source):
    _upload(landing, "root/in/a.parquet", pa.table({"x": pa.array([1, 2], pa.int32()), "y": ["a", "b"]}))
    external = _new_name()
    clause = _clause(source, "/in/", "plain")
    pool.execute(f"CREATE EXTERNAL TABLE {external} (y int NOT NULL, x varchar(5)) {clause}")
    assert _rows(pool, f"SELECT x, y FROM {external} WHERE y > 1") == [("b", 2)]
    _upload(landing, "root/in/deeper/b.parquet", pa.table({"x": pa.array([3], pa.int32()), "y": ["c"]}))
    _upload(landing, "root/in/_hidden.parquet", pa.table({"x": pa.array([4], pa.int32()), "y": ["d"]}))
    assert _rows(pool, f"SELECT y FROM {external} ORDER BY y") == [(1,), (2,), (3,)]


def test_external_tables_are_joined_copied_and_read_twice_in_one_query(pool, new_table, source):
    external, table = _new_name(), new_table("n int")
    pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 AS n UNION ALL SELECT 2")
    pairs = f"WITH e AS (SELECT n FROM {external}) SELECT a.n, b.n FROM e a JOIN e b ON a.n = b.n ORDER BY 1"
    assert _rows(pool, pairs) == [(1, 1), (2, 2)]
    pool.execute(f"INSERT INTO {table} SELECT n + 10 FROM {external}")
    pool.execute(f"CREATE TABLE #copied WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT n FROM {external}")
    assert _rows(pool, f"SELECT n FROM {table} UNION ALL SELECT n FROM #copied ORDER BY n") == [
        (1,),
        (2,),
        (11,),
        (12,),
    ]
    pool.execute("DROP TABLE #copied")


def test_a_dropped_external_table_leaves_its_files(pool, landing, source):
    external = _new_name()
    pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 AS n")
    files = _names(landing)
    pool.execute(f"DROP EXTERNAL TABLE {external}")
    assert _names(landing) == files != []
    assert pool.execute(f"SELECT OBJECT_ID('{external}')").fetchval() is None
    pool.execute(f"CREATE EXTERNAL TABLE {external} (n int) {_clause(source)}")
    assert _rows(pool, f"SELECT n FROM {external}") == [(1,)]


def test_the_catalog_views_show_what_was_made_and_no_secret(pool, landing, new_source, sas):
    token = sas("rwlc")
    source = new_source("SHARED ACCESS SIGNATURE", token)
    external = _new_name()
    clause = _clause(source, "out/").rstrip(")") + (
        ", REJECT_TYPE = PERCENTAGE, REJECT_VALUE = 2.5, REJECT_SAMPLE_VALUE = 1000)"
    )
    pool.execute(f"CREATE EXTERNAL TABLE {external} {clause} AS SELECT 1 AS n")
    query = f"""
        SELECT t.name, t.location, t.reject_type, t.reject_value, t.reject_sample_value, s.location, s.type_desc,
            f.name, f.format_type,
            c.credential_identity, u.is_external, u.type
        FROM sys.external_tables t
        JOIN sys.external_data_sources s ON t.data_source_id = s.data_source_id
        JOIN sys.external_file_formats f ON t.file_format_id = f.file_format_id
        JOIN sys.database_scoped_credentials c ON s.credential_id = c.credential_id
        JOIN sys.tables u ON t.object_id = u.object_id
        WHERE t.object_id = OBJECT_ID('dbo.{external}')"""
    location = f"abfss://{landing.container_name}@lake.dfs.core.windows.net/root"
    expected = (
        external,
        "out/",
        1,
        2.5,
        1000,
        location,
        "HADOOP",
        "snappy",
        "PARQUET",
        "SHARED ACCESS SIGNATURE",
        True,
        "U ",
    )
    assert _rows(pool, query) == [expected]
    assert pool.execute(f"SELECT name FROM sys.columns WHERE object_id = OBJECT_ID('{external}')").fetchval() == "n"
    assert _rows(pool, "SELECT name FROM sys.symmetric_keys") == [("##MS_DatabaseMasterKey##",)]
    commands = pool.execute("SELECT command FROM sys.dm_pdw_exec_requests").fetchall()
    views = pool.execute("SELECT * FROM sys.database_scoped_credentials").fetchall()
    assert token[-20:] not in f"{commands} {views}"
    assert "S3cret" not in str(commands)


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("INSERT INTO {external} VALUES (1)", 46519),
        ("UPDATE {external} SET n = 2", 46519),
        ("DELETE FROM {external}", 46519),
        ("TRUNCATE TABLE {external}", 46519),
        ("RENAME OBJECT {external} TO other", 46519),
        ("COPY INTO {external} FROM 'https://lake.blob.core.windows.net/x/y'", 46519),
        ("DROP TABLE {external}", 3705),
        ("DROP EXTERNAL TABLE missing", 3701),
        ("DROP EXTERNAL TABLE IF EXISTS {external}", 103010),
        ("CREATE EXTERNAL TABLE {external} {clause} AS SELECT 1 AS n", 2714),
        ("CREATE EXTERNAL TABLE {external}_2 {clause} AS SELECT NEWID() AS n", 103010),
        ("CREATE EXTERNAL TABLE {external}_2 (n int DEFAULT 1) {clause}", 103010),
        ("CREATE EXTERNAL TABLE {external}_2 (n int) WITH (LOCATION = 'x', DATA_SOURCE = {source})", 103010),
        ("CREATE EXTERNAL TABLE {external}_2 (n int) {missing}", 105002),
        ("DROP EXTERNAL DATA SOURCE {source}", 3716),
        ("DROP DATABASE SCOPED CREDENTIAL {source}", 3716),
        ("DROP EXTERNAL FILE FORMAT snappy", 3716),
        ("DROP MASTER KEY", 15580),
        ("CREATE MASTER KEY", 15578),
    ],
)
def test_what_the_documents_do_not_allow_is_refused(pool, source, statement, number):
    external = _new_name()
    pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 AS n")
    text = statement.format(
        external=external, source=source, clause=_clause(source), missing=_clause(source, "nothing/")
    )
    with pytest.raises(pyodbc.Error, match=rf"\({number}\)"):
        pool.execute(text)
    assert _rows(pool, f"SELECT n FROM {external}") == [(1,)]


def test_no_external_table_is_made_in_a_transaction(pool, landing, source):
    pool.execute("BEGIN TRANSACTION")
    with pytest.raises(pyodbc.Error, match="111212"):
        pool.execute(f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT 1 AS n")
    pool.execute("ROLLBACK TRANSACTION")
    assert _names(landing) == []


def test_a_table_that_is_not_external_is_dropped_by_its_own_statement(pool, new_table):
    with pytest.raises(pyodbc.Error, match=r"Use DROP TABLE.*\(3705\)"):
        pool.execute(f"DROP EXTERNAL TABLE {new_table('n int')}")


def test_a_failed_export_leaves_neither_files_nor_a_table(pool, landing, new_table, source):
    table = new_table("n int")
    pool.execute(f"INSERT INTO {table} SELECT 0")
    external = _new_name()
    with pytest.raises(pyodbc.Error, match=r"\(8134\)"):
        pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 / n AS n FROM {table}")
    assert _names(landing) == []
    assert pool.execute(f"SELECT OBJECT_ID('{external}')").fetchval() is None


@pytest.mark.parametrize(
    ("permission", "scheme", "reason"),
    [("rl", "abfss", r"\(403\) Forbidden"), ("rwlc", "wasbs", "storage account key alone")],
)
def test_storage_that_refuses_fails_the_export(pool, landing, new_source, sas, permission, scheme, reason):
    token = sas(permission)
    source = new_source("SHARED ACCESS SIGNATURE", token, scheme=scheme)
    with pytest.raises(pyodbc.Error, match=rf"{reason}.*\(105019\)") as caught:
        pool.execute(f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT 1 AS n")
    assert token[-20:] not in str(caught.value)
    assert _names(landing) == []


def test_a_key_opens_a_wasbs_location_and_a_new_one_takes_effect_at_once(pool, workspace, landing, new_source):
    key = workspace.storage.key("lake").reveal()
    source = new_source("any text", key, scheme="wasbs")
    external = _new_name()
    pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 AS n")
    pool.execute(f"ALTER DATABASE SCOPED CREDENTIAL {source} WITH IDENTITY = 'x', SECRET = 'd3Jvbmc='")
    with pytest.raises(pyodbc.Error, match=r"\(403\) Forbidden"):
        pool.execute(f"SELECT n FROM {external}").fetchall()


def test_a_native_data_source_is_read_and_not_written(pool, landing, new_source):
    source = new_source(options="")
    _upload(landing, "root/in/a.parquet", pa.table({"x": pa.array([1], pa.int32())}))
    external = _new_name()
    pool.execute(f"CREATE EXTERNAL TABLE {external} (n int) {_clause(source, 'in/')}")
    assert _rows(pool, f"SELECT n FROM {external}") == [(1,)]
    with pytest.raises(pyodbc.Error, match="TYPE = HADOOP"):
        pool.execute(f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT 1 AS n")


@pytest.mark.parametrize(
    ("values", "declared", "reason"),
    [
        (pa.array(["text"]), "int", r"cannot be cast.*110802"),
        (pa.array([_moment("2020-01-01 00:00:00")], pa.timestamp("us")), "datetime2", "does not read.*110802"),
        (pa.array(["too long"]), "varchar(3)", "truncated.*105019"),
        (pa.array([None], pa.int32()), "int NOT NULL", "NULL.*105019"),
    ],
)
def test_a_file_that_does_not_fit_the_columns_fails_the_query(pool, landing, source, values, declared, reason):
    _upload(landing, "root/in/a.parquet", pa.table({"x": values}))
    external = _new_name()
    pool.execute(f"CREATE EXTERNAL TABLE {external} (n {declared}) {_clause(source, 'in/')}")
    with pytest.raises(pyodbc.Error, match=reason):
        pool.execute(f"SELECT n FROM {external}").fetchall()


def test_an_external_table_of_text_files_is_refused_by_name(pool, landing, source):
    landing.upload_blob("root/in/a.csv", b"1")
    pool.execute("CREATE EXTERNAL FILE FORMAT text WITH (FORMAT_TYPE = DELIMITEDTEXT)")
    with pytest.raises(pyodbc.Error, match="DELIMITEDTEXT files"):
        pool.execute(f"CREATE EXTERNAL TABLE {_new_name()} (n int) {_clause(source, 'in/', 'text')}")
    pool.execute("DROP EXTERNAL FILE FORMAT text")


def test_an_external_table_of_orc_files_is_read(pool, landing, source):
    content = io.BytesIO()
    orc.write_table(pa.table({"x": pa.array([1, None], pa.int32()), "y": ["a", "b"]}), content)
    landing.upload_blob("root/in/a.orc", content.getvalue())
    pool.execute("CREATE EXTERNAL FILE FORMAT orc WITH (FORMAT_TYPE = ORC)")
    external = _new_name()
    pool.execute(f"CREATE EXTERNAL TABLE {external} (n int, s varchar(5)) {_clause(source, 'in/', 'orc')}")
    assert _rows(pool, f"SELECT s, n FROM {external} ORDER BY s") == [("a", 1), ("b", None)]
    pool.execute(f"DROP EXTERNAL TABLE {external}")
    pool.execute("DROP EXTERNAL FILE FORMAT orc")


def test_a_labelled_export_shows_its_rows_in_the_views(pool, source):
    pool.execute(
        f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT 1 AS n UNION ALL SELECT 2"
        " OPTION (LABEL = 'export one')"
    )
    query = """
        SELECT r.status, w.type, w.rows_processed FROM sys.dm_pdw_exec_requests r
        JOIN sys.dm_pdw_dms_workers w ON r.request_id = w.request_id WHERE r.[label] = 'export one'"""
    assert _rows(pool, query) == [("Completed", "EXTERNAL_WRITER", 2)]


def test_an_export_whose_client_is_gone_leaves_neither_files_nor_a_table(workspace, pool, landing, source):
    """The link breaks when the files are written and the table is not committed yet."""
    external = _new_name()
    workspace.sql_pool.faults.drop(moment="running", label="lost export")
    other = workspace.sql_pool.connect()
    with pytest.raises(pyodbc.Error):
        other.execute(
            f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 AS n OPTION (LABEL = 'lost export')"
        )
    status = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = 'lost export'"
    deadline = time.monotonic() + 20
    while _rows(pool, status) == [("Running",)] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _rows(pool, status) == [("Cancelled",)]
    assert _names(landing) == []
    assert pool.execute(f"SELECT OBJECT_ID('{external}')").fetchval() is None


def test_external_tables_are_read_in_a_transaction_and_after_its_end(pool, new_table, source):
    external, table = _new_name(), new_table("n int")
    pool.execute(f"CREATE EXTERNAL TABLE {external} {_clause(source)} AS SELECT 1 AS n")
    for end, count in (("ROLLBACK", 0), ("COMMIT", 1)):
        pool.execute("BEGIN TRANSACTION")
        pool.execute(f"INSERT INTO {table} SELECT n FROM {external}")
        pool.execute(end)
        assert _rows(pool, f"SELECT (SELECT COUNT(*) FROM {table}), n FROM {external}") == [(count, 1)]


def test_of_several_that_make_one_external_table_one_does(workspace, pool, landing, source):
    """The others write nothing, or remove what they have written."""
    statement = f"CREATE EXTERNAL TABLE {_new_name()} {_clause(source)} AS SELECT 1 AS n"
    connections = [workspace.sql_pool.connect() for _ in range(4)]
    with ThreadPoolExecutor() as threads:
        errors = list(threads.map(lambda connection: _error(connection, statement), connections))
    assert sorted(error or "" for error in errors)[:1] == [""]
    assert sum("2714" in (error or "") for error in errors) == 3
    assert len(_names(landing)) == 1
    for connection in connections:
        connection.close()


def _error(connection, statement):
    try:
        connection.execute(statement)
    except pyodbc.Error as error:
        return str(error)
    return None
