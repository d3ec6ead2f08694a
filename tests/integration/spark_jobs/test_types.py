"""Values of every type: from Spark to Parquet, by COPY into the pool, and back to Spark; equal everywhere."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from azure.storage.blob import generate_container_sas
from spark_jobs import OPTIONS, Outcome

LARGEST_DECIMAL = "99999999999999999999.999999999999999999"
MOMENTS = (
    "0001-01-01 00:00:00", "1582-10-10 01:02:03.000004", "1753-01-01 00:00:00", "1900-01-01 00:00:00.000001",
    "2024-06-30 23:59:59.123456", "9999-12-31 23:59:59.999999",
)  # fmt: skip
DAYS = ("0001-01-01", "1582-10-04", "1582-10-15", "1753-01-01", "1969-12-31", "2024-02-29", "9999-12-31")


@dataclass(frozen=True)
class Kind:
    """A type of Spark: values as Spark's SQL writes them and as Python has them; NULL is added to each.

    :param parquet: The type in the file: physical, then logical.
    :param sql: The column's type in the pool.
    :param length: The longest value, as the manifest has it.
    """

    spark: str
    texts: tuple[str, ...]
    values: tuple[object, ...]
    parquet: str
    sql: str
    length: int | None = None
    back: str = ""


def integers(spark, bits, parquet, sql):
    values = (-(2 ** (bits - 1)), -1, 0, 2 ** (bits - 1) - 1)
    return Kind(spark, tuple(f"'{value}'" for value in values), values, parquet, sql)


def decimals(precision, scale, parquet, *texts):
    kind = f"decimal({precision},{scale})"
    return Kind(kind, tuple(f"'{text}'" for text in texts), tuple(map(Decimal, texts)), parquet, kind)


def moments(spark, literal):
    return Kind(
        spark,
        tuple(f"{literal}'{text}'" for text in MOMENTS),
        tuple(map(datetime.fromisoformat, MOMENTS)),
        "INT96 None",
        "datetime2(6)",
    )


TEXTS = ("", "plain", 'O\'Neil "said"', "é 😀 中", " spaces ", "line\nbreak\tand\r\n")
TEXT_LITERALS = tuple("'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" for text in TEXTS)
KINDS = {
    "boolean": Kind("boolean", ("true", "false"), (True, False), "BOOLEAN None", "bit"),
    "tinyint": integers("tinyint", 8, "INT32 Int(bitWidth=8, isSigned=true)", "smallint"),
    "smallint": integers("smallint", 16, "INT32 Int(bitWidth=16, isSigned=true)", "smallint"),
    "int": integers("int", 32, "INT32 None", "int"),
    "bigint": integers("bigint", 64, "INT64 None", "bigint"),
    "float": Kind(
        "float",
        ("'1.5'", "'-3.4028235E38'", "'1.17549435E-38'"),
        (1.5, -3.4028234663852886e38, 1.1754943508222875e-38),
        "FLOAT None",
        "real",
    ),
    "double": Kind(
        "double",
        ("'0.1'", "'-1.7976931348623157E308'", "'2.2250738585072014E-308'"),
        (0.1, -1.7976931348623157e308, 2.2250738585072014e-308),
        "DOUBLE None",
        "float",
    ),
    "decimal_9_2": decimals(9, 2, "INT32 Decimal(precision=9, scale=2)", "-9999999.99", "0.00", "9999999.99"),
    "decimal_18_6": decimals(18, 6, "INT64 Decimal(precision=18, scale=6)", "-999999999999.999999", "0.000001"),
    "decimal_38_18": decimals(
        38,
        18,
        "FIXED_LEN_BYTE_ARRAY Decimal(precision=38, scale=18)",
        LARGEST_DECIMAL,
        f"-{LARGEST_DECIMAL}",
        "0.000000000000000001",
    ),
    "decimal_38_0": decimals(38, 0, "FIXED_LEN_BYTE_ARRAY Decimal(precision=38, scale=0)", "9" * 38, "-1"),
    "string": Kind("string", TEXT_LITERALS, TEXTS, "BYTE_ARRAY String", "nvarchar(100)", length=16),
    "char": Kind(
        "char(3)", ("'abc'", "'x'"), ("abc", "x  "), "BYTE_ARRAY String", "nvarchar(3)", length=3, back="string"
    ),
    "varchar": Kind(
        "varchar(3)", ("'abc'", "''"), ("abc", ""), "BYTE_ARRAY String", "nvarchar(3)", length=3, back="string"
    ),
    "binary": Kind("binary", ("X''", "X'00FF10'"), (b"", b"\x00\xff\x10"), "BYTE_ARRAY None", "varbinary(3)", length=3),
    "date": Kind("date", tuple(f"'{day}'" for day in DAYS), tuple(map(date.fromisoformat, DAYS)), "INT32 Date", "date"),
    "timestamp": moments("timestamp", "timestamp_ntz"),
    "timestamp_ntz": moments("timestamp_ntz", "timestamp_ntz"),
}
FOLDER = "abfss://staging@lake.dfs.core.windows.net/every type/"
POOL_COLUMNS = ", ".join(["n int", *(f"c_{name} {kind.sql}" for name, kind in KINDS.items())])


def rows():
    """Return the rows that are expected: as many as the longest list of values, NULL where a type has no more."""
    columns = [[*kind.values, None] for kind in KINDS.values()]
    return [tuple(row) for row in itertools.zip_longest(*columns)]


def literals():
    columns = [[f"CAST({text} AS {kind.spark})" for text in kind.texts] for kind in KINDS.values()]
    return [list(row) for row in itertools.zip_longest(*columns, fillvalue="NULL")]


@pytest.fixture(scope="module")
def staged(jobs, staging, tmp_path_factory):
    """The rows, written by Spark into a table of its own, staged in the storage account, then downloaded."""
    columns = ", ".join(["n int", *(f"c_{name} {kind.spark}" for name, kind in KINDS.items())])
    jobs.sql(f"CREATE TABLE every_type ({columns}) USING parquet")
    selects = [f"SELECT {n}, {', '.join(row)}" for n, row in enumerate(literals())]
    nulls = f"SELECT {len(selects)}, {', '.join(['NULL'] * len(KINDS))}"
    _set(jobs, time_zone="UTC", rebase="CORRECTED")
    jobs.sql(f"INSERT INTO every_type {' UNION ALL '.join([*selects, nulls])}")
    _set(jobs, time_zone="Australia/Sydney", rebase="EXCEPTION")
    request = {"version": 1, "folder": FOLDER, "source": {"kind": "table", "name": "every_type"}, **OPTIONS}
    staging.upload_blob("every type/request.json", json.dumps(request))
    assert jobs.run("stage", f"{FOLDER}request.json") is None
    for blob in staging.list_blobs("every type/"):
        if blob.size:  # not the marks of directories and of success
            path = tmp_path_factory.getbasetemp() / blob.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(staging.download_blob(blob.name).readall())
    return Outcome(tmp_path_factory.getbasetemp() / "every type")


def _set(jobs, *, time_zone, rebase):
    jobs.sql(f"SET spark.sql.session.timeZone = {time_zone}")
    for kind in ("int96", "datetime"):
        jobs.sql(f"SET spark.sql.parquet.{kind}RebaseModeInWrite = {rebase}")


def column(table, name):
    position = list(KINDS).index(name)
    return [row[position] for row in table]


@pytest.mark.parametrize("name", KINDS)
def test_the_files_hold_the_type_and_the_values(staged, name):
    kind = KINDS[name]
    schema = pq.ParquetFile(staged.files[0]).schema
    stored = schema.column(list(schema.names).index(f"c_{name}"))
    assert f"{stored.physical_type} {stored.logical_type}" == kind.parquet
    tables = [pq.read_table(file, coerce_int96_timestamp_unit="us") for file in staged.files]
    found = pa.concat_tables(tables).sort_by("n").column(f"c_{name}").to_pylist()
    assert found == column(rows(), name)


@pytest.mark.parametrize("name", KINDS)
def test_the_manifest_tells_the_type_and_the_longest_value(staged, name):
    (found,) = [column for column in staged.manifest["columns"] if column["name"] == f"c_{name}"]
    spark_type = {"timestamp_ntz": "timestamp"}.get(name, KINDS[name].back or KINDS[name].spark)
    assert (found["type"], found["max_length"], found["nullable"]) == (spark_type, KINDS[name].length, True)


@pytest.fixture(scope="module")
def loaded(staged, staging, workspace):
    """The rows that the pool has after COPY, in order."""
    token = generate_container_sas(
        "lake",
        staging.container_name,
        account_key=workspace.storage.key("lake").reveal(),
        permission="rl",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    numbers = ", ".join(f"{name} {n}" for n, name in enumerate(["n", *(f"c_{name}" for name in KINDS)], start=1))
    connection = workspace.sql_pool.connect()
    connection.execute(f"CREATE TABLE dbo.every_type ({POOL_COLUMNS}) WITH (HEAP)")
    connection.execute(
        f"COPY INTO dbo.every_type ({numbers}) FROM 'https://lake.blob.core.windows.net/staging/every type/data/' WITH "
        f"(FILE_TYPE = 'PARQUET', CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '{token}'))"
    )
    yield [tuple(row)[1:] for row in connection.execute("SELECT * FROM dbo.every_type ORDER BY n").fetchall()]
    connection.execute("DROP TABLE dbo.every_type")
    connection.close()


@pytest.mark.parametrize("name", KINDS)
def test_copy_loads_the_values(loaded, name):
    assert column(loaded, name) == column(rows(), name)


#: What Spark's JSON of a schema calls them.
JSON_NAMES = {"tinyint": "byte", "smallint": "short", "int": "integer", "bigint": "long"}


@pytest.fixture(scope="module")
def delivered(jobs, staged):
    """By column: its type in a Spark table made of the same files, its values, and how many differ."""
    types = {f"c_{name}": kind.back or kind.spark for name, kind in KINDS.items()}
    schema = {"n": "integer", **{name: JSON_NAMES.get(kind, kind) for name, kind in types.items()}}
    target = {"kind": "table", "name": "delivered", "format": "parquet", "mode": "errorifexists"}
    assert jobs.deliver(f"{FOLDER}data/", schema, target, rows=len(rows())).raised is None
    described = dict(row[:2] for row in jobs.sql("DESCRIBE delivered"))
    counts = ", ".join(f"count(d.{name}), count_if(NOT (s.{name} <=> d.{name}))" for name in types)
    (numbers,) = jobs.sql(f"SELECT {counts} FROM every_type AS s FULL JOIN delivered AS d USING (n)")
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return {name: (described[name], *map(int, pair)) for name, pair in zip(types, pairs, strict=True)}


@pytest.mark.parametrize("name", KINDS)
def test_spark_has_the_same_values_back(delivered, name):
    kind = KINDS[name]
    assert delivered[f"c_{name}"] == (kind.back or kind.spark, len(kind.values), 0)
