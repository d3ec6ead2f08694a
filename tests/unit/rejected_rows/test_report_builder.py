"""Reports on files in memory; on files in a storage: tests/integration/rejected_rows."""

import json

from airflow_synapse.rejected_rows.layout import Layout, find_load_folders
from airflow_synapse.rejected_rows.report import FolderRows, TextRows
from airflow_synapse.rejected_rows.report_builder import build_report


def test_error_json_is_counted_by_its_elements(stored):
    errors = [{"Error": f"no number '{n}'", "Row": n, "File": f"in/{n % 2}.csv"} for n in range(2500)]
    folders, open_file = stored({"error.json": json.dumps(errors).encode()}, piece=1000)
    report = build_report(folders, open_file)
    assert report.rows == 2500
    assert report.reasons == (TextRows(text="no number '…'", rows=2500),)
    assert report.source_files == (TextRows(text="in/0.csv", rows=1250), TextRows(text="in/1.csv", rows=1250))
    assert (report.sample[0].reason, report.sample[0].source_file) == ("no number '0'", "in/0.csv")


def test_an_error_json_that_ends_too_early_is_said(stored):
    folders, open_file = stored({"error.json": b'[{"Error": "x"}, {"Err', "row.csv": b"a\nb\n"})
    report = build_report(folders, open_file)
    assert (report.rows, report.rows_at_most) == (1, 2)
    cut_off, counts = report.problems
    assert "error.json is no text" in cut_off
    assert "has 1 reasons for 2 lines of rows" in counts


def test_a_row_of_several_lines_counts_once_and_gets_no_wrong_reason(stored):
    folders, open_file = stored({"a.Row.Txt": b'1,"a\n\nb"\n2\n', "a.Error.Txt": b"x\ny\n", "b.Row.Txt": b"3\n"})
    report = build_report(folders, open_file)
    assert (report.rows, report.rows_at_most) == (3, 5)
    assert [row.raw for row in report.sample] == ['1,"a', "", 'b"', "2", "3"]
    assert {row.reason for row in report.sample} == {None}
    assert report.problems[0] == "load/_rejectedrows/20260131-000000/a has 2 reasons for 4 lines of rows."


def test_without_a_reason_the_lines_of_the_row_file_are_the_rows(stored):
    report = build_report(*stored({"a.Row.Txt": b"1\n\n3\n", "a.Error.Txt": b""}))
    assert (report.rows, report.rows_at_most, [row.raw for row in report.sample]) == (3, None, ["1", "", "3"])


def test_unknown_files_hold_rows_that_nobody_can_count_unless_they_are_empty(stored):
    assert build_report(*stored({"a.Row.Txt": b"1\n", "note.txt": b"hello", "_SUCCESS": b""})).uncounted_files == 1


def test_the_sample_is_taken_from_as_many_pairs_as_it_needs(stored):
    files = {f"{pair}.{kind}.Txt": b"1\n2\n" for pair in "abc" for kind in ("Row", "Error")}
    report = build_report(*stored(files, piece=1), sample_rows=3)
    assert [row.raw for row in report.sample] == ["1", "2", "1"]


def test_what_a_database_refuses_in_json_is_replaced(stored):
    report = build_report(*stored({"a.Row.Txt": b"many letters\x00\n", "a.Error.Txt": b"no number\x00\n"}))
    assert (report.sample[0].raw, report.sample[0].reason) == ("many letters\ufffd", "no number\ufffd")
    assert report.reasons == (TextRows(text="no number\ufffd", rows=1),)
    report = build_report(*stored({"error.json": b'[{"Error": "no", "File": "\\udc00"}]'}))
    assert report.source_files[0].text == report.sample[0].source_file == "\ufffd"


def test_folders_are_listed_from_the_latest_and_only_so_many(stored):
    folders = [stored({"a.Row.Txt": b"1\n"}, folder=f"z/_rejectedrows/20260131-0000{n:02}")[0][0] for n in range(60)]
    report = build_report(folders, lambda file: [b"1\n"])
    assert (report.rows, len(report.folders), report.left_out) == (60, 50, {"folders": 10, "problems": 10})
    assert report.folders[0] == FolderRows(path="z/_rejectedrows/20260131-000059", layout=Layout.COPY, rows=1, files=1)


def test_no_folder_is_an_empty_report():
    report = build_report(find_load_folders([]), lambda file: [], rows_loaded=3)
    assert (report.rows, report.files, report.ratio, report.rows_read) == (0, 0, 0, 3)
