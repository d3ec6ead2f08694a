"""The fast way to cut CSV text never disagrees with the exact one."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_synapse.local.copy.csv_parts import PartReader
from airflow_synapse.local.copy.request import CsvFormat
from airflow_synapse.local.errors import PoolError

FORMATS = [
    CsvFormat(),
    CsvFormat(row_terminators=("\n",)),
    CsvFormat(row_terminators=("\r\n",)),
    CsvFormat(quote=""),
    CsvFormat(quote="'", field_terminator=";"),
    CsvFormat(field_terminator="\0"),
]

_FIELDS = st.one_of(
    st.text("ab,;\"'\n\r é", max_size=4), st.sampled_from(["", "1", '""', '"a"', '"a,b"', "\ufffd", "\0"])
)
_QUOTED = st.text("ab,\"'\n é", max_size=4).map(lambda text: '"' + text.replace('"', '""') + '"')
_REGULAR = st.lists(st.lists(st.one_of(_QUOTED, st.text("ab é", max_size=3)), min_size=2, max_size=2), max_size=12)
_IRREGULAR = st.lists(st.lists(_FIELDS, min_size=1, max_size=4), max_size=12)
_TEXTS = st.builds(
    lambda rows, end, last: end.join(",".join(row) for row in rows) + (end if last else ""),
    st.one_of(_REGULAR, _IRREGULAR),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)


def _read(
    content: bytes, csv: CsvFormat, numbers: list[int], *, exact: bool, fast: bool, part_bytes: int, chunk: int
) -> list[tuple[tuple[object, ...], str | None, bytes]]:
    reader = PartReader(csv, numbers, exact=exact, part_bytes=part_bytes, fast=fast)
    chunks = (content[start : start + chunk] for start in range(0, len(content), chunk))
    return [
        (tuple(column[index].as_py() for column in part.columns), part.problems.get(index), part.raw_row(index))
        for part in reader.parts(chunks)
        for index in range(part.row_count)
    ]


@pytest.mark.parametrize("csv", FORMATS, ids=str)
@given(
    text=_TEXTS,
    numbers=st.sampled_from([[1, 2], [2], [1, 2, 3]]),
    exact=st.booleans(),
    part_bytes=st.sampled_from([1000, 200]),
    chunk=st.integers(1, 70),
)
@example(text='"a"b,c\nd,e\n', numbers=[1, 2], exact=True, part_bytes=1000, chunk=50)
@example(text='a,5" b\n"c\nd",6" e\n', numbers=[1, 2], exact=True, part_bytes=1000, chunk=50)
@example(text="a,b\rc,d\n", numbers=[1, 2], exact=True, part_bytes=1000, chunk=50)
@example(text="a,b\n\n", numbers=[1, 2], exact=True, part_bytes=1000, chunk=50)
@example(text="a\n\n\n", numbers=[1, 2], exact=False, part_bytes=1000, chunk=50)
@example(text='a,"b\nc"\nd,"e\n', numbers=[1, 2], exact=True, part_bytes=1000, chunk=5)
@example(text='a,5" b\n"c",d\n', numbers=[1, 2], exact=True, part_bytes=1000, chunk=50)
@example(text='a,"b""",c\n', numbers=[1, 2], exact=False, part_bytes=1000, chunk=50)
@example(text="a,b\r\nc,d\ne,f\rg\n", numbers=[1, 2], exact=True, part_bytes=1000, chunk=50)
@settings(max_examples=60, deadline=None)
def test_both_ways_cut_the_same_rows(
    csv: CsvFormat, text: str, numbers: list[int], exact: bool, part_bytes: int, chunk: int
) -> None:
    content = text.encode()
    slow = _read(content, csv, numbers, exact=exact, fast=False, part_bytes=10**6, chunk=10**6)
    assert _read(content, csv, numbers, exact=exact, fast=True, part_bytes=part_bytes, chunk=chunk) == slow


@pytest.mark.parametrize("fast", [True, False])
@given(rows=st.lists(st.tuples(st.text('ab,"\n\r', max_size=5), st.text('ab,"\n', max_size=5)), max_size=20))
@settings(max_examples=100, deadline=None)
def test_what_is_written_by_rfc_4180_is_read_back(fast: bool, rows: list[tuple[str, str]]) -> None:
    quoted = [['"' + field.replace('"', '""') + '"' for field in row] for row in rows]
    content = "".join(",".join(row) + "\r\n" for row in quoted).encode()
    read = _read(content, CsvFormat(), [1, 2], exact=True, fast=fast, part_bytes=300, chunk=7)
    assert [fields for fields, _, _ in read] == [tuple(field or None for field in row) for row in rows]


def test_regular_text_takes_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PartReader, "_scanned_part", None)
    content = b'1,"a ""b"", c"\r\n2,"d\r\ne"\r\n'
    fields = _read(content, CsvFormat(), [1, 2], exact=True, fast=True, part_bytes=1000, chunk=1000)
    assert [row for row, _, _ in fields] == [("1", 'a "b", c'), ("2", "d\r\ne")]


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    rows = _read(b"a\xff,b\n", CsvFormat(), [1, 2], exact=True, fast=True, part_bytes=100, chunk=100)
    assert rows == [(("a\ufffd", "b"), None, b"a\xff,b")]


@pytest.mark.parametrize("fast", [True, False])
def test_a_row_that_never_ends_is_an_error(fast: bool) -> None:
    reader = PartReader(CsvFormat(), [1], exact=True, part_bytes=100, fast=fast)
    with pytest.raises(PoolError, match="a row does not end within 200 bytes"):
        list(reader.parts(iter([b'"' + b"x" * 90] + [b"x" * 50] * 10)))


@pytest.mark.parametrize("content", [b"\n", b"\na\n", b"a\n\n", b"a\n\n\nb\n\n", b"a\r\n\r\n", b'"\n\n"\n'])
def test_blank_rows_of_one_column_are_rows(content: bytes) -> None:
    ways = [
        _read(content, CsvFormat(), [1], exact=True, fast=fast, part_bytes=100, chunk=100) for fast in (True, False)
    ]
    assert ways[0] == ways[1]
