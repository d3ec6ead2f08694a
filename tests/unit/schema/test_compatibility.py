"""Parquet columns against the columns of a table."""

import pytest

from airflow_synapse.copy import ColumnName, CopyColumn
from airflow_synapse.schema.catalog import TableColumn
from airflow_synapse.schema.compatibility import compare
from airflow_synapse.schema.parquet_types import ParquetColumn, ParquetFile
from airflow_synapse.schema.sql_types import SqlType


def table(**columns):
    return [TableColumn(name=name, type=SqlType.parse(text)) for name, text in columns.items()]


def file(*columns):
    return ParquetFile(name="in/a.parquet", columns=columns)


def findings(source, sql_type):
    return list(compare(file(source), table(c=sql_type)))


INT32 = ParquetColumn(name="x", physical="INT32")
INT64 = ParquetColumn(name="x", physical="INT64")
TEXT = ParquetColumn(name="x", physical="BYTE_ARRAY", logical="STRING")
BYTES = ParquetColumn(name="x", physical="BYTE_ARRAY")
INT96 = ParquetColumn(name="x", physical="INT96")
MILLIS = ParquetColumn(name="x", physical="INT64", logical="TIMESTAMP", unit="MILLIS")
MICROS = ParquetColumn(name="x", physical="INT64", logical="TIMESTAMP", unit="MICROS")
DATE = ParquetColumn(name="x", physical="INT32", logical="DATE")
DECIMAL = ParquetColumn(name="x", physical="INT64", logical="DECIMAL", precision=10, scale=4)
LIST = ParquetColumn(name="x", logical="LIST")


@pytest.mark.parametrize(
    ("source", "sql_type"),
    [
        (ParquetColumn(name="x", physical="BOOLEAN"), "bit"),
        (INT32, "int"),
        (INT32, "smallint"),
        (INT64, "bigint"),
        (ParquetColumn(name="x", physical="FLOAT"), "real"),
        (ParquetColumn(name="x", physical="DOUBLE"), "float"),
        (TEXT, "varchar(10)"),
        (TEXT, "nchar(10)"),
        (BYTES, "varbinary(max)"),
        (INT96, "datetime2(3)"),
        (MILLIS, "datetime2"),
        (DATE, "date"),
        (DECIMAL, "decimal(38, 4)"),
        (LIST, "varchar(max)"),
    ],
    ids=str,
)
def test_a_documented_pair_is_not_worth_a_word(source, sql_type):
    assert findings(source, sql_type) == []


@pytest.mark.parametrize(
    ("source", "sql_type"),
    [
        (INT64, "int"),
        (INT32, "bigint"),
        (INT32, "nvarchar(10)"),
        (TEXT, "int"),
        (TEXT, "date"),
        (ParquetColumn(name="x", physical="DOUBLE"), "decimal(9, 2)"),
        (ParquetColumn(name="x", physical="FLOAT"), "float"),
        (INT96, "date"),
        (DATE, "datetime2"),
        (DECIMAL, "float"),
        (ParquetColumn(name="x", logical="STRUCT"), "varchar(max)"),
    ],
    ids=str,
)
def test_a_pair_of_different_kinds_is_found_before_the_start(source, sql_type):
    assert [finding.is_fatal for finding in findings(source, sql_type)] == [True]


def test_the_sentence_names_field_types_column_and_what_to_do():
    (finding,) = findings(INT64, "int")
    assert finding.message == (
        "field 1, 'x', is INT64, which COPY reads as bigint, but column [c] is int: COPY would fail with a "
        "ClassCastException. Make the column bigint, or write the file with a type for int"
    )


@pytest.mark.parametrize(
    ("source", "sql_type", "words"),
    [
        (MICROS, "datetime2", "finer than the documented MILLIS"),
        (ParquetColumn(name="x", physical="INT64", logical="TIME", unit="NANOS"), "time", "finer than"),
        (DECIMAL, "decimal(10, 2)", "cuts digits off"),
        (BYTES, "varchar(9)", "no document says"),
        (TEXT, "varbinary(9)", "no document says"),
        (INT96, "datetimeoffset", "no document says"),
        (INT64, "money", "no document says"),
    ],
    ids=str,
)
def test_what_may_work_is_a_warning(source, sql_type, words):
    (finding,) = findings(source, sql_type)
    assert words in finding.message
    assert not finding.is_fatal


def entry(name, field_number=None):
    return CopyColumn(name=ColumnName(name), field_number=field_number)


def test_field_numbers_of_the_column_list_choose_the_fields():
    source, target = file(TEXT, INT64), table(id="bigint", name="varchar(9)")
    assert [finding.is_fatal for finding in compare(source, target)] == [True, True]
    assert list(compare(source, target, [entry("name", 1), entry("ID", 2)])) == []


def test_an_entry_without_number_takes_the_field_at_its_own_place():
    assert list(compare(file(TEXT, INT64), table(id="bigint", name="varchar(9)"), [entry("name"), entry("id")])) == []


def test_a_field_that_no_column_takes_may_have_any_type():
    struct = ParquetColumn(name="s", logical="STRUCT")
    assert list(compare(file(struct, INT32), table(id="int"), [entry("id", 2)])) == []


def test_a_listed_column_that_the_table_lacks_is_fatal():
    (finding,) = compare(file(INT32), table(id="int"), [entry("nope", 1)])
    assert finding.is_fatal
    assert "[nope]" in finding.message


def test_a_field_beyond_the_file_is_a_warning():
    (finding,) = compare(file(INT32), table(id="int", b="int"), [entry("id", 1), entry("b", 5)])
    assert "no field 5 for column [b]" in finding.message
    assert not finding.is_fatal


def test_different_numbers_of_columns_are_a_warning_once():
    (finding,) = compare(file(INT32), table(a="int", b="int"))
    assert "it has 1 columns and the table has 2" in finding.message


def test_an_unreadable_footer_is_fatal():
    (finding,) = compare(ParquetFile(name="a", unreadable="it does not end with PAR1"), table(a="int"))
    assert finding.is_fatal
