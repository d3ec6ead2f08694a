"""Checking the source files before a load."""

from dataclasses import replace

import pytest

from airflow_synapse.copy import ColumnName, ExternalLocation, TableName, build_statement
from airflow_synapse.exceptions import CopyOptionError, PoolPausedError, SourceFilesError, StatementError
from airflow_synapse.load.compute_size import SERVICE_OBJECTIVE
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.preflight import (
    ON_EMPTY,
    check_columns,
    check_on_empty,
    check_sources,
    no_files,
    run_preflight,
    target_columns,
)
from airflow_synapse.load.source_survey import SourceSurvey
from airflow_synapse.schema.catalog import TableColumn, columns_query
from airflow_synapse.schema.parquet_types import ParquetColumn, ParquetFile
from airflow_synapse.schema.sql_types import SqlType

TABLE_COLUMNS = columns_query(TableName(schema="dbo", name="flights"))
INT_COLUMN = ("id", "int", 4, 10, 0, True, False, 0)
TOO_FEW_GZIP_FILES = SourceSurvey(files=10, bytes=10**12, gzip_files=10)


def statement(file_type="PARQUET", **options):
    return build_statement(
        table="dbo.flights",
        external_locations="https://lake.blob.core.windows.net/landing/in/",
        file_type=file_type,
        **options,
    )


def survey(*physical, files=1):
    footers = tuple(
        ParquetFile(name=f"in/{number}.parquet", columns=(ParquetColumn(name="id", physical=kind),))
        for number, kind in enumerate(physical)
    )
    return SourceSurvey(files=files, bytes=10**9, parquet_files=footers)


class Session:
    """Answers each query by its text, and notes what it was asked."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def fetch(self, sql):
        self.asked.append(sql)
        answer = self.answers[sql]
        if isinstance(answer, Exception):
            raise answer
        return answer


def preflight(session, survey, statement):
    columns = target_columns(session, statement) if survey.parquet_files else ()
    return run_preflight(session, survey, statement, columns)


def test_files_that_fit_give_their_number_and_size():
    result = check_sources(survey("INT32"), statement())
    assert (result.files, result.bytes, result.warnings, result.problems) == (1, 10**9, (), ())
    result.raise_for_problems()


def test_a_wrong_column_is_found_before_the_start():
    session = Session({TABLE_COLUMNS: [INT_COLUMN]})
    result = preflight(session, survey("INT64"), statement())
    assert session.asked == [TABLE_COLUMNS]
    with pytest.raises(
        SourceFilesError,
        match=r"(?s)do not fit.*in/0.parquet, for \[dbo\].\[flights\]: field 1, 'id', is INT64.* is int",
    ) as caught:
        result.raise_for_problems()
    assert not caught.value.retryable


def test_files_with_the_same_problem_share_a_line():
    session = Session({TABLE_COLUMNS: [INT_COLUMN]})
    result = preflight(session, survey("INT64", "INT32", "INT64"), statement())
    assert len(result.problems) == 1
    assert "(2 of the 3 files looked into)" in result.problems[0]


def test_the_column_list_decides_which_field_goes_where():
    session = Session({TABLE_COLUMNS: [INT_COLUMN]})
    result = preflight(session, survey("INT64"), statement(columns=[{"name": "id", "field_number": 2}]))
    assert result.problems == ()
    assert "no field 2" in result.warnings[0]


def test_auto_create_table_turns_problems_into_warnings():
    session = Session({TABLE_COLUMNS: [INT_COLUMN]})
    result = preflight(session, survey("INT64"), statement(auto_create_table="ON"))
    assert result.problems == ()
    assert "is INT64" in result.warnings[0]


def test_only_ten_findings_are_shown():
    columns = tuple(ParquetColumn(name=f"c{number}", physical="INT64") for number in range(15))
    found = SourceSurvey(files=1, bytes=1, parquet_files=(ParquetFile(name="a", columns=columns),))
    rows = [(f"c{number}", *INT_COLUMN[1:]) for number in range(15)]
    problems = preflight(Session({TABLE_COLUMNS: rows}), found, statement()).problems
    assert len(problems) == 11
    assert problems[-1] == "... and 5 more of this kind."


@pytest.mark.parametrize(
    "answer",
    [[], StatementError("no right"), PoolPausedError("just now")],
    ids=["no table", "no right", "paused"],
)
def test_what_the_pool_does_not_tell_is_not_checked(answer):
    assert preflight(Session({TABLE_COLUMNS: answer}), survey("INT64"), statement()).problems == ()


def test_the_pool_is_asked_nothing_that_does_not_matter():
    session = Session({})
    preflight(session, SourceSurvey(files=100, bytes=10**9), statement("CSV"))
    assert session.asked == []


def test_the_performance_level_is_asked_for_compressed_csv():
    session = Session({SERVICE_OBJECTIVE: [("DW1000c",)]})
    (warning,) = preflight(session, TOO_FEW_GZIP_FILES, statement("CSV")).warnings
    assert "Write 120 files" in warning


def test_an_unknown_performance_level_says_nothing():
    session = Session({SERVICE_OBJECTIVE: StatementError("no such function")})
    assert preflight(session, TOO_FEW_GZIP_FILES, statement("CSV")).warnings == ()


@pytest.mark.parametrize(
    ("load", "found", "plain"),
    [
        (statement("CSV"), SourceSurvey(files=2, bytes=9), True),
        (statement("CSV"), SourceSurvey(files=2, bytes=9, gzip_files=1), False),
        (statement("PARQUET"), SourceSurvey(files=2, bytes=9), False),
    ],
    ids=["CSV", "gzip", "Parquet"],
)
def test_plain_text_is_csv_without_compression(load, found, plain):
    assert check_sources(found, load).is_plain_text is plain


@pytest.mark.parametrize("value", ON_EMPTY)
def test_what_to_do_without_files_is_one_of_three(value):
    assert check_on_empty(value) == value


def test_anything_else_is_refused_by_name():
    with pytest.raises(CopyOptionError, match="on_empty is 'ignore', which is none of fail, skip, succeed"):
        check_on_empty("ignore")


def test_locations_without_files_are_named():
    location = ExternalLocation.parse("https://lake.blob.core.windows.net/landing/in/")
    error = no_files([location])
    assert str(location) in str(error)
    assert not error.retryable


ID = TableColumn(name="Id", type=SqlType("int"), is_nullable=False, is_identity=True)
NAME = TableColumn(name="name", type=SqlType("int"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["name", "nmae"]}, r"names \[nmae\], which \[dbo\].\[flights\] has not; its columns are Id, name"),
        ({}, "identity-column-list"),
        ({"columns": ["ID", "name"]}, "identity-column-listed"),
        ({"columns": ["name"], "identity_insert": True}, "identity-column-missing"),
    ],
)
@pytest.mark.parametrize("file_type", ["CSV", "PARQUET", "ORC"])
def test_a_column_list_that_does_not_fit_the_table_is_refused(file_type, options, message):
    with pytest.raises(CopyOptionError, match=message):
        check_columns(statement(file_type, **options), LoadOptions(), (ID, NAME))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"upsert_keys": (ColumnName("id"), ColumnName("idd"))}, r"^upsert_keys names \[idd\], which .* has not"),
        (
            {"upsert_keys": (ColumnName("id"),), "staging_distribution": "HASH([id], nmae)"},
            r"^staging_distribution names \[nmae\], which .* has not; its columns are name, Id\.",
        ),
    ],
)
def test_a_column_of_another_argument_that_the_table_has_not_is_refused(options, message):
    options = LoadOptions(write_disposition="upsert", **options)
    with pytest.raises(CopyOptionError, match=message):
        check_columns(statement("CSV"), options, (NAME, replace(ID, is_identity=False)))
    check_columns(statement("CSV"), options, ())


def test_a_column_list_that_fits_or_that_nothing_is_known_of_is_none_to_refuse():
    check_columns(statement("CSV", columns=["NAME"]), LoadOptions(), (ID, NAME))
    check_columns(statement("CSV"), LoadOptions(), (NAME,))
    check_columns(statement("CSV", columns=["nmae"]), LoadOptions(), ())
    check_columns(statement(auto_create_table="ON"), LoadOptions(), (ID, NAME))
