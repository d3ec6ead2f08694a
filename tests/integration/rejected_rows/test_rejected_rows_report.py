"""Files of rejected rows of every kind, read from the real emulator."""

import json
import tracemalloc

import pytest

from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.rejected_rows.layout import Layout
from airflow_synapse.rejected_rows.report import FolderRows, RejectedRowsReport, TextRows
from airflow_synapse.rejected_rows.text import LINE_BYTES

REASON = (
    "Bulk load failed due to invalid column value in CSV data file {file} in row {row}, column 2. Offending value: NA"
)


def reasons(*files):
    return "".join(REASON.format(file=file, row=row) + "\n" for row, file in enumerate(files, start=1))


def rows_of(lake_hook, location):
    """Return the rows, which the report counts too."""
    found = list(lake_hook.read_rejected_rows(location))
    assert lake_hook.rejected_rows_report(location).rows == len(found)
    return found


def test_a_folder_without_rejected_rows_is_an_empty_report(lake_hook, location):
    report = lake_hook.rejected_rows_report(location, rows_loaded=7)
    assert report == RejectedRowsReport(rows_loaded=7)
    assert report.ratio == 0


def test_rows_are_grouped_by_folder_reason_and_source_file(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", b"1,NA\n2,NA\n3,NA\n")
    put("QID1_1_1.Error.Txt", reasons("in/a.csv", "in/a.csv", "in/b 1.csv").encode())
    put("QID9_1_2.ROW.TXT", b"4,NA\r\n5,NA", time="20260131-000001")
    put("QID9_1_2.error.txt", b"no number in row 4\r\nno number in row 5", time="20260131-000001")
    report = lake_hook.rejected_rows_report(location, rows_loaded=95)
    folders = [("load/_rejectedrows/20260131-000001", 2), ("load/_rejectedrows/20260131-000000", 3)]
    assert report == RejectedRowsReport(
        rows=5,
        files=4,
        rows_loaded=95,
        folders=tuple(FolderRows(path=path, layout=Layout.COPY, rows=rows, files=2) for path, rows in folders),
        reasons=(
            TextRows(
                text=REASON.format(file="…", row="#").replace("2. Offending value: NA", "#. Offending value: …"), rows=3
            ),
            TextRows(text="no number in row #", rows=2),
        ),
        source_files=(TextRows(text="in/a.csv", rows=2), TextRows(text="in/b 1.csv", rows=1)),
        sample=report.sample,
    )
    assert [(row.raw, row.source_file, row.source_row) for row in report.sample] == [
        ("1,NA", "in/a.csv", 1),
        ("2,NA", "in/a.csv", 2),
        ("3,NA", "in/b 1.csv", 3),
        ("4,NA", None, None),
        ("5,NA", None, None),
    ]
    assert report.ratio == 0.05


def test_a_folder_may_be_given_by_its_url(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", b"1\n")
    assert lake_hook.rejected_rows_report(location.url).rows == 1
    assert [row.raw for row in lake_hook.read_rejected_rows(location.url)] == ["1"]


def test_the_files_of_other_loads_are_not_read(lake_hook, location, put, container):
    put("QID1_1_1.Row.Txt", b"1\n")
    container.upload_blob("load-2/_rejectedrows/20260131-000000/QID2_1_1.Row.Txt", b"1\n")
    assert lake_hook.rejected_rows_report(location).rows == 1


def test_the_sample_is_bounded_and_can_be_turned_off(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", b"0123456789\n" * 50)
    put("QID1_1_1.Error.Txt", b"reason that is long\n" * 50)
    report = lake_hook.rejected_rows_report(location, sample_rows=3, sample_characters=4)
    assert [(row.raw, row.reason) for row in report.sample] == [("0123", "reas")] * 3
    assert "0123" not in json.dumps(lake_hook.rejected_rows_report(location, sample_rows=0).to_json())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("raw", ["1,NA", "ä,ﬆ😀", "名前,東京"], ids=["latin", "signs", "chinese"])
def test_text_is_read_in_every_encoding(lake_hook, location, put, encoding, raw):
    text = f"{raw},1\r\n" * 500
    put("QID1_1_1.Row.Txt", text.encode(encoding))
    put("QID1_1_1.Error.Txt", text.encode(encoding))
    found = rows_of(lake_hook, location)
    assert {(row.raw, row.reason) for row in found} == {(f"{raw},1", f"{raw},1")}
    assert len(found) == 500
    assert not lake_hook.rejected_rows_report(location).problems


def test_names_with_spaces_and_other_letters(lake_hook, location, put):
    put("QID1 über.Row.Txt", b"1\n")
    put("QID1 über.Error.Txt", reasons("in/Flüge 2013 東京.csv").encode())
    (row,) = rows_of(lake_hook, location)
    assert (row.prefix, row.source_file) == ("QID1 über", "in/Flüge 2013 東京.csv")


def test_utf_16_that_is_cut_off_is_read_as_far_as_it_goes_and_said(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", "1,NA\n2,NÄ\n".encode("utf-16")[:-3])
    put("QID1_1_1.Error.Txt", b"a\nb\n")
    assert [row.raw for row in rows_of(lake_hook, location)] == ["1,NA", "2,N\ufffd"]
    (problem,) = lake_hook.rejected_rows_report(location).problems
    assert "QID1_1_1.Row.Txt is no text" in problem


def test_binary_files_are_read_and_said_to_be_no_text(lake_hook, location, put):
    content = bytes(range(256)) * 40
    put("QID1_1_1.Row.Txt", content)
    put("QID1_1_1.Error.Txt", b"reason\n" * 41)
    assert len(rows_of(lake_hook, location)) == 41
    assert "is no text" in lake_hook.rejected_rows_report(location).problems[0]


def test_empty_files_hold_no_rows(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", b"")
    put("QID1_1_1.Error.Txt", b"")
    assert rows_of(lake_hook, location) == []
    assert lake_hook.rejected_rows_report(location).problems == ()


def test_a_missing_partner_and_an_unknown_name_are_said(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", b"1\n2\n")
    put("QID1_1_2.Error.Txt", b"reason\n")
    put("note.txt", b"hello")
    report = lake_hook.rejected_rows_report(location)
    assert (report.rows, report.files) == (3, 3)
    assert report.problems == (
        "load/_rejectedrows/20260131-000000/note.txt is neither a reason file nor a row file.",
        "load/_rejectedrows/20260131-000000/QID1_1_1 has a row file, but no reason file.",
        "load/_rejectedrows/20260131-000000/QID1_1_2 has a reason file, but no row file.",
    )
    assert [(row.raw, row.reason) for row in rows_of(lake_hook, location)] == [
        ("1", None),
        ("2", None),
        (None, "reason"),
    ]


def test_a_row_file_that_is_still_written_has_fewer_rows_than_reasons(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", b"1\n")
    put("QID1_1_1.Error.Txt", b"reason\nreason\n")
    assert lake_hook.rejected_rows_report(location).problems == (
        "load/_rejectedrows/20260131-000000/QID1_1_1 has 2 reasons for 1 lines of rows.",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_of_100_mb_is_not_held_in_memory(azurite, new_connection, location, put, encoding):
    # Not through the proxy, which holds every answer too.
    new_connection("direct", conn_type="wasb", host=azurite.endpoint("lake"), password=azurite.key("lake").reveal())
    put("QID1_1_1.Row.Txt", ("x" * (100_000_000 // (1 if encoding == "utf-8" else 2)) + "\nend\n").encode(encoding))
    put("QID1_1_1.Error.Txt", b"too long\nreason\n")
    tracemalloc.start()
    try:
        found = rows_of(SynapseStorageHook("direct"), location)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(len(row.raw), row.is_cut) for row in found] == [(LINE_BYTES, True), (3, False)]
    assert peak < 130_000_000  # pieces of 8 MB, several times each; the line itself would come on top
