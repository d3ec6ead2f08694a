"""Cut CSV text into parts of whole rows, each with its fields as columns of text.

Where the text is regular, numpy finds the end of the last whole row and Arrow cuts the fields, both many times faster
than :class:`~.csv_rows.RowScanner`. Regular means that Arrow and the scanner agree: one-byte signs, rows that end as
the format says, quotes only where RFC 4180 has them, as many fields in each row. Everything else goes to the scanner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from airflow_synapse.local.copy.csv_rows import Row, RowScanner
from airflow_synapse.local.copy.errors import copy_failed
from airflow_synapse.local.copy.request import CsvFormat

#: Bytes of text that are cut at a time; more are no faster. A row of twice the size is taken for a missing terminator.
PART_BYTES: Final = 16 * 2**20
_SCANNED_ROWS: Final = 20_000
_ARROW_BLOCK_BYTES: Final = 4 * 2**20
_LF, _CR = b"\n"[0], b"\r"[0]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one file.

    :param columns: A column of nullable text for each field number that was asked for, in that order.
    :param problems: Why a row cannot be read, by index; such a row is NULL in all columns.
    :param raw_row: Returns the bytes of the row with that index, without its terminator.
    :param bytes_read: Bytes of text that the rows take.
    """

    columns: list[pa.ChunkedArray]
    row_count: int
    raw_row: Callable[[int], bytes]
    bytes_read: int
    problems: dict[int, str] = field(default_factory=dict)


class PartReader:
    """Reads the parts of one file.

    :param field_numbers: The fields wanted, from 1, each once.
    :param exact: Whether a row must have as many fields as the highest field number; else further ones are ignored.
        Assumption: A CSV row with fewer fields than the load needs is rejected, and so is one with more fields than the
        table has columns; with a column list, fields beyond the highest field number are ignored.
    """

    def __init__(
        self, csv: CsvFormat, field_numbers: list[int], *, exact: bool, part_bytes: int = PART_BYTES, fast: bool = True
    ) -> None:
        self._csv = csv
        self._field_numbers = field_numbers
        self._needed = max(field_numbers)
        self._exact = exact
        self._part_bytes = part_bytes
        self._scanner = RowScanner(csv)
        self._fast = fast and _has_simple_signs(csv)

    def parts(self, chunks: Iterator[bytes]) -> Iterator[Part]:
        """Yield the parts of a file, in order.

        :raises PoolError: A row does not end within a part's size.
        """
        for text, is_last in self._texts(chunks):
            part = self._fast_part(text, is_last=is_last) if self._fast else None
            if part is not None:
                self._consumed = part.bytes_read
                yield part
                continue
            self._consumed = 0
            for scanned in self._scanned_parts(text, is_last=is_last):
                self._consumed += scanned.bytes_read
                yield scanned

    def _texts(self, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Yield text that begins with a row; what the consumer leaves is put before the next."""
        collected, size, wanted = [], 0, self._part_bytes
        for chunk in chunks:
            collected.append(chunk)
            size += len(chunk)
            if size < wanted:
                continue
            text = b"".join(collected)
            yield text, False
            if not self._consumed and wanted > self._part_bytes:
                raise copy_failed(f"a row does not end within {wanted} bytes; is a quote or a row terminator missing?")
            wanted = self._part_bytes if self._consumed else 2 * self._part_bytes
            rest = text[self._consumed :]
            collected, size = [rest], len(rest)
        text = b"".join(collected)
        if text:
            yield text, True

    # The fast way

    def _fast_part(self, text: bytes, *, is_last: bool) -> Part | None:
        signs = np.frombuffer(text, np.uint8)
        quotes = self._quote_positions(signs, text)
        if quotes is None or (is_last and len(quotes) % 2) or not self._has_regular_row_ends(text):
            return None
        end = len(text) if is_last else _end_of_rows(text, quotes)
        if not end:
            return None
        first = next(self._scanner.rows(text, is_last=is_last), None)
        width = len(first.fields) if first is not None else 0
        if width < self._needed or (self._exact and width > self._needed):
            return None
        rows = _RawRows(text, signs, quotes)
        if rows.has_blank_row():
            return None  # Arrow takes it for a row of NULL, or for none
        try:
            table = self._read_with_arrow(memoryview(text)[:end], width, has_quotes=bool(len(quotes)))
        except pa.ArrowInvalid:  # a row with another number of fields, or bytes that are not UTF-8
            return None
        return Part(table.columns, table.num_rows, rows, end)

    def _quote_positions(self, signs: NDArray[np.uint8], text: bytes) -> NDArray[np.intp] | None:
        """Return where quotes are, None if one stands where RFC 4180 has none.

        If every other quote, from the first, follows a terminator or a quote, and every other, from the second,
        precedes one, then an even number of quotes before a place means that the place is outside of quotes.
        """
        quote = self._csv.quote.encode()
        if not quote or quote not in text:
            return np.empty(0, np.intp)
        positions = np.flatnonzero(signs == quote[0])
        before = signs[positions[0::2] - 1]  # of a quote at the very start it is the last byte, which is put right here
        if not positions[0]:
            before[0] = _LF
        behind = signs[np.minimum(positions[1::2] + 1, len(signs) - 1)]  # of a quote at the very end it is that quote
        delimiter = self._csv.field_terminator.encode()[0]
        is_opened = (before == delimiter) | (before == _LF) | (before == quote[0])
        is_closed = (behind == delimiter) | (behind == _LF) | (behind == _CR) | (behind == quote[0])
        return positions if is_opened.all() and is_closed.all() else None

    def _has_regular_row_ends(self, text: bytes) -> bool:
        """Arrow ends rows at LF, CRLF and CR: whichever of them the format does not know must be absent."""
        carriage_returns = text.count(b"\r")
        if self._csv.row_terminators == ("\n",):
            return carriage_returns == 0
        pairs = text.count(b"\r\n") if carriage_returns else 0
        if carriage_returns != pairs:
            return False
        return self._csv.row_terminators != ("\r\n",) or pairs == text.count(b"\n")

    def _read_with_arrow(self, text: memoryview, width: int, *, has_quotes: bool) -> pa.Table:
        names = [str(number) for number in range(1, width + 1)]
        wanted = [str(number) for number in self._field_numbers]
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(text)),
            # With threads it takes half as much time again of the processor, which downloads and inserts need too.
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=_ARROW_BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._csv.field_terminator,
                quote_char=self._csv.quote or False,
                newlines_in_values=has_quotes,
                ignore_empty_lines=False,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )

    # The exact way

    def _scanned_parts(self, text: bytes, *, is_last: bool) -> Iterator[Part]:
        rows: list[Row] = []
        for row in self._scanner.rows(text, is_last=is_last):
            rows.append(row)
            if len(rows) == _SCANNED_ROWS:
                yield self._scanned_part(text, rows)
                rows = []
        if rows:
            yield self._scanned_part(text, rows)

    def _scanned_part(self, text: bytes, rows: list[Row]) -> Part:
        columns: list[list[str | None]] = [[] for _ in self._field_numbers]
        problems: dict[int, str] = {}
        for index, row in enumerate(rows):
            problem = row.problem or self._wrong_width(len(row.fields))
            if problem is not None:
                problems[index] = problem
            for column, number in zip(columns, self._field_numbers, strict=True):
                value = row.fields[number - 1] if problem is None else None
                column.append(None if value is None else value.decode("utf-8", "replace"))
        arrays = [pa.chunked_array([pa.array(column, pa.string())]) for column in columns]
        return Part(
            arrays,
            len(rows),
            lambda index: text[rows[index].start : rows[index].end],
            rows[-1].next_start - rows[0].start,
            problems,
        )

    def _wrong_width(self, width: int) -> str | None:
        if width < self._needed or (self._exact and width > self._needed):
            return f"the row has {width} fields, {self._needed} are expected"
        return None


class _RawRows:
    """Finds rows in regular text, when one is asked for."""

    def __init__(self, text: bytes, signs: NDArray[np.uint8], quotes: NDArray[np.intp]) -> None:
        self._text = text
        self._signs = signs
        self._quotes = quotes
        self._line_ends = np.flatnonzero(signs == _LF)

    def has_blank_row(self) -> bool:
        """Return whether a row has no characters, or none but a CR."""
        if not np.any(np.diff(self._line_ends, prepend=-1) <= 2):
            return False  # which looks at lines inside of quotes too, and takes far less time
        ends = self._row_ends
        lengths = np.diff(ends, prepend=-1) - 1
        return bool(np.any(lengths == 0) or np.any(self._signs[ends[lengths == 1] - 1] == _CR))

    def __call__(self, index: int) -> bytes:
        ends = self._row_ends
        start = int(ends[index - 1]) + 1 if index else 0
        end = int(ends[index]) if index < len(ends) else len(self._text)
        return self._text[start:end].removesuffix(b"\r")

    @cached_property
    def _row_ends(self) -> NDArray[np.intp]:
        is_outside = np.searchsorted(self._quotes, self._line_ends) % 2 == 0
        ends: NDArray[np.intp] = self._line_ends[is_outside]
        return ends


def _has_simple_signs(csv: CsvFormat) -> bool:
    signs = (csv.field_terminator.encode(), csv.quote.encode())
    ends = {("\n",), ("\r\n",), ("\r\n", "\n")}
    has_bytes = len(signs[0]) == 1 and len(signs[1]) <= 1 and b"\0" not in signs  # Arrow takes no NUL
    return has_bytes and csv.row_terminators in ends


def _end_of_rows(text: bytes, quotes: NDArray[np.intp]) -> int:
    """Return the offset behind the last row end that is outside of quotes, 0 if there is none."""
    end = text.rfind(b"\n")
    while end >= 0:
        before = int(np.searchsorted(quotes, end))
        if before % 2 == 0:
            break
        end = text.rfind(b"\n", 0, int(quotes[before - 1]))
    return end + 1
