"""Plain arguments, as templating renders them, become a statement."""

import pickle

import pytest

from airflow_synapse.copy import (
    ColumnName,
    CopyColumn,
    CopyStatement,
    CsvOptions,
    EntraPassthrough,
    ErrorFile,
    ExternalFileFormat,
    ExternalLocation,
    ManagedIdentity,
    OrcOptions,
    ParquetOptions,
    TableName,
    build_statement,
)
from airflow_synapse.copy.keywords import OPTIONS
from airflow_synapse.exceptions import CopyOptionError, SynapseError

URL = "https://lake.blob.core.windows.net/landing/flights/"


def build(**given):
    return build_statement(**{"table": "dbo.flights", "external_locations": URL, **given})


def test_least_arguments_write_nothing_but_the_table_and_the_source():
    assert build() == CopyStatement(
        target=TableName(schema="dbo", name="flights"), external_locations=(ExternalLocation.parse(URL),)
    )
    assert build().credential == EntraPassthrough()


def test_every_option_given_as_rendered_text_is_read():
    statement = build(
        external_locations=[URL, URL + "*.csv"],
        file_type="csv",
        credential=ManagedIdentity(),
        error_file="/rejects",
        max_errors="500",
        compression="gzip",
        field_quote="",
        field_terminator=";",
        row_terminator="0x0A",
        first_row="2",
        date_format="YMD",
        encoding="utf16",
        identity_insert="on",
        auto_create_table="off",
        columns=["a", {"name": "[b c]", "default": "x", "field_number": "3"}],
        label="flights",
    )

    assert statement == CopyStatement(
        target=TableName(schema="dbo", name="flights"),
        external_locations=(ExternalLocation.parse(URL), ExternalLocation.parse(URL + "*.csv")),
        file_options=CsvOptions(
            field_quote="",
            field_terminator=";",
            row_terminator="0x0A",
            first_row=2,
            date_format="ymd",
            encoding="UTF16",
            compression="GZIP",
        ),
        credential=ManagedIdentity(),
        error_file=ErrorFile(directory="/rejects"),
        max_errors=500,
        identity_insert=True,
        auto_create_table=False,
        columns=(CopyColumn(name=ColumnName("a")), CopyColumn(name=ColumnName("b c"), default="x", field_number=3)),
        label="flights",
    )


@pytest.mark.parametrize(
    ("given", "file_options"),
    [
        ({"file_type": "CSV"}, CsvOptions()),
        ({"field_terminator": "|"}, CsvOptions(field_terminator="|")),
        ({"file_type": "Parquet"}, ParquetOptions()),
        ({"file_type": "parquet", "compression": "SNAPPY"}, ParquetOptions(compression="Snappy")),
        ({"file_type": "orc", "compression": "defaultcodec"}, OrcOptions(compression="DefaultCodec")),
        ({"file_format": "myFileFormat"}, ExternalFileFormat(name="myFileFormat")),
        ({"file_format": "[my format]", "file_type": "ORC"}, ExternalFileFormat(name="my format", file_type="ORC")),
    ],
)
def test_file_type_chooses_the_options_object(given, file_options):
    assert build(**given).file_options == file_options


@pytest.mark.parametrize("value", [500, "500", " 500 ", "0500"])
def test_whole_number_may_be_text(value):
    assert build(max_errors=value).max_errors == 500


@pytest.mark.parametrize("value", ["", "None", "1.0", "1_000", "+1", "-1", "٣", "0x10", "9" * 40, 1.0, True, [1]])
@pytest.mark.parametrize(("argument", "keyword"), [("max_errors", "MAXERRORS"), ("first_row", "FIRSTROW")])
def test_whole_number_unreadable_is_refused(argument, keyword, value):
    with pytest.raises(CopyOptionError) as caught:
        build(**{argument: value})

    assert (caught.value.rule, caught.value.option) == ("whole-number", keyword)


@pytest.mark.parametrize(
    ("value", "switch"),
    [("ON", True), ("off", False), (True, True), (False, False), ("True", True), ("False", False), (None, None)],
)
def test_switch_takes_on_and_off(value, switch):
    assert build(identity_insert=value).identity_insert is switch


@pytest.mark.parametrize("value", ["TRUE", "1", "", 1, "None"])
@pytest.mark.parametrize(
    ("argument", "keyword"), [("identity_insert", "IDENTITY_INSERT"), ("auto_create_table", "AUTO_CREATE_TABLE")]
)
def test_switch_of_any_other_value_is_refused(argument, keyword, value):
    with pytest.raises(CopyOptionError) as caught:
        build(**{argument: value})

    assert (caught.value.rule, caught.value.option) == ("on-off", keyword)


CSV_ONLY = {
    "field_quote": "'",
    "field_terminator": ";",
    "row_terminator": "0x0A",
    "first_row": 2,
    "date_format": "ymd",
    "encoding": "UTF8",
    "error_file": "/rejects",
    "error_file_credential": ManagedIdentity(),
}


def test_options_of_csv_alone_are_those_that_are_documented_so():
    documented = {option.argument for option in OPTIONS if option.file_types == ("CSV",)}

    assert documented == set(CSV_ONLY)


@pytest.mark.parametrize("files", [{"file_type": "PARQUET"}, {"file_type": "ORC"}, {"file_format": "f"}])
@pytest.mark.parametrize("argument", CSV_ONLY)
def test_option_of_csv_given_for_other_files_is_refused_by_name(argument, files):
    with pytest.raises(CopyOptionError) as caught:
        build(**files, **{argument: CSV_ONLY[argument]})

    keyword = next(option.keyword for option in OPTIONS if option.argument == argument)
    assert (caught.value.rule, caught.value.option) == ("option-file-type", keyword)


@pytest.mark.parametrize("argument", [option.argument for option in OPTIONS])
def test_each_documented_option_is_an_argument(argument):
    assert build(**{argument: None}) == build()


@pytest.mark.parametrize("name", ["parser_version", "PARSER_VERSION", "match_column_count"])
def test_option_of_fabric_is_refused_by_name(name):
    with pytest.raises(CopyOptionError, match="Microsoft Fabric") as caught:
        build(**{name: "2.0"})

    assert (caught.value.rule, caught.value.option) == ("fabric-option", name.upper())


def test_option_written_like_its_keyword_is_refused_with_its_argument():
    with pytest.raises(CopyOptionError, match="written max_errors") as caught:
        build(maxerrors=5)

    assert caught.value.rule == "unknown-option"


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ({"field_number": 1}, "column-entry"),
        ({"name": "a", "field": 1}, "column-entry"),
        ({"name": 1}, "column-entry"),
        (1, "column-entry"),
        ({"name": "a", "default": [1]}, "default-value"),
        ({"name": "a", "field_number": "one"}, "whole-number"),
        ({"name": "a", "field_number": "$.id"}, "fabric-json-path"),
        ("a b", "name-syntax"),
    ],
)
def test_column_entry_unreadable_is_refused(entry, rule):
    with pytest.raises(CopyOptionError) as caught:
        build(columns=["ok", entry])

    assert (caught.value.rule, caught.value.option) == (rule, "column list")


@pytest.mark.parametrize("columns", ["a, b", 5, {"a": 1}])
def test_column_list_that_is_no_list_is_refused(columns):
    with pytest.raises(CopyOptionError) as caught:
        build(columns=columns)

    assert caught.value.rule == "column-entry"


@pytest.mark.parametrize("argument", ["credential", "error_file_credential"])
def test_credential_given_as_text_is_refused_without_showing_it(argument):
    with pytest.raises(CopyOptionError) as caught:
        build(**{argument: "?sv=2018&sig=s3ntinel"})

    assert caught.value.rule == "credential-kind"
    assert caught.value.option in {"CREDENTIAL", "ERRORFILE_CREDENTIAL"}
    assert "s3ntinel" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "keyword"),
    [
        ({"table": None}, "INTO"),
        ({"external_locations": None}, "FROM"),
        ({"external_locations": [URL, 5]}, "FROM"),
        ({"file_format": 5}, "FILE_FORMAT"),
        ({"error_file": 5}, "ERRORFILE"),
        ({"field_quote": 5}, "FIELDQUOTE"),
        ({"field_terminator": b","}, "FIELDTERMINATOR"),
        ({"row_terminator": 10}, "ROWTERMINATOR"),
        ({"label": 5}, "LABEL"),
    ],
)
def test_text_option_of_another_type_is_refused(given, keyword):
    with pytest.raises(CopyOptionError) as caught:
        build(**given)

    assert (caught.value.rule, caught.value.option) == ("text", keyword)


def test_values_may_be_given_instead_of_texts():
    column = CopyColumn(name=ColumnName("a"))

    statement = build(
        table=TableName(name="t"), external_locations=ExternalLocation.parse(URL), columns=[column, ColumnName("b")]
    )

    assert statement.columns == (column, CopyColumn(name=ColumnName("b")))


def test_error_keeps_its_rule_when_it_is_pickled():
    with pytest.raises(CopyOptionError) as caught:
        build(first_row="0")

    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.rule, copied.option, copied.source) == (
        str(caught.value), "first-row", "FIRSTROW", caught.value.source,
    )  # fmt: skip


def test_error_is_final_and_a_value_error():
    with pytest.raises(CopyOptionError) as caught:
        build(first_row="0")

    assert isinstance(caught.value, SynapseError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.retryable is False
    assert str(caught.value) == (
        "FIRSTROW is below 1 or too large: 0. Give a whole number up to 2147483647; rows are counted from 1. "
        "(Rule first-row; COPY reference 2026-05, FIRSTROW; SqlScriptDOM 2026-05.)"
    )
