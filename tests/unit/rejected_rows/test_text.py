"""Text of unknown encoding, in pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.rejected_rows.text import LINE_BYTES, TextReader, count_lines, line_text

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


def pieces(content, size):
    return [content[start : start + size] for start in range(0, len(content), size)]


def lines(content, size=1_000_000):
    return [line_text(line) for line in TextReader(pieces(content, size)).lines()]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(
    found=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)),
    size=st.integers(1, 50),
)
def test_lines_come_out_as_they_went_in(encoding, found, size):
    # A header as reject files have it: without a mark, a few letters show the encoding.
    found = ["Bulk load failed", *found]
    content = "".join(f"{line}\n" for line in found).encode(encoding)
    reader = TextReader(pieces(content, size))
    blocks = list(reader.blocks())
    assert b"".join(blocks).decode() == "".join(f"{line}\n" for line in found)
    assert sum(map(count_lines, blocks)) == len(found)
    assert not reader.is_damaged


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\n\r\nb", ["a", "", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"1,x\x00y\n2,x\x00y\n", ["1,x\x00y", "2,x\x00y"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_line_ends_with_a_line_feed_and_the_last_one_need_not(content, expected, size):
    assert lines(content, size) == expected


def test_utf_16_without_a_mark_is_found_by_its_zeros_also_in_other_alphabets():
    text = "名前,東京都,1\n" * 100
    assert lines(text.encode("utf-16-le")) == lines(text.encode("utf-16-be")) == text.splitlines()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\xffb\nc\n", ["a\ufffdb", "c"]),
        ("ä\n".encode("utf-16")[:-3], ["\ufffd"]),
        (b"\xe2\x82", ["\ufffd"]),
    ],
    ids=["a byte that is no text", "half a character", "the beginning of a character"],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_no_text_is_replaced_and_said(content, expected, size):
    reader = TextReader(pieces(content, size))
    assert [line_text(line) for line in reader.lines()] == expected
    assert reader.is_damaged


@pytest.mark.parametrize("size", [1000, LINE_BYTES, 10 * LINE_BYTES])
def test_of_a_long_line_a_part_is_kept_that_shows_that_it_is_one(size):
    content = b"short\n" + b"x" * (3 * LINE_BYTES) + b"\nend\n"
    first, long, last = TextReader(pieces(content, size)).lines()
    assert (first, last) == (b"short", b"end")
    assert len(long) > LINE_BYTES
    assert line_text(long) == "x" * LINE_BYTES


def test_a_line_that_fits_exactly_is_whole():
    (line,) = TextReader([b"x" * LINE_BYTES, b"\n"]).lines()
    assert len(line) == LINE_BYTES
