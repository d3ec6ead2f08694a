"""Names are read as T-SQL writes them, and always written in brackets."""

import pytest

from airflow_synapse.copy import ColumnName, TableName
from airflow_synapse.exceptions import CopyOptionError


@pytest.mark.parametrize(
    ("text", "parts", "quoted"),
    [
        ("flights", ("flights",), "[flights]"),
        ("dbo.flights", ("dbo", "flights"), "[dbo].[flights]"),
        ("pool.dbo.flights", ("pool", "dbo", "flights"), "[pool].[dbo].[flights]"),
        ("dbo.[order details]", ("dbo", "order details"), "[dbo].[order details]"),
        ("[a.b].[c]", ("a.b", "c"), "[a.b].[c]"),
        ("[odd]]name]", ("odd]name",), "[odd]]name]"),
        ("[odd]]].t", ("odd]", "t"), "[odd]]].[t]"),
        ('dbo."a ""b"""', ("dbo", 'a "b"'), '[dbo].[a "b"]'),
        ("[it's; -- /*]", ("it's; -- /*",), "[it's; -- /*]"),
        ("#staging", ("#staging",), "[#staging]"),
        ("[#staging]", ("#staging",), "[#staging]"),
        ("Größe.t_1$", ("Größe", "t_1$"), "[Größe].[t_1$]"),
    ],
)
def test_table_name_parsed_gives_its_parts_and_brackets(text, parts, quoted):
    name = TableName.parse(text)

    assert name.parts == parts
    assert name.quoted == quoted


@pytest.mark.parametrize("name", ["flights", "dbo.flights", "pool.dbo.[a ]]b]"])
def test_table_name_quoted_reads_back_as_itself(name):
    parsed = TableName.parse(name)

    assert TableName.parse(parsed.quoted) == parsed


@pytest.mark.parametrize(
    "text",
    ["", ".", "dbo.", ".flights", "dbo..flights", "[open", "[a]b", "a b", " flights", "flights\n", "[]", '""', "1st",
     "t; DROP TABLE t", "t--", "a'b", "@variable"],
)  # fmt: skip
def test_table_name_unreadable_is_refused(text):
    with pytest.raises(CopyOptionError) as caught:
        TableName.parse(text)

    assert caught.value.rule == "name-syntax"
    assert caught.value.option == "INTO"


def test_table_name_of_four_parts_is_refused():
    with pytest.raises(CopyOptionError) as caught:
        TableName.parse("server.pool.dbo.flights")

    assert caught.value.rule == "name-parts"


def test_table_name_none_needs_brackets():
    with pytest.raises(CopyOptionError) as caught:
        TableName.parse("None")

    assert caught.value.rule == "name-none"
    assert TableName.parse("[None]").parts == ("None",)


@pytest.mark.parametrize("parse", [TableName.parse, ColumnName.parse])
@pytest.mark.parametrize("text", ["", "a b", "a.b.c.d", "{{ x }}", None])
def test_name_that_is_refused_is_named_by_its_option(parse, text):
    with pytest.raises(CopyOptionError) as caught:
        parse(text, option="ledger_table")

    assert caught.value.option == "ledger_table"


@pytest.mark.parametrize(("text", "is_temporary"), [("#staging", True), ("dbo.staging", False)])
def test_table_name_knows_whether_it_is_temporary(text, is_temporary):
    assert TableName.parse(text).is_temporary is is_temporary


@pytest.mark.parametrize(("text", "name"), [("col", "col"), ("[a b]", "a b"), ("[a]]]", "a]")])
def test_column_name_parsed_gives_its_name(text, name):
    assert ColumnName.parse(text) == ColumnName(name)


@pytest.mark.parametrize("text", ["a b", "a.b", "Col_one default 1", ""])
def test_column_name_unreadable_is_refused(text):
    with pytest.raises(CopyOptionError) as caught:
        ColumnName.parse(text)

    assert caught.value.option == "column list"
