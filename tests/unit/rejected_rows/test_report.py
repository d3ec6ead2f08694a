"""The report, and its bounds."""

import json

from airflow_synapse.rejected_rows.layout import Layout
from airflow_synapse.rejected_rows.report import (
    MOST_BYTES,
    FolderRows,
    RejectedRowsReport,
    SampleRow,
    TextRows,
)

REPORT = RejectedRowsReport(
    rows=606,
    files=2,
    rows_loaded=26_398,
    folders=(FolderRows(path="rejects/_rejectedrows/20130201-000000", layout=Layout.COPY, rows=606, files=2),),
    reasons=(TextRows(text="no number in row #", rows=600), TextRows(text="no date", rows=6)),
    source_files=(TextRows(text="in/a.csv", rows=606),),
    sample=(SampleRow(raw="1,\tNA", reason="no number in row 7", source_file="in/a.csv", source_row=7),),
    problems=("x is unknown.",),
    left_out={"reasons": 3},
)


def test_a_report_comes_back_from_json_as_it_was():
    assert RejectedRowsReport.from_json(json.loads(json.dumps(REPORT.to_json()))) == REPORT


def test_the_json_holds_the_ratio():
    assert REPORT.to_json()["ratio"] == 606 / 27_004


def test_a_ratio_of_unknown_rows_is_unknown_but_zero_is_zero():
    assert RejectedRowsReport(rows=1).ratio is None
    assert RejectedRowsReport(rows=0).ratio == 0


def test_the_table_shows_all_of_it_on_lines_that_fit_into_a_log():
    assert (
        REPORT.to_text()
        == """\
606 of 27,004 rows (2.24 %) were rejected; 2 files.
      rows  reason
       600  no number in row #
         6  no date
            and 3 more
      rows  source file
       606  in/a.csv
      rows  folder
       606  rejects/_rejectedrows/20130201-000000
Some of them:
    1, NA
        no number in row 7
Note: x is unknown."""
    )


def test_a_table_is_cut_to_ten_lines_of_a_length():
    reasons = tuple(TextRows(text=f"{number}" + "x" * 500, rows=1) for number in range(30))
    lines = RejectedRowsReport(rows=30, reasons=reasons).to_text().splitlines()
    assert len(lines) == 13
    assert lines[-1].strip() == "and 20 more"
    assert max(map(len, lines)) < 260


def test_the_json_is_bounded_whatever_a_report_holds_and_says_what_it_left_out():
    text = "ä\x00" * 250
    report = RejectedRowsReport(
        rows=10**6,
        folders=tuple(FolderRows(path=f"{n}" + "p" * 1000, layout=Layout.COPY, rows=1, files=2) for n in range(50)),
        reasons=tuple(TextRows(text=text, rows=1) for _ in range(50)),
        source_files=tuple(TextRows(text=text, rows=1) for _ in range(50)),
        sample=tuple(SampleRow(raw=text, reason=text) for _ in range(1000)),
        problems=(text,) * 50,
        left_out={"sample": 5},
    ).bounded()
    assert len(json.dumps(report.to_json())) <= MOST_BYTES
    assert report.left_out["sample"] == 1005 - len(report.sample)
    assert report.left_out["reasons"] == 50 - len(report.reasons)
    assert report.reasons


def test_a_report_that_fits_stays_as_it_is():
    assert REPORT.bounded() == REPORT
