"""The documented T-SQL type of each Parquet type."""

import pytest

from airflow_synapse.schema.parquet_types import ParquetColumn
from airflow_synapse.schema.sql_types import SqlType


def column(physical="", logical="", **fields):
    return ParquetColumn(name="c", physical=physical, logical=logical, **fields)


@pytest.mark.parametrize(
    ("parquet", "expected"),
    [
        (column("BOOLEAN"), "bit"),
        (column("BYTE_ARRAY"), "varbinary(8000)"),
        (column("DOUBLE"), "float"),
        (column("FLOAT"), "real"),
        (column("INT32"), "int"),
        (column("INT64"), "bigint"),
        (column("INT96"), "datetime2(7)"),
        (column("FIXED_LEN_BYTE_ARRAY", length=12), "binary(12)"),
        (column("BYTE_ARRAY", "STRING"), "nvarchar(4000)"),
        (column("BYTE_ARRAY", "ENUM"), "nvarchar(4000)"),
        (column("FIXED_LEN_BYTE_ARRAY", "UUID", length=16), "uniqueidentifier"),
        (column("BYTE_ARRAY", "DECIMAL", precision=38, scale=10), "decimal(38, 10)"),
        (column("FIXED_LEN_BYTE_ARRAY", "DECIMAL", length=5, precision=9, scale=2), "decimal(9, 2)"),
        (column("INT32", "DECIMAL", precision=9, scale=0), "decimal(9, 0)"),
        (column("INT64", "DECIMAL", precision=18, scale=18), "decimal(18, 18)"),
        (column("BYTE_ARRAY", "JSON"), "nvarchar(max)"),
        (column("BYTE_ARRAY", "BSON"), "varbinary(max)"),
        (column("FIXED_LEN_BYTE_ARRAY", "INTERVAL", length=12), "varchar(max)"),
        (column("INT32", "INT(8, true)"), "smallint"),
        (column("INT32", "INT(16, true)"), "smallint"),
        (column("INT32", "INT(32, true)"), "int"),
        (column("INT32", "INT(8, false)"), "tinyint"),
        (column("INT32", "INT(16, false)"), "int"),
        (column("INT32", "INT(32, false)"), "bigint"),
        (column("INT64", "INT(64, true)"), "bigint"),
        (column("INT64", "INT(64, false)"), "decimal(20, 0)"),
        (column("INT32", "DATE"), "date"),
        (column("INT32", "TIME", unit="MILLIS"), "time(7)"),
        (column("INT64", "TIMESTAMP", unit="MILLIS"), "datetime2(7)"),
        (column("INT64", "TIMESTAMP", unit="MICROS"), "datetime2(7)"),
        (column(logical="LIST"), "varchar(max)"),
        (column(logical="MAP"), "varchar(max)"),
    ],
    ids=str,
)
def test_each_documented_type_has_its_column_type(parquet, expected):
    assert parquet.sql_type() == SqlType.parse(expected)


@pytest.mark.parametrize(
    "parquet",
    [
        column(logical="STRUCT"),
        column("INT32", "NULL"),
        column("FIXED_LEN_BYTE_ARRAY", "FLOAT16", length=2),
        column("BYTE_ARRAY", "DECIMAL", precision=39, scale=2),
        column("BYTE_ARRAY", "DECIMAL", precision=3, scale=-2),
        column("FIXED_LEN_BYTE_ARRAY", length=8001),
    ],
    ids=str,
)
def test_a_type_without_a_documented_one_has_none(parquet):
    assert parquet.sql_type() is None


@pytest.mark.parametrize(
    ("parquet", "text"),
    [
        (column("INT64"), "INT64"),
        (column("INT64", "TIMESTAMP", unit="MICROS"), "INT64 TIMESTAMP(MICROS)"),
        (
            column("FIXED_LEN_BYTE_ARRAY", "DECIMAL", length=5, precision=9, scale=2),
            "FIXED_LEN_BYTE_ARRAY(5) DECIMAL(9, 2)",
        ),
        (column("INT32", "INT(8, false)"), "INT32 INT(8, false)"),
        (column(logical="STRUCT"), "STRUCT"),
    ],
)
def test_a_type_is_shown_as_the_documents_write_it(parquet, text):
    assert str(parquet) == text


@pytest.mark.parametrize(("unit", "finer"), [("", False), ("MILLIS", False), ("MICROS", True), ("NANOS", True)])
def test_only_micros_and_nanos_are_finer_than_documented(unit, finer):
    assert column("INT64", "TIMESTAMP", unit=unit).is_finer_than_documented is finer
