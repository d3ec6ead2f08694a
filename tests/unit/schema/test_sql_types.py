"""Types of columns, as text and as the catalog has them."""

import pytest

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.schema.sql_types import MAX, SqlType


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("int", "int"),
        (" BigInt ", "bigint"),
        ("integer", "int"),
        ("[int]", "int"),
        ("bit", "bit"),
        ("uniqueidentifier", "uniqueidentifier"),
        ("decimal", "decimal(18, 0)"),
        ("numeric(10)", "decimal(10, 0)"),
        ("DECIMAL ( 38 , 38 )", "decimal(38, 38)"),
        ("float", "float"),
        ("float(53)", "float"),
        ("float(24)", "real"),
        ("double  precision", "float"),
        ("real", "real"),
        ("datetime2", "datetime2(7)"),
        ("time(0)", "time(0)"),
        ("datetimeoffset(3)", "datetimeoffset(3)"),
        ("char(3)", "char(3)"),
        ("varchar(8000)", "varchar(8000)"),
        ("nvarchar(4000)", "nvarchar(4000)"),
        ("NVARCHAR(MAX)", "nvarchar(max)"),
        ("varbinary(max)", "varbinary(max)"),
        ("binary(16)", "binary(16)"),
    ],
)
def test_a_type_is_written_in_one_way(text, written):
    assert str(SqlType.parse(text)) == written
    assert SqlType.parse(written) == SqlType.parse(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "type-syntax"),
        ("varchar(10", "type-syntax"),
        ("int NOT", "type-syntax"),
        ("int; DROP TABLE x", "type-syntax"),
        ("varchar(١)", "type-syntax"),
        ("{{ params.type }}", "type-syntax"),
        ("text", "type-unsupported"),
        ("ntext", "type-unsupported"),
        ("image", "type-unsupported"),
        ("xml", "type-unsupported"),
        ("sql_variant", "type-unsupported"),
        ("geography", "type-unsupported"),
        ("hierarchyid", "type-unsupported"),
        ("rowversion", "type-unsupported"),
        ("string", "type-unsupported"),
        ("varchar", "type-length"),
        ("binary", "type-length"),
        ("varchar(0)", "type-arguments"),
        ("varchar(8001)", "type-arguments"),
        ("nvarchar(4001)", "type-arguments"),
        ("char(max)", "type-arguments"),
        ("varchar(3, 3)", "type-arguments"),
        ("int(4)", "type-arguments"),
        ("decimal(0)", "type-arguments"),
        ("decimal(39)", "type-arguments"),
        ("decimal(5, 6)", "type-arguments"),
        ("decimal(max)", "type-arguments"),
        ("float(54)", "type-arguments"),
        ("datetime2(8)", "type-arguments"),
        ("datetime2(max)", "type-arguments"),
    ],
)
def test_what_a_pool_has_not_is_refused(text, rule):
    with pytest.raises(CopyOptionError) as caught:
        SqlType.parse(text)
    assert caught.value.rule == rule


def test_an_unsupported_type_comes_with_the_documented_way_out():
    with pytest.raises(CopyOptionError, match=r"type of column 'note' .*ntext \(the documents advise nvarchar\)"):
        SqlType.parse("ntext", option="type of column 'note'")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("int", 4, 10, 0), "int"),
        (("numeric", 9, 19, 4), "decimal(19, 4)"),
        (("nvarchar", 200, 0, 0), "nvarchar(100)"),
        (("nvarchar", -1, 0, 0), "nvarchar(max)"),
        (("varchar", 200, 0, 0), "varchar(200)"),
        (("varchar", -1, 0, 0), "varchar(max)"),
        (("nchar", 6, 0, 0), "nchar(3)"),
        (("datetime2", 8, 27, 7), "datetime2(7)"),
        (("float", 8, 53, 0), "float"),
        (("real", 4, 24, 0), "real"),
        (("date", 3, 10, 0), "date"),
        (("bit", 1, 1, 0), "bit"),
    ],
)
def test_a_row_of_the_catalog_becomes_the_type_that_was_declared(row, expected):
    assert SqlType.from_catalog(*row) == SqlType.parse(expected)


def test_max_is_what_the_catalog_shows_for_it():
    assert SqlType.parse("varchar(max)").length == MAX == -1
