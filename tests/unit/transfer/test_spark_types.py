"""Types of Spark as types of the pool, and back."""

import pytest

from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.schema.catalog import TableColumn
from airflow_synapse.schema.sql_types import SqlType
from airflow_synapse.transfer.manifest import StagedColumn
from airflow_synapse.transfer.spark_types import column_definition, spark_schema


@pytest.mark.parametrize(
    ("spark", "sql"),
    [
        ("boolean", "bit"),
        ("tinyint", "smallint"),
        ("smallint", "smallint"),
        ("int", "int"),
        ("bigint", "bigint"),
        ("float", "real"),
        ("double", "float"),
        ("decimal(38,18)", "decimal(38, 18)"),
        ("date", "date"),
        ("timestamp", "datetime2(7)"),
        ("timestamp_ntz", "datetime2(7)"),
        ("string", "nvarchar(4000)"),
        ("varchar(10)", "nvarchar(4000)"),
        ("binary", "varbinary(8000)"),
    ],
)
def test_a_type_of_spark_has_one_of_the_pool(spark, sql):
    assert str(column_definition(StagedColumn(name="c", type=spark)).type) == sql


@pytest.mark.parametrize(
    ("spark", "length", "sql"),
    [
        ("string", 0, "nvarchar(16)"),
        ("string", 16, "nvarchar(16)"),
        ("string", 17, "nvarchar(32)"),
        ("string", 2049, "nvarchar(4000)"),
        ("string", 4000, "nvarchar(4000)"),
        ("string", 4001, "nvarchar(max)"),
        ("binary", 5, "varbinary(16)"),
        ("binary", 8000, "varbinary(8000)"),
        ("binary", 8001, "varbinary(max)"),
    ],
)
def test_texts_get_the_length_that_was_measured_and_some_room(spark, length, sql):
    assert str(column_definition(StagedColumn(name="c", type=spark, max_length=length)).type) == sql


def test_texts_get_the_type_that_the_user_wants():
    column = StagedColumn(name="c", type="string", max_length=3)
    assert str(column_definition(column, SqlType.parse("varchar(3)")).type) == "varchar(3)"


@pytest.mark.parametrize("spark", ["array<int>", "interval day to second", "void", "decimal(38)"])
def test_a_type_that_copy_cannot_load_is_refused_by_the_name_of_its_column(spark):
    with pytest.raises(TransferOptionError, match="'odd' is "):
        column_definition(StagedColumn(name="odd", type=spark))


@pytest.mark.parametrize(
    ("sql", "spark"),
    [
        ("bit", "boolean"),
        ("tinyint", "short"),
        ("bigint", "long"),
        ("real", "float"),
        ("float", "double"),
        ("decimal(10, 2)", "decimal(10,2)"),
        ("datetime2(7)", "timestamp"),
        ("nvarchar(max)", "string"),
        ("varbinary(10)", "binary"),
    ],
)
def test_a_type_of_the_pool_has_one_of_spark(sql, spark):
    schema = spark_schema((TableColumn(name="c", type=SqlType.parse(sql)),))
    assert schema == {
        "type": "struct",
        "fields": [{"name": "c", "type": spark, "nullable": True, "metadata": {}}],
    }


@pytest.mark.parametrize("sql", ["uniqueidentifier", "money", "time(7)", "datetimeoffset(7)"])
def test_a_type_that_spark_cannot_have_is_refused_by_the_name_of_its_column(sql):
    with pytest.raises(TransferOptionError, match="'odd' is "):
        spark_schema((TableColumn(name="odd", type=SqlType.parse(sql)),))
