"""Reasons as groups."""

import pytest

from airflow_synapse.rejected_rows.reasons import MOST_TEXTS, Reason, ReasonCounter, TextCounter

FOLDED = "Bulk load failed due to invalid column value in CSV data file … in row #, column #"


def groups(*reasons):
    counter = ReasonCounter()
    assert counter.add("".join(f"{reason}\n" for reason in reasons).encode()) == len(reasons)
    return counter.reasons.most_common(), counter.source_files.most_common()


@pytest.mark.parametrize(
    ("reasons", "group"),
    [
        (["row 1", "row 22", "row -3.5", "row 1,000"], "row #"),
        (["on 2013-01-31", "on 1"], "on #"),
        (["'NA' is no number", "'n/a 2' is no number", "'' is no number"], "'…' is no number"),
        (['"a" is too long', '"b c" is too long'], '"…" is too long'),
        (["Offending value: NA", "Offending value: twenty one"], "Offending value: …"),
        (["Offending value: NA (no int)", "Offending value: 1e3 (no int)"], "Offending value: … (no int)"),
        (["no int in file 'a b.csv'", "no int in file 'c.csv'"], "no int in file '…'"),
        (["ärger in Zeile 1", "ärger in Zeile 2"], "ärger in Zeile #"),
        (["it's row 1", "it's row 2"], "it's row #"),
        (["can't read 'NA' as int", "can't read 'Meier' as int"], "can't read '…' as int"),
    ],
)
def test_what_differs_from_row_to_row_is_folded(reasons, group):
    assert groups(*reasons) == ([(group, len(reasons))], [])


def test_reasons_that_differ_otherwise_stay_apart_the_most_frequent_first():
    assert groups("b 1", "a 1", "b 2", "c 1")[0] == [("b #", 2), ("a #", 1), ("c #", 1)]


def test_source_files_are_counted_and_do_not_split_the_groups():
    reason = "Bulk load failed due to invalid column value in CSV data file {} in row {}, column 2"
    found = groups(*(reason.format(file, row) for row, file in enumerate(["in/a 1.csv", "ü.csv", "in/a 1.csv"])))
    assert found == ([(FOLDED, 3)], [("in/a 1.csv", 2), ("ü.csv", 1)])


def test_the_file_of_an_external_table_is_found():
    reason = "1 rows rejected out of total 3 rows processed. (/in/a.txt)Column ordinal: 8, Offending value: x"
    assert groups(reason)[1] == [("/in/a.txt", 1)]
    assert Reason.parse(reason.encode()).source_file == "/in/a.txt"


def test_a_text_that_names_no_file_has_none():
    assert Reason.parse(b"something else (see /help) in row 7") == Reason("something else (see /help) in row 7")


def test_a_block_counts_as_its_parts_do():
    lines = [
        f"Offending value: '{n}' in row {n % 7} of data file f{n % 3}.csv in row {n}\n".encode() for n in range(99)
    ]
    whole, apart = ReasonCounter(), ReasonCounter()
    whole.add(b"".join(lines))
    for line in lines:
        apart.add(line)
    assert whole.reasons.most_common() == apart.reasons.most_common()
    assert whole.source_files.most_common() == apart.source_files.most_common()


def test_a_reason_of_a_megabyte_is_cut():
    ((text, rows),) = groups("x" * 2**20)[0]
    assert (len(text), rows) == (1000, 1)


def test_any_number_of_texts_costs_bounded_memory_and_keeps_the_frequent_ones():
    counter = TextCounter()
    for number in range(20 * MOST_TEXTS):
        counter.add(f"rare {number}", 1)
        counter.add("frequent", 1)
    found = counter.most_common()
    assert found[0] == ("frequent", 20 * MOST_TEXTS)
    assert len(found) <= 2 * MOST_TEXTS
    assert counter.forgotten >= 18 * MOST_TEXTS
