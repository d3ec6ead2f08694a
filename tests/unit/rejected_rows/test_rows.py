"""Rows, each with its reason."""

import json

import pytest

from airflow_synapse.rejected_rows.rows import RejectedRow, read_rejected_rows
from airflow_synapse.rejected_rows.text import LINE_BYTES

FOLDER = "load/_rejectedrows/20260131-000000"


def test_line_n_of_one_file_belongs_to_line_n_of_the_other(stored):
    folders, open_file = stored(
        {
            "QID1.Row.Txt": b"1,NA\n2,NA",
            "QID1.Error.Txt": b"invalid value in CSV data file in/a.csv in row 7, column 2\nno number\n",
        }
    )
    first, second = read_rejected_rows(folders, open_file)
    reason = "invalid value in CSV data file in/a.csv in row 7, column 2"
    assert first == RejectedRow(FOLDER, "QID1", 1, reason, "in/a.csv", 7, "1,NA")
    assert second == RejectedRow(FOLDER, "QID1", 2, "no number", None, None, "2,NA")


def test_what_a_missing_file_would_say_is_none(stored):
    folders, open_file = stored({"a.Row.Txt": b"1\n2\n", "b.Error.Txt": b"y\n"})
    found = [(row.prefix, row.raw, row.reason) for row in read_rejected_rows(folders, open_file)]
    assert found == [("a", "1", None), ("a", "2", None), ("b", None, "y")]


def test_rows_and_reasons_stay_apart_where_their_numbers_differ(stored, caplog):
    folders, open_file = stored({"a.Row.Txt": b'1,"a\nb",NA\n2,c,XX\n', "a.Error.Txt": b"NA\nXX\n"})
    found = [(row.number, row.raw, row.reason) for row in read_rejected_rows(folders, open_file)]
    assert found == [
        (1, '1,"a', None),
        (2, 'b",NA', None),
        (3, "2,c,XX", None),
        (1, None, "NA"),
        (2, None, "XX"),
    ]
    assert f"{FOLDER}/a has 2 reasons for 3 lines of rows: they stay apart." in caplog.text


def test_error_json_gives_reason_file_and_row(stored):
    errors = [{"Error": f"no\nnumber {n}", "Row": n, "Column": 2, "Value": "{", "File": "in/ä.csv"} for n in (3, 4)]
    folders, open_file = stored({"error.json": json.dumps(errors, indent=1).encode(), "row.csv": b"a\nb\n"})
    found = [(row.raw, row.reason, row.source_file, row.source_row) for row in read_rejected_rows(folders, open_file)]
    assert found == [("a", "no number 3", "in/ä.csv", 3), ("b", "no number 4", "in/ä.csv", 4)]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"nothing", b'[{"Error": "x"}, {"Err', b'{"a":' * 20_000],
    ids=lambda content: content[:9].decode(),
)
def test_an_error_json_that_is_none_ends_the_reasons(stored, content):
    folders, open_file = stored({"error.json": content, "row.csv": b"a\n"})
    assert [row.raw for row in read_rejected_rows(folders, open_file)] == ["a"]


def test_a_long_row_or_reason_is_cut_and_marked(stored):
    long = b"x" * (LINE_BYTES + 5)
    folders, open_file = stored(
        {"a.Row.Txt": long + b"\n1\n2\n", "a.Error.Txt": b"r\n" + long + b"\nr\n"}, piece=100_000
    )
    found = [(len(row.raw), len(row.reason), row.is_cut) for row in read_rejected_rows(folders, open_file)]
    assert found == [(LINE_BYTES, 1, True), (1, LINE_BYTES, True), (1, 1, False)]


def test_reading_is_lazy(stored):
    folders, _ = stored({"a.Row.Txt": b"", "b.Row.Txt": b""})

    def endless(file):
        while True:
            yield b"row\n" * 10_000

    rows = read_rejected_rows(folders, endless)
    assert [next(rows).number for _ in range(3)] == [1, 2, 3]
