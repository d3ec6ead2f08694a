"""Cut CSV text into rows and fields, exactly.

This is what a row is; :mod:`.csv_parts` has a faster way for text on which both agree.

Source: RFC 4180, to which the COPY reference points. Assumption: Where RFC 4180 is silent, a quote character opens a
quoted field only at the field's start, and text between the closing quote and the next terminator rejects the row.

Assumption: An empty CSV field is NULL whether it is quoted or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_synapse.local.copy.request import CsvFormat


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    :param start: Offset of its first byte.
    :param end: Offset behind its last byte, before the terminator.
    :param fields: Their bytes, quotes undone; None for an empty one, quoted or not.
    :param next_start: Offset behind its terminator.
    :param problem: Why the row cannot be read; None if it can.
    """

    start: int
    end: int
    fields: tuple[bytes | None, ...]
    next_start: int
    problem: str | None = None


class RowScanner:
    """Finds the rows of text in one CSV format."""

    def __init__(self, csv: CsvFormat) -> None:
        self._quote = csv.quote.encode()
        delimiter = csv.field_terminator.encode()
        terminators = sorted((text.encode() for text in csv.row_terminators), key=len, reverse=True)
        self._longest = max(len(text) for text in (delimiter, *terminators))
        ends = b"|".join(re.escape(text) for text in terminators)
        # The longer alternative wins where one begins with the other.
        field_end = b"(?P<field>" + re.escape(delimiter) + b")"
        row_end = b"(?P<row>" + ends + b")"
        first, second = (field_end, row_end) if len(delimiter) > len(terminators[0]) else (row_end, field_end)
        self._separator = re.compile(first + b"|" + second)
        self._row_end = re.compile(ends)

    def rows(self, text: bytes, *, is_last: bool) -> Iterator[Row]:
        """Yield the rows of ``text``, which begins at the start of a row.

        :param is_last: Whether the file ends here: then the last row needs no terminator. Otherwise a row that is not
            surely complete is left out.
        """
        position = 0
        while position < len(text):
            row = self._row(text, position, is_last=is_last)
            if row is None:
                return
            yield row
            position = row.next_start

    def _row(self, text: bytes, start: int, *, is_last: bool) -> Row | None:
        fields: list[bytes | None] = []
        position = start
        while True:
            value, position, problem = self._field(text, position)
            if problem is not None:
                if not is_last and position + self._longest > len(text):
                    return None  # what follows may be half a terminator
                return self._broken_row(text, start, position, problem, is_last=is_last)
            separator = (
                self._separator.search(text, position) if value is None else self._separator.match(text, position)
            )
            if separator is None:
                if not is_last:
                    return None
                fields.append(value if value is not None else text[position:])
                return Row(start, len(text), tuple(field or None for field in fields), len(text))
            if not is_last and separator.end() + self._longest > len(text):
                return None  # a longer terminator may begin here
            fields.append(value if value is not None else text[position : separator.start()])
            position = separator.end()
            if separator.lastgroup == "row":
                return Row(start, separator.start(), tuple(field or None for field in fields), position)

    def _field(self, text: bytes, position: int) -> tuple[bytes | None, int, str | None]:
        """Read a quoted field; the value is None for a field without quotes, whose end is yet to be found."""
        if not self._quote or not text.startswith(self._quote, position):
            return None, position, None
        closing = position + len(self._quote)
        while True:
            closing = text.find(self._quote, closing)
            if closing < 0:
                return None, len(text), "a quoted field does not end"
            behind = closing + len(self._quote)
            if not text.startswith(self._quote, behind):
                break
            closing = behind + len(self._quote)
        value = text[position + len(self._quote) : closing].replace(self._quote * 2, self._quote)
        if behind < len(text) and not self._separator.match(text, behind):
            return None, behind, "text follows the closing quote of a field"
        return value, behind, None

    def _broken_row(self, text: bytes, start: int, position: int, problem: str, *, is_last: bool) -> Row | None:
        """Go on behind the next row terminator."""
        end = self._row_end.search(text, position)
        if end is None:
            return Row(start, len(text), (), len(text), problem) if is_last else None
        if not is_last and end.end() + self._longest > len(text):
            return None
        return Row(start, end.start(), (), end.end(), problem)
