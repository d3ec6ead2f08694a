"""Each option of the statement: the value, and the SQL it becomes."""

from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest

from airflow_synapse.copy import (
    ColumnName,
    CopyColumn,
    CopyStatement,
    CsvOptions,
    ErrorFile,
    ExternalFileFormat,
    ExternalLocation,
    ManagedIdentity,
    OrcOptions,
    ParquetOptions,
    SharedAccessSignature,
    TableName,
)
from airflow_synapse.copy.keywords import OPTIONS
from airflow_synapse.secret import Secret

URL = "https://lake.blob.core.windows.net/landing/flights/"


def statement(**given):
    return CopyStatement(
        **{
            "target": TableName.parse("dbo.flights"),
            "external_locations": (ExternalLocation.parse(URL),),
            **given,
        }
    )


def csv(**given):
    return {"file_options": CsvOptions(**given)}


ARCHIVE = "https://archive.blob.core.windows.net/rejects/flights/"
SAS = SharedAccessSignature(token=Secret("?sv=2018&sig=a%2Fb"))

OPTION_TABLE = [
    # the option's keyword, the fields of the statement, the lines between the brackets of WITH
    ("FILE_TYPE", csv(), ["FILE_TYPE = 'CSV'"]),
    ("FILE_TYPE", {"file_options": ParquetOptions()}, ["FILE_TYPE = 'PARQUET'"]),
    ("FILE_TYPE", {"file_options": OrcOptions()}, ["FILE_TYPE = 'ORC'"]),
    ("FILE_FORMAT", {"file_options": ExternalFileFormat(name="f")}, ["FILE_FORMAT = [f]"]),
    ("FILE_FORMAT", {"file_options": ExternalFileFormat(name="a]b", file_type="ORC")}, ["FILE_FORMAT = [a]]b]"]),
    ("CREDENTIAL", {"credential": ManagedIdentity()}, ["CREDENTIAL = (IDENTITY = 'Managed Identity')"]),
    ("CREDENTIAL", {"credential": SAS},
     ["CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '?sv=2018&sig=a%2Fb')"]),
    ("ERRORFILE", {"error_file": ErrorFile(directory="/rejects")}, ["ERRORFILE = '/rejects'"]),
    ("ERRORFILE", {"error_file": ErrorFile(directory=ARCHIVE)}, [f"ERRORFILE = '{ARCHIVE}'"]),
    ("ERRORFILE_CREDENTIAL", {"error_file": ErrorFile(directory=ARCHIVE, credential=ManagedIdentity())},
     [f"ERRORFILE = '{ARCHIVE}'", "ERRORFILE_CREDENTIAL = (IDENTITY = 'Managed Identity')"]),
    ("MAXERRORS", {"max_errors": 0}, ["MAXERRORS = 0"]),
    ("MAXERRORS", {"max_errors": 2147483647}, ["MAXERRORS = 2147483647"]),
    ("COMPRESSION", csv(compression="GZIP"), ["FILE_TYPE = 'CSV'", "COMPRESSION = 'GZIP'"]),
    ("COMPRESSION", csv(compression="NONE"), ["FILE_TYPE = 'CSV'", "COMPRESSION = 'NONE'"]),
    ("COMPRESSION", {"file_options": ParquetOptions(compression="Snappy")},
     ["FILE_TYPE = 'PARQUET'", "COMPRESSION = 'Snappy'"]),
    ("COMPRESSION", {"file_options": ParquetOptions(compression="GZIP")},
     ["FILE_TYPE = 'PARQUET'", "COMPRESSION = 'GZIP'"]),
    ("COMPRESSION", {"file_options": OrcOptions(compression="DefaultCodec")},
     ["FILE_TYPE = 'ORC'", "COMPRESSION = 'DefaultCodec'"]),
    ("COMPRESSION", {"file_options": OrcOptions(compression="Snappy")},
     ["FILE_TYPE = 'ORC'", "COMPRESSION = 'Snappy'"]),
    ("FIELDQUOTE", csv(field_quote='"'), ["FILE_TYPE = 'CSV'", "FIELDQUOTE = '\"'"]),
    ("FIELDQUOTE", csv(field_quote="'"), ["FILE_TYPE = 'CSV'", "FIELDQUOTE = ''''"]),
    ("FIELDQUOTE", csv(field_quote=""), ["FILE_TYPE = 'CSV'", "FIELDQUOTE = ''"]),
    ("FIELDQUOTE", csv(field_quote="0x22"), ["FILE_TYPE = 'CSV'", "FIELDQUOTE = '0x22'"]),
    ("FIELDTERMINATOR", csv(field_terminator="|"), ["FILE_TYPE = 'CSV'", "FIELDTERMINATOR = '|'"]),
    ("FIELDTERMINATOR", csv(field_terminator="~|~"), ["FILE_TYPE = 'CSV'", "FIELDTERMINATOR = '~|~'"]),
    ("FIELDTERMINATOR", csv(field_terminator="\t"), ["FILE_TYPE = 'CSV'", "FIELDTERMINATOR = '0x09'"]),
    ("FIELDTERMINATOR", csv(field_terminator=r"\t"), ["FILE_TYPE = 'CSV'", r"FIELDTERMINATOR = '\t'"]),
    ("FIELDTERMINATOR", csv(field_terminator="§", encoding="UTF16"),
     ["FILE_TYPE = 'CSV'", "FIELDTERMINATOR = N'§'", "ENCODING = 'UTF16'"]),
    ("ROWTERMINATOR", csv(row_terminator="\n"), ["FILE_TYPE = 'CSV'", "ROWTERMINATOR = '0x0A'"]),
    ("ROWTERMINATOR", csv(row_terminator="\r\n"), ["FILE_TYPE = 'CSV'", "ROWTERMINATOR = '0x0D0A'"]),
    ("ROWTERMINATOR", csv(row_terminator="0X0A"), ["FILE_TYPE = 'CSV'", "ROWTERMINATOR = '0X0A'"]),
    ("ROWTERMINATOR", csv(row_terminator=r"\n"), ["FILE_TYPE = 'CSV'", r"ROWTERMINATOR = '\n'"]),
    ("FIRSTROW", csv(first_row=2), ["FILE_TYPE = 'CSV'", "FIRSTROW = 2"]),
    ("DATEFORMAT", csv(date_format="ydm"), ["FILE_TYPE = 'CSV'", "DATEFORMAT = 'ydm'"]),
    ("ENCODING", csv(encoding="UTF8"), ["FILE_TYPE = 'CSV'", "ENCODING = 'UTF8'"]),
    ("ENCODING", csv(encoding="UTF16"), ["FILE_TYPE = 'CSV'", "ENCODING = 'UTF16'"]),
    ("IDENTITY_INSERT", {"identity_insert": True}, ["IDENTITY_INSERT = 'ON'"]),
    ("IDENTITY_INSERT", {"identity_insert": False}, ["IDENTITY_INSERT = 'OFF'"]),
    ("AUTO_CREATE_TABLE", {"file_options": ParquetOptions(), "auto_create_table": True},
     ["FILE_TYPE = 'PARQUET'", "AUTO_CREATE_TABLE = 'ON'"]),
    ("AUTO_CREATE_TABLE", {"auto_create_table": False}, ["AUTO_CREATE_TABLE = 'OFF'"]),
]  # fmt: skip


@pytest.mark.parametrize(("keyword", "given", "lines"), OPTION_TABLE)
def test_option_becomes_its_line_of_sql(keyword, given, lines):
    options = ",\n".join(f"    {line}" for line in lines)

    assert statement(**given).to_sql() == f"COPY INTO [dbo].[flights]\nFROM '{URL}'\nWITH (\n{options}\n)"


def test_every_documented_option_has_a_line_in_the_table():
    assert {keyword for keyword, _, _ in OPTION_TABLE} == {option.keyword for option in OPTIONS}


def test_statement_without_options_has_no_with_clause():
    assert statement().to_sql() == f"COPY INTO [dbo].[flights]\nFROM '{URL}'"


def test_several_locations_stand_one_a_line():
    second = "https://lake.blob.core.windows.net/landing/more/*.csv"
    sql = statement(external_locations=(ExternalLocation.parse(URL), ExternalLocation.parse(second))).to_sql()

    assert sql == f"COPY INTO [dbo].[flights]\nFROM '{URL}',\n     '{second}'"


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        (CopyColumn(name=ColumnName("a")), "[a]"),
        (CopyColumn(name=ColumnName("a b]"), field_number=3), "[a b]]] 3"),
        (CopyColumn(name=ColumnName("a"), default="it's"), "[a] DEFAULT 'it''s'"),
        (CopyColumn(name=ColumnName("a"), default=""), "[a] DEFAULT ''"),
        (CopyColumn(name=ColumnName("a"), default=0, field_number=1), "[a] DEFAULT 0 1"),
        (CopyColumn(name=ColumnName("a"), default=-1.5), "[a] DEFAULT -1.5"),
        (CopyColumn(name=ColumnName("a"), default=Decimal("0.10")), "[a] DEFAULT 0.10"),
        (CopyColumn(name=ColumnName("a"), default=b"\x00\xff"), "[a] DEFAULT 0x00FF"),
        (CopyColumn(name=ColumnName("a"), default=True), "[a] DEFAULT 1"),
    ],
)
def test_column_becomes_its_entry_of_the_column_list(column, sql):
    columns = (column, CopyColumn(name=ColumnName("last")))

    assert statement(columns=columns).to_sql().startswith(f"COPY INTO [dbo].[flights] ({sql}, [last])\n")


@pytest.mark.parametrize(
    ("label", "literal"), [("COPY : Load [dbo].[Date]", "'COPY : Load [dbo].[Date]'"), ("a'b", "'a''b'")]
)
def test_label_becomes_the_option_clause(label, literal):
    assert statement(label=label).to_sql().endswith(f"\nOPTION (LABEL = {literal})")


def test_redacted_sql_hides_both_secrets_and_nothing_else():
    given = {
        "credential": SAS,
        "error_file": ErrorFile(directory=ARCHIVE, credential=SharedAccessSignature(token=Secret("other'secret"))),
        "label": "flights",
    }
    redacted = statement(**given).redacted_sql()

    assert redacted.count("SECRET = '***'") == 2
    assert statement(**given).to_sql() == redacted.replace("***", "?sv=2018&sig=a%2Fb", 1).replace(
        "***", "other''secret", 1
    )


def test_statement_is_equal_by_value_and_cannot_be_changed():
    assert statement(max_errors=1) == statement(max_errors=1)
    assert statement(max_errors=1) != statement(max_errors=2)
    with pytest.raises(FrozenInstanceError):
        statement().max_errors = 5


def test_statement_takes_keywords_only():
    with pytest.raises(TypeError):
        CopyStatement(TableName.parse("t"), (ExternalLocation.parse(URL),))
