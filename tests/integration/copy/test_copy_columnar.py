"""COPY of Parquet and ORC files."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plain_pool import Landing, Pool, column
from pyarrow import orc

from airflow_synapse.local.copy.environment import ExternalFileFormat
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import MAX, SqlType

DAY = dt.date(2013, 1, 31)
MOMENT = dt.datetime.fromisoformat("2013-01-31 10:11:12.345")
EARLY = dt.datetime.fromisoformat("1900-01-01")
LAST = dt.datetime.fromisoformat("9999-12-31 23:59:59.997")
GUID = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def one_column(values: list[object], kind: pa.DataType, **options: object) -> bytes:
    return parquet(pa.table({"v": pa.array(values, kind)}), **options)


def decimal(precision: int, scale: int) -> SqlType:
    return SqlType("decimal", precision=precision, scale=scale)


VARCHAR = SqlType("varchar", length=10)
NVARCHAR = SqlType("nvarchar", length=10)
DATETIME2 = SqlType("datetime2", scale=7)


@pytest.mark.parametrize(
    ("kind", "value", "sql_type", "loaded"),
    [
        (pa.bool_(), True, "bit", True),
        (pa.int8(), -5, "smallint", -5),
        (pa.int16(), 5, "smallint", 5),
        (pa.int32(), 5, "int", 5),
        (pa.int64(), 5, "bigint", 5),
        (pa.uint8(), 5, "tinyint", 5),
        (pa.uint16(), 5, "int", 5),
        (pa.uint32(), 2**32 - 1, "bigint", 2**32 - 1),
        (pa.uint64(), 2**64 - 1, decimal(20, 0), Decimal(2**64 - 1)),
        (pa.float32(), 1.5, "real", 1.5),
        (pa.float64(), 1.5, "float", 1.5),
        (pa.string(), "ä😀", NVARCHAR, "ä😀"),
        (pa.string(), "a", VARCHAR, "a"),
        (pa.binary(), b"\x01", SqlType("varbinary", length=2), b"\x01"),
        (pa.binary(2), b"\x01\x02", SqlType("binary", length=2), b"\x01\x02"),
        (pa.date32(), DAY, "date", DAY),
        (pa.decimal128(10, 3), Decimal("1.239"), decimal(5, 2), Decimal("1.23")),
        (pa.decimal128(10, 3), Decimal("-1.239"), decimal(5, 2), Decimal("-1.23")),
        (pa.time32("ms"), dt.time(1, 2, 3, 999000), SqlType("time", scale=0), dt.time(1, 2, 3)),
        (pa.timestamp("ms"), MOMENT, DATETIME2, MOMENT),
        (pa.timestamp("ms"), MOMENT, SqlType("datetime2", scale=1), MOMENT.replace(microsecond=300000)),
        (pa.timestamp("ms"), MOMENT, "datetime", MOMENT.replace(microsecond=343000)),
        (pa.timestamp("ms"), MOMENT, "smalldatetime", MOMENT.replace(second=0, microsecond=0)),
        (pa.timestamp("ms"), EARLY.replace(microsecond=1000), SqlType("datetime2", scale=0), EARLY),
        (pa.timestamp("ms"), LAST, "datetime", LAST),
        (pa.timestamp("ms"), EARLY, "smalldatetime", EARLY),
        (pa.uuid(), GUID.bytes, "uniqueidentifier", GUID),
    ],
    ids=str,
)
def test_a_parquet_type_loads_into_the_type_that_it_maps_to(
    pool: Pool, landing: Landing, kind: pa.DataType, value: object, sql_type: SqlType | str, loaded: object
) -> None:
    landing.upload("a.parquet", one_column([value, None], kind))
    pool.create(column("v", sql_type))
    pool.copy("FILE_TYPE = 'PARQUET'")
    assert pool.rows() == [(loaded,), (None,)]


def test_int96_loads_into_datetime2(pool: Pool, landing: Landing) -> None:
    landing.upload("a.parquet", one_column([MOMENT], pa.timestamp("ns"), use_deprecated_int96_timestamps=True))
    pool.create(column("v", DATETIME2))
    pool.copy("FILE_TYPE = 'PARQUET'")
    assert pool.rows() == [(MOMENT,)]


@pytest.mark.parametrize(
    ("kind", "value", "sql_type"),
    [
        (pa.int64(), 5, "int"),
        (pa.int32(), 5, "bigint"),
        (pa.string(), "5", "int"),
        (pa.int32(), 5, VARCHAR),
        (pa.float64(), 1.5, "real"),
        (pa.timestamp("ms"), MOMENT, "date"),
        (pa.timestamp("us"), MOMENT, DATETIME2),
        (pa.timestamp("ns"), MOMENT, DATETIME2),
        (pa.time64("us"), dt.time(1, 2), SqlType("time", scale=7)),
        (pa.list_(pa.int32()), [1], SqlType("varchar", length=MAX)),
    ],
    ids=str,
)
def test_a_parquet_column_of_another_type_fails_whatever_maxerrors_says(
    pool: Pool, landing: Landing, kind: pa.DataType, value: object, sql_type: SqlType | str
) -> None:
    landing.upload("a.parquet", one_column([value], kind))
    pool.create(column("v", sql_type))
    with pytest.raises(PoolError, match=r"HdfsBridge::recordReaderFillBuffer .*ClassCastException: .*'v'"):
        pool.copy("FILE_TYPE = 'PARQUET', MAXERRORS = 10")


@pytest.mark.parametrize(
    ("kind", "value", "sql_type", "nullable"),
    [
        (pa.string(), "too long a text", VARCHAR, True),
        (pa.decimal128(10, 2), Decimal(1000), decimal(5, 2), True),
        (pa.uint8(), 128, "tinyint", True),
        (pa.timestamp("ms"), dt.datetime.fromisoformat("1752-12-31 23:59:59.999"), "datetime", True),
        (pa.timestamp("ms"), dt.datetime.fromisoformat("1899-12-31"), "smalldatetime", True),
        (pa.timestamp("ms"), dt.datetime.fromisoformat("2079-06-07"), "smalldatetime", True),
        (pa.int32(), None, "int", False),
    ],
    ids=str,
)
def test_a_parquet_value_that_does_not_fit_fails_whatever_maxerrors_says(
    pool: Pool, landing: Landing, kind: pa.DataType, value: object, sql_type: SqlType | str, nullable: bool
) -> None:
    landing.upload("a.parquet", one_column([value], kind))
    pool.create(column("v", sql_type, nullable=nullable))
    with pytest.raises(PoolError, match=r"file 'a\.parquet' holds an invalid value in column 1"):
        pool.copy("FILE_TYPE = 'PARQUET', MAXERRORS = 10")


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_micros_and_nanos_load_with_auto_create_table(pool: Pool, landing: Landing, unit: str) -> None:
    landing.upload("a.parquet", one_column([MOMENT], pa.timestamp(unit)))
    pool.create(column("v", DATETIME2))
    pool.copy("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'")
    assert pool.rows() == [(MOMENT,)]


def test_auto_create_table_makes_a_table_of_the_files_columns(pool: Pool, landing: Landing) -> None:
    kinds = {"n": pa.int32(), "s": pa.string(), "d": pa.decimal128(7, 2), "l": pa.list_(pa.int32())}
    rows = pa.table({"n": [1], "s": ["x"], "d": [Decimal("1.50")], "l": [[1, 2]]}, schema=pa.schema(kinds))
    landing.upload("a.parquet", parquet(rows))
    outcome = pool.copy("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'", table="created")
    assert outcome.rows_loaded == 1
    assert [str(entry.type) for entry in pool.environment.tables["created",].columns] == [
        "int",
        "nvarchar(4000)",
        "decimal(7,2)",
        "varchar(max)",
    ]
    assert pool.rows("SELECT * FROM created") == [(1, "x", Decimal("1.50"), "[1, 2]")]


@pytest.mark.parametrize(
    ("columns", "row"),
    [("", (1, "x")), ("(b 2)", (None, "x")), ("(a default 7 3, b 2)", (7, "x")), ("(a, b)", (1, "x"))],
)
def test_columns_are_mapped_by_position_and_defaults_apply(
    pool: Pool, landing: Landing, columns: str, row: tuple[object, ...]
) -> None:
    table = pa.table({"p": pa.array([1], pa.int32()), "q": ["x"], "r": pa.array([None], pa.int32())})
    landing.upload("a.parquet", parquet(table if columns else table.select(["p", "q"])))
    pool.create(column("a", "int"), column("b", VARCHAR))
    pool.copy("FILE_TYPE = 'PARQUET'", columns=columns)
    assert pool.rows() == [row]


def test_another_number_of_columns_fails(pool: Pool, landing: Landing) -> None:
    landing.upload("a.parquet", parquet(pa.table({"p": ["x"], "q": ["y"]})))
    pool.create(column("a", VARCHAR))
    with pytest.raises(PoolError, match=r"'a\.parquet' has 2 columns, 1 are expected"):
        pool.copy("FILE_TYPE = 'PARQUET'")


@pytest.mark.parametrize("codec", ["snappy", "gzip", "none"])
def test_row_groups_and_files_are_read_whole(pool: Pool, landing: Landing, codec: str) -> None:
    table = pa.table({"n": pa.array(range(1000), pa.int32())})
    landing.upload("a.parquet", parquet(table, row_group_size=300, compression=codec))
    landing.upload("b.parquet", parquet(table, row_group_size=5000, compression=codec))
    pool.create(column("n", "int"))
    outcome = pool.copy("FILE_TYPE = 'PARQUET', COMPRESSION = 'SNAPPY'")
    assert (outcome.rows_loaded, outcome.files) == (2000, 2)
    assert pool.rows("SELECT sum(n) FROM t") == [(2 * sum(range(1000)),)]


def test_an_empty_parquet_file_loads_nothing(pool: Pool, landing: Landing) -> None:
    landing.upload("a.parquet", parquet(pa.table({"n": pa.array([], pa.int32())})))
    pool.create(column("n", "int"))
    assert pool.copy("FILE_TYPE = 'PARQUET'").rows_loaded == 0


@pytest.mark.parametrize("file_type", ["PARQUET", "ORC"])
@pytest.mark.parametrize("content", [b"", b"n\n1\n", b"PAR1" * 10], ids=["empty", "CSV", "garbage"])
def test_a_file_of_another_format_fails(pool: Pool, landing: Landing, file_type: str, content: bytes) -> None:
    landing.upload("a", content)
    pool.create(column("n", "int"))
    with pytest.raises(PoolError, match=f"file 'a' is not a valid {file_type} file"):
        pool.copy(f"FILE_TYPE = '{file_type}'")


@pytest.mark.parametrize("codec", ["zlib", "snappy", "uncompressed"])
def test_orc_is_read(pool: Pool, landing: Landing, codec: str) -> None:
    sink = io.BytesIO()
    rows = {
        "n": pa.array([1, 2], pa.int32()),
        "s": ["x", None],
        "d": pa.array([Decimal("1.239"), None], pa.decimal128(10, 3)),
    }
    orc.write_table(pa.table(rows), sink, compression=codec)
    landing.upload("a.orc", sink.getvalue())
    pool.create(column("n", "int"), column("s", VARCHAR), column("d", decimal(5, 2)))
    assert pool.copy("FILE_TYPE = 'ORC'").rows_loaded == 2
    assert pool.rows() == [(1, "x", Decimal("1.23")), (2, None, None)]


def test_a_file_format_object_says_the_type(pool: Pool, landing: Landing) -> None:
    landing.upload("a.parquet", one_column([1], pa.int32()))
    pool.environment.formats["f"] = ExternalFileFormat("PARQUET", "org.apache.hadoop.io.compress.SnappyCodec")
    pool.create(column("v", "int"))
    pool.copy("FILE_FORMAT = f")
    assert pool.rows() == [(1,)]


@pytest.mark.parametrize(
    ("options", "format_type"),
    [
        ("FILE_FORMAT = missing", "PARQUET"),
        ("FILE_FORMAT = f", "DELIMITEDTEXT"),
        ("FILE_FORMAT = f, FILE_TYPE = 'ORC'", "PARQUET"),
        ("FILE_FORMAT = f, AUTO_CREATE_TABLE = 'ON'", "ORC"),
        ("FILE_FORMAT = f, COMPRESSION = 'DefaultCodec'", "PARQUET"),
    ],
)
def test_a_file_format_object_that_does_not_suit_is_refused(pool: Pool, options: str, format_type: str) -> None:
    pool.environment.formats["f"] = ExternalFileFormat(format_type)
    pool.create(column("v", "int"))
    with pytest.raises(PoolError) as caught:
        pool.copy(options)
    assert caught.value.number == 105208


@pytest.mark.parametrize("codec", ["zstd", "brotli", "lz4"])
def test_a_parquet_codec_that_the_pool_has_not_fails_the_load(pool: Pool, landing: Landing, codec: str) -> None:
    table = pa.table({"a": pa.array([1], pa.int32())})
    landing.upload("a.parquet", parquet(table, compression="snappy"))
    landing.upload("b.parquet", parquet(table, compression=codec))
    pool.create(column("a", "int"))
    with pytest.raises(PoolError, match=f"b.parquet' is compressed with {codec.upper()}; PARQUET supports GZIP and"):
        pool.copy("FILE_TYPE = 'PARQUET'")


def test_an_orc_codec_that_the_pool_has_not_fails_the_load(pool: Pool, landing: Landing) -> None:
    sink = pa.BufferOutputStream()
    orc.write_table(pa.table({"a": pa.array([1], pa.int32())}), sink, compression="zstd")
    landing.upload("a.orc", sink.getvalue().to_pybytes())
    pool.create(column("a", "int"))
    with pytest.raises(PoolError, match="compressed with ZSTD; ORC supports SNAPPY and ZLIB"):
        pool.copy("FILE_TYPE = 'ORC'")
