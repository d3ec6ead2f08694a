"""CREATE TABLE from the operator's argument."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.copy import TableName
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.local.tsql.parser import parse_body
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.schema.create_table import build_table, check_ahead, needs_files
from airflow_synapse.schema.parquet_types import ParquetColumn, ParquetFile
from airflow_synapse.schema.rules import RULES

FLIGHTS = TableName(schema="dbo", name="flights")
COLUMNS = {"id": "int", "origin": "char(3)", "day": "date"}


def sql(table=FLIGHTS, files=(), **create_table):
    return build_table(table, {"columns": COLUMNS, **create_table}, files).to_sql()


def test_a_table_is_created_only_when_it_is_missing():
    assert sql(
        columns={"id": "bigint NOT NULL", "origin": "char(3)"},
        distribution="HASH(origin)",
        index="CLUSTERED COLUMNSTORE INDEX",
        partition={"column": "id", "values": [10, 20], "range": "RIGHT"},
    ) == (
        "IF OBJECT_ID('[dbo].[flights]') IS NULL\n"
        "CREATE TABLE [dbo].[flights] (\n"
        "    [id] bigint NOT NULL,\n"
        "    [origin] char(3)\n"
        ")\n"
        "WITH (\n"
        "    DISTRIBUTION = HASH ([origin]),\n"
        "    CLUSTERED COLUMNSTORE INDEX,\n"
        "    PARTITION ([id] RANGE RIGHT FOR VALUES (10, 20))\n"
        ")"
    )


def test_what_is_not_given_is_left_to_the_pool():
    assert "WITH" not in sql()


def test_a_temporary_table_is_looked_for_in_tempdb():
    assert "OBJECT_ID('tempdb..[#t]')" in sql(TableName(name="#t"))


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ({"name": "a", "type": "int"}, "[a] int"),
        ({"name": "a", "type": "int", "nullable": False}, "[a] int NOT NULL"),
        ({"name": "a", "type": "int", "nullable": "true"}, "[a] int NULL"),
        ({"name": "a", "type": "int not null"}, "[a] int NOT NULL"),
        ({"name": "a", "type": "int null"}, "[a] int NULL"),
        ({"name": "[odd]]name]", "type": "int"}, "[odd]]name] int"),
        ({"name": "a", "type": "int", "identity": True}, "[a] int IDENTITY (1, 1)"),
        ({"name": "a", "type": "bigint", "identity": ["100", "-1"]}, "[a] bigint IDENTITY (100, -1)"),
        ({"name": "a", "type": "int", "identity": False}, "[a] int"),
        ({"name": "a", "type": "varchar(9)", "default": "it's"}, "[a] varchar(9) DEFAULT 'it''s'"),
        ({"name": "a", "type": "int", "default": 0}, "[a] int DEFAULT 0"),
        ({"name": "a", "type": "int not null", "default": -1}, "[a] int NOT NULL DEFAULT -1"),
        ({"name": "a", "type": "decimal(9, 2)", "default": Decimal("1.50")}, "[a] decimal(9, 2) DEFAULT 1.50"),
        ({"name": "a", "type": "date", "default": date(2013, 1, 2)}, "[a] date DEFAULT '2013-01-02'"),
    ],
)
def test_a_column_is_written_as_create_table_wants_it(column, written):
    assert f"    {written}\n" in sql(columns=[column])


@pytest.mark.parametrize(
    ("option", "text", "written"),
    [
        ("distribution", "round_robin", "DISTRIBUTION = ROUND_ROBIN"),
        ("distribution", " REPLICATE ", "DISTRIBUTION = REPLICATE"),
        ("distribution", "HASH(ORIGIN)", "DISTRIBUTION = HASH ([ORIGIN])"),
        ("distribution", "hash ( [origin] )", "DISTRIBUTION = HASH ([origin])"),
        ("index", "heap", "HEAP"),
        ("index", "CLUSTERED COLUMNSTORE", "CLUSTERED COLUMNSTORE INDEX"),
        ("index", "clustered columnstore index order (day, id)", "CLUSTERED COLUMNSTORE INDEX ORDER ([day], [id])"),
        ("index", 'CLUSTERED INDEX (id ASC, "origin" DESC)', "CLUSTERED INDEX ([id], [origin] DESC)"),
    ],
)
def test_storage_options_are_read_as_t_sql_writes_them(option, text, written):
    assert f"\n    {written}\n" in sql(**{option: text})


@pytest.mark.parametrize(
    ("values", "side", "written"),
    [
        (["2013-01-01", "2013-02-01"], "right", "RANGE RIGHT FOR VALUES ('2013-01-01', '2013-02-01')"),
        ([date(2013, 1, 1)], None, "RANGE FOR VALUES ('2013-01-01')"),
        ([datetime(2013, 1, 1, 12)], "LEFT", "RANGE LEFT FOR VALUES ('2013-01-01T12:00:00')"),  # noqa: DTZ001
        ([], None, "RANGE FOR VALUES ()"),
    ],
)
def test_partition_boundaries_are_constants(values, side, written):
    assert f"PARTITION ([day] {written})" in sql(partition={"column": "day", "values": values, "range": side})


REFUSED = {
    "table-option": {"distributed_by": "origin"},
    "table-entry": {"distribution": ["HASH", "origin"]},
    "type-syntax": {"columns": {"a": "varchar(10"}},
    "type-unsupported": {"columns": {"a": "xml"}},
    "type-arguments": {"columns": {"a": "varchar(9000)"}},
    "type-length": {"columns": {"a": "varchar"}},
    "column-entry": {"columns": [{"name": "a", "type": "int", "collation": "x"}]},
    "column-missing": {"columns": {}},
    "column-count": {"columns": {f"c{i}": "int" for i in range(1025)}},
    "column-duplicate": {"columns": [{"name": "a", "type": "int"}, {"name": "A", "type": "int"}]},
    "column-name-length": {"columns": {"x" * 129: "int"}},
    "column-unknown": {"distribution": "HASH(carrier)"},
    "default-value": {"columns": [{"name": "a", "type": "float", "default": float("nan")}]},
    "default-identity": {"columns": [{"name": "a", "type": "int", "default": 1, "identity": True}]},
    "identity-type": {"columns": [{"name": "a", "type": "smallint", "identity": True}]},
    "identity-count": {"columns": [{"name": n, "type": "int", "identity": True} for n in "ab"]},
    "identity-nullable": {"columns": [{"name": "a", "type": "int NULL", "identity": True}]},
    "distribution": {"distribution": "HASH origin"},
    "distribution-columns": {"distribution": "HASH(origin, day)"},
    "distribution-default": {
        "columns": [{"name": "a", "type": "int", "default": 1}],
        "distribution": "HASH(a)",
    },
    "distribution-identity": {
        "columns": [{"name": "a", "type": "int", "identity": True}],
        "distribution": "HASH([A])",
    },
    "index": {"index": "NONCLUSTERED INDEX (id)"},
    "index-order-type": {"index": "CLUSTERED COLUMNSTORE INDEX ORDER (origin)"},
    "index-max-type": {"columns": {"a": "varchar(max)"}},
    "partition": {"partition": {"column": "day", "values": [None]}},
    "partition-temporary": {"table": TableName(name="#t"), "partition": {"column": "day", "values": []}},
    "parquet-type": {
        "columns": None,
        "files": [ParquetFile(name="a", columns=(ParquetColumn(name="s", logical="STRUCT"),))],
    },
    "parquet-files-differ": {
        "columns": None,
        "files": [
            ParquetFile(name=name, columns=(ParquetColumn(name="s", physical=physical),))
            for name, physical in (("a", "INT32"), ("b", "INT64"))
        ],
    },
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_refuses_with_its_code_its_remedy_and_its_source(rule):
    with pytest.raises(CopyOptionError) as caught:
        sql(**REFUSED[rule])
    assert caught.value.rule == rule
    assert RULES[rule].remedy in str(caught.value)
    assert RULES[rule].source


@pytest.mark.parametrize(
    "create_table",
    [
        {"columns": "id int"},
        {"columns": ["id int"]},
        {"columns": [{"name": "a"}]},
        {"columns": [{"name": "a", "type": "int NOT NULL", "nullable": False}]},
        {"columns": [{"name": "a", "type": "int", "nullable": "perhaps"}]},
        {"columns": [{"name": "a", "type": "int", "identity": [1, 0]}]},
        {"columns": [{"name": "a", "type": "int", "identity": "yes"}]},
        {"columns": [{"name": "a", "type": "int", "default": object()}]},
        {"columns": {"a.b": "int"}},
        {"columns": {"{{ x }}": "int"}},
        {"columns": COLUMNS, "distribution": "HASH()"},
        {"columns": COLUMNS, "distribution": "HASH(id DESC)"},
        {"columns": COLUMNS, "index": "CLUSTERED INDEX ()"},
        {"columns": COLUMNS, "index": "CLUSTERED COLUMNSTORE INDEX ORDER ()"},
        {"columns": COLUMNS, "index": "CLUSTERED COLUMNSTORE INDEX ORDER (id DESC)"},
        {"columns": COLUMNS, "index": "CLUSTERED INDEX (id,, day)"},
        {"columns": COLUMNS, "index": "CLUSTERED INDEX (dbo.id)"},
        {"columns": COLUMNS, "index": "HEAP) DROP TABLE x --"},
        {"columns": COLUMNS, "partition": "day"},
        {"columns": COLUMNS, "partition": {"column": "day"}},
        {"columns": COLUMNS, "partition": {"column": "day", "values": "2013-01-01"}},
        {"columns": COLUMNS, "partition": {"column": "day", "values": [], "range": "UP"}},
        {"columns": COLUMNS, "partition": {"column": "month", "values": []}},
        {"columns": COLUMNS, "partition": {"column": "id", "values": [float("inf")]}},
        ["columns"],
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_refused(create_table):
    with pytest.raises(CopyOptionError):
        build_table(FLIGHTS, create_table)


FILE = ParquetFile(
    name="a.parquet",
    columns=(ParquetColumn(name="id", physical="INT64"), ParquetColumn(name="name", logical="STRING")),
)


def test_columns_come_from_the_files_where_none_are_listed():
    assert needs_files({"index": "HEAP"})
    assert "(\n    [id] bigint,\n    [name] nvarchar(4000)\n)" in sql(columns=None, files=[FILE, FILE])


def test_what_is_wrong_without_the_files_is_found_before_there_are_any():
    check_ahead(FLIGHTS, {"distribution": "HASH(name)", "index": "CLUSTERED INDEX (id)", "string_type": "varchar(50)"})
    with pytest.raises(CopyOptionError):
        check_ahead(FLIGHTS, {"string_type": "varchar"})
    with pytest.raises(CopyOptionError):
        check_ahead(FLIGHTS, {"columns": COLUMNS, "distribution": "HASH(nobody)"})


def test_the_type_for_texts_of_the_files_can_be_chosen():
    assert "[name] varchar(50)" in sql(columns=None, files=[FILE], string_type="varchar(50)")


def test_a_file_whose_footer_cannot_be_read_gives_no_columns():
    with pytest.raises(CopyOptionError) as caught:
        sql(columns=None, files=[ParquetFile(name="a.parquet", unreadable="it is empty")])
    assert caught.value.rule == "column-missing"


NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20)


@given(name=NAMES, default=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20))
def test_no_name_and_no_text_escapes_its_quotes(name, default):
    quoted = "[" + name.replace("]", "]]") + "]"
    columns = [{"name": quoted, "type": "nvarchar(9)", "default": default}, {"name": "other_column", "type": "int"}]
    text = build_table(TableName(name="t"), {"columns": columns, "index": f"CLUSTERED INDEX ({quoted})"}).to_sql()
    statement = text.partition("IS NULL\n")[2]
    body, _ = parse_body(tokenize(statement), first=True)
    assert [column.name for column in body.columns] == [name, "other_column"]
    assert body.options.index.columns == ((name, False),)


@pytest.mark.parametrize("index", ["HEAP", "CLUSTERED INDEX (id)"])
def test_only_a_columnstore_refuses_max_types(index):
    assert "varchar(max)" in sql(columns={"id": "int", "text": "varchar(max)"}, index=index)
