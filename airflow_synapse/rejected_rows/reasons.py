"""Why rows were rejected: what a reason names, and reasons as groups, without what differs from row to row.

Contents of the files are no contract of any document, so that a reason is any text. What is known of two texts that
pools write is used where it is found, and needed nowhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from airflow_synapse.rejected_rows.text import LINE_BYTES, line_text, split_lines

#: Different texts that are counted apart; the rarest of more are put together.
MOST_TEXTS: Final = 1_000
#: Bytes of a folded reason that count.
_MOST_BYTES: Final = 1_000

# Patterns begin with a fixed text, for which a search is many times faster.
#: The source file. Source: sql-docs issue 4535, "Bulk load failed due to invalid column value in CSV data file
#: zzzz.gzip in row 1, column 1."
_IN_ROW: Final = re.compile(rb" data file (.+?) in row (?=\d)")
_ROW_NUMBER: Final = re.compile(r" data file (?P<file>.+?) in row (?P<row>\d+)")
#: Source: azure-docs issue 11608, "1 rows rejected out of total 3 rows processed. (/path/file.txt)Column ordinal: 8,
#: Expected data type: DECIMAL(8,2), Offending value: ..."
_BEFORE_ORDINAL: Final = re.compile(rb"\((/[^()\n]+)\) ?Column ordinal")
_OFFENDING_VALUE: Final = re.compile(rb"Offending value: [^\n(]*[^\n( ]")
#: What a letter follows ends no quoted value: an apostrophe, as in "can't", begins none.
_QUOTED: Final = (re.compile(rb"'[^'\n]*'(?!\w)"), re.compile(rb'"[^"\n]*"'))
_NUMBER: Final = re.compile(r"-?\d+(?:[.,:/-]\d+)*")
_SAME_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
#: What stands for a file or a value.
_ANY: Final = "…".encode()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one row was rejected.

    :param text: As it was written, on one line.
    :param source_file: The file that it names; None where it names none.
    :param source_row: The row in that file, as the pool counts; None where it names none.
    :param is_cut: Whether the text was longer.
    """

    text: str
    source_file: str | None = None
    source_row: int | None = None
    is_cut: bool = False

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Read a line of a reason file.

        >>> Reason.parse(b"Bulk load failed due to invalid column value in CSV data file a 1.csv in row 7, column 2.")
        ... # doctest: +ELLIPSIS
        Reason(text='Bulk load ...', source_file='a 1.csv', source_row=7, is_cut=False)
        >>> Reason.parse(b"1 rows rejected out of total 3 rows processed. (/in/a.txt)Column ordinal: 8").source_file
        '/in/a.txt'
        """
        text, is_cut = line_text(line), len(line) > LINE_BYTES
        if match := _ROW_NUMBER.search(text):
            return cls(text, match["file"], int(match["row"]), is_cut)
        named = _BEFORE_ORDINAL.search(line)
        return cls(text, named and line_text(named[1]), None, is_cut)


class TextCounter:
    """Counts the rows of texts, of which there may be any number, in bounded memory.

    A text that was rare while others were frequent may lose rows.
    """

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        #: How often a rare text was forgotten.
        self.forgotten = 0

    def add(self, text: str, rows: int) -> None:
        """Count rows."""
        self._rows[text] += rows
        if len(self._rows) > 2 * MOST_TEXTS:
            self._rows = Counter(dict(self._rows.most_common(MOST_TEXTS)))
            self.forgotten += MOST_TEXTS + 1

    def most_common(self) -> list[tuple[str, int]]:
        """Return the texts and their rows, the most frequent first."""
        return sorted(self._rows.items(), key=lambda item: (-item[1], item[0]))


class ReasonCounter:
    """Counts the rows of each folded reason, and of each source file that reasons name.

    It works on whole blocks of lines, where a million calls would take too long: first what differs most is taken out
    of the block, then equal lines are counted, and only one of each kind is folded to its end.
    """

    def __init__(self) -> None:
        self.reasons = TextCounter()
        self.source_files = TextCounter()

    def add(self, block: bytes) -> int:
        """Count a block of whole lines, and return how many they are."""
        block = self._take_files(block, _IN_ROW, b" data file %b in row " % _ANY)
        block = self._take_files(block, _BEFORE_ORDINAL, b"(%b)Column ordinal" % _ANY)
        block = _OFFENDING_VALUE.sub(b"Offending value: %b" % _ANY, block)
        block = _fold_quoted(block).translate(_SAME_DIGITS)
        lines = split_lines(block)
        if max(map(len, lines), default=0) > _MOST_BYTES:
            lines = [line[:_MOST_BYTES] for line in lines]
        for line, rows in Counter(lines).items():
            self.reasons.add(_fold_numbers(line), rows)
        return len(lines)

    def add_all(self, reasons: Sequence[Reason]) -> int:
        """Count reasons that were read already, and return how many they are."""
        for file, rows in Counter(reason.source_file for reason in reasons if reason.source_file).items():
            self.source_files.add(file, rows)
        return self.add(b"".join(reason.text.encode(errors="replace") + b"\n" for reason in reasons))

    def _take_files(self, block: bytes, pattern: re.Pattern[bytes], folded: bytes) -> bytes:
        """Count the files that a pattern finds, and put a fixed text in its place."""
        parts = pattern.split(block)  # texts, with the files between them
        for file, rows in Counter(parts[1::2]).items():
            self.source_files.add(file.decode(errors="replace"), rows)
        return folded.join(parts[0::2])


def _fold_quoted(block: bytes) -> bytes:
    for quoted in _QUOTED:
        mark = quoted.pattern[:1]
        if mark in block:
            block = quoted.sub(mark + _ANY + mark, block)
    return block


def _fold_numbers(line: bytes) -> str:
    return _NUMBER.sub("#", line.decode(errors="replace"))
