"""The CSV file of rejected rows, as a reader of RFC 4180 has it."""

import csv
import io
import tracemalloc
from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.rejected_rows.quarantine import COLUMNS, csv_blocks
from airflow_synapse.rejected_rows.rows import RejectedRow

#: What a line of a file can hold, or None for a line that is not there.
LINES = st.none() | st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20)


def row(**fields):
    plain = {"folder": "in/_rejectedrows/20260131-120000", "prefix": "QID1_1_1", "number": 1, "source_row": None}
    return RejectedRow(**{**plain, "reason": "no", "source_file": None, "raw": "1,NA", **fields})


def read(*rows, **arguments):
    """Return the file as mappings; no field has quotes that are not undone."""
    same = {"reject_folder": "https://lake/x", "load_label": "load", "quarantined_by": "0" * 12}
    text = b"".join(csv_blocks(rows, **{**same, **arguments})).decode()
    return [dict(zip(COLUMNS, fields, strict=True)) for fields in csv.reader(io.StringIO(text, newline=""))]


def test_each_field_is_in_its_column():
    (fields,) = read(row(number=7, source_file="in/a.csv", source_row=8))
    assert fields == {
        "reject_folder": "https://lake/x",
        "load_label": "load",
        "quarantined_by": "0" * 12,
        "load_folder": "20260131-120000",
        "file_prefix": "QID1_1_1",
        "row_number": "7",
        "source_file": "in/a.csv",
        "source_row": "8",
        "reason": "no",
        "raw_row": "1,NA",
        "is_cut": "0",
    }


@given(raw=LINES, reason=LINES, source_file=LINES, prefix=LINES)
def test_any_text_comes_back_as_it_was(raw, reason, source_file, prefix):
    first, second = read(row(raw=raw, reason=reason, source_file=source_file, prefix=prefix), row())
    texts = (first["raw_row"], first["reason"], first["source_file"], first["file_prefix"])
    assert texts == (raw or "", reason or "", source_file or "", prefix or "")
    assert second["raw_row"] == "1,NA"


def test_what_is_not_known_is_a_field_without_quotes():
    text = b"".join(csv_blocks([row(raw=None)], reject_folder="x", load_label=None, quarantined_by="0"))
    assert text == b'"x",,"0","20260131-120000","QID1_1_1",1,,,"no",,0\n'


def test_half_of_a_character_does_not_stop_the_file():
    (fields,) = read(row(reason="bad \ud83d"))
    assert fields["reason"] == "bad ?"


def test_a_text_that_is_too_long_ends_where_its_column_does():
    whole, cut, wide, marked = read(
        row(raw="x" * 4000), row(raw="x" * 4001), row(raw="y" + "🛫" * 2000), row(is_cut=True)
    )
    assert (whole["raw_row"], whole["is_cut"]) == ("x" * 4000, "0")
    assert (cut["raw_row"], cut["is_cut"]) == ("x" * 4000, "1")
    assert (wide["raw_row"], wide["is_cut"]) == ("y" + "🛫" * 1999, "1")  # 4,000 units would end within a character
    assert (marked["raw_row"], marked["is_cut"]) == ("1,NA", "1")


def test_the_file_is_never_in_memory_as_a_whole():
    rows = repeat(row(raw="x" * 1000), 50_000)
    tracemalloc.start()
    size = sum(map(len, csv_blocks(rows, reject_folder="x", load_label=None, quarantined_by="0")))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 50_000_000
    assert most < 10_000_000


def test_no_row_is_no_byte():
    assert b"".join(csv_blocks([], reject_folder="x", load_label=None, quarantined_by="0")) == b""
