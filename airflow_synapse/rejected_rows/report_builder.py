"""Make a report of the files of rejected rows: each is read once, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from airflow_synapse.rejected_rows.layout import Layout, LoadFolder, RejectedPair, StoredFile
from airflow_synapse.rejected_rows.reasons import Reason, ReasonCounter, TextCounter
from airflow_synapse.rejected_rows.report import FolderRows, RejectedRowsReport, SampleRow, TextRows
from airflow_synapse.rejected_rows.rows import OpenFile, pair_rows, read_pair_reasons
from airflow_synapse.rejected_rows.text import TextReader, count_lines, split_lines

#: Entries of a list of the report, and characters of a text in it.
_MOST_ENTRIES: Final = 50
_MOST_CHARACTERS: Final = 500
#: Reasons of an ``error.json`` that are counted at once.
_BATCH: Final = 1_000
#: Characters that JSONB does not take. Source: PostgreSQL, JSON Types: U+0000, and halves of surrogate pairs.
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


def build_report(
    folders: Iterable[LoadFolder],
    open_file: OpenFile,
    *,
    rows_loaded: int | None = None,
    sample_rows: int = 10,
    sample_characters: int = 200,
) -> RejectedRowsReport:
    """Read the files of load folders, and report what they hold.

    :param folders: From :func:`~airflow_synapse.rejected_rows.layout.find_load_folders`.
    :param open_file: Opens one of their files.
    :param rows_loaded: Rows that the same loads have loaded; None where they are not known.
    :param sample_rows: Rows to show, each with its reason; 0 for none.
    :param sample_characters: Characters that are shown of each text of such a row.
    """
    reading = _Reading(open_file, sample_rows, sample_characters)
    counted = [reading.read(folder) for folder in folders]
    counted.sort(key=lambda folder: folder.path.rpartition("/")[2], reverse=True)
    reasons, source_files = reading.reasons.reasons, reading.reasons.source_files
    left_out = {
        "folders": len(counted) - _MOST_ENTRIES,
        "reasons": len(reasons.most_common()) - _MOST_ENTRIES + reasons.forgotten,
        "source_files": len(source_files.most_common()) - _MOST_ENTRIES + source_files.forgotten,
        "problems": len(reading.problems) - _MOST_ENTRIES,
    }
    rows = sum(folder.rows for folder in counted)
    report = RejectedRowsReport(
        rows=rows,
        files=sum(folder.files for folder in counted),
        rows_loaded=rows_loaded,
        rows_at_most=reading.rows_at_most if reading.rows_at_most > rows else None,
        uncounted_files=reading.uncounted_files,
        folders=tuple(counted[:_MOST_ENTRIES]),
        reasons=_entries(reasons),
        source_files=_entries(source_files),
        sample=tuple(reading.sample),
        problems=tuple(reading.problems[:_MOST_ENTRIES]),
        left_out={name: entries for name, entries in left_out.items() if entries > 0},
    )
    return report.bounded()


def _entries(counter: TextCounter) -> tuple[TextRows, ...]:
    return tuple(
        TextRows(text=_storable(text[:_MOST_CHARACTERS]), rows=rows)
        for text, rows in counter.most_common()[:_MOST_ENTRIES]
    )


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL's JSONB, in which Airflow keeps XComs, refuses: binary files hold it."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


class _Reading:
    """Reads folders, one after the other, and keeps what the report says of all of them."""

    def __init__(self, open_file: OpenFile, sample_rows: int, sample_characters: int) -> None:
        self._open_file = open_file
        self._sample_rows = sample_rows
        self._sample_characters = sample_characters
        self.reasons = ReasonCounter()
        self.sample: list[SampleRow] = []
        self.problems: list[str] = []
        self.rows_at_most = 0
        self.uncounted_files = 0

    def read(self, folder: LoadFolder) -> FolderRows:
        """Read one folder."""
        self.problems += [f"{file.name} is neither a reason file nor a row file." for file in folder.unknown_files]
        self.uncounted_files += sum(1 for file in folder.unknown_files if file.size)
        rows = sum(self._read_pair(folder, pair) for pair in folder.pairs)
        return FolderRows(path=folder.path, layout=folder.layout, rows=rows, files=len(folder.files))

    def _read_pair(self, folder: LoadFolder, pair: RejectedPair) -> int:
        """Read a pair, and return how many rows it stands for.

        Those are its reasons, where they can be read, since a row may take several lines.
        """
        where = f"{folder.path}/{pair.prefix}"
        reasons, first_reasons = self._read_reasons(folder, pair.reason_file) if pair.reason_file else (0, [])
        rows, first_rows = self._read_rows(pair.row_file) if pair.row_file else (0, [])
        if pair.reason_file is None:
            self.problems.append(f"{where} has a row file, but no reason file.")
        elif pair.row_file is None:
            self.problems.append(f"{where} has a reason file, but no row file.")
        elif reasons != rows:
            self.problems.append(f"{where} has {reasons:,} reasons for {rows:,} lines of rows.")
            first_reasons = [] if rows else first_reasons  # which of them belong together is not known
        for row in pair_rows(folder, pair, first_reasons, first_rows):
            self.sample.append(
                SampleRow(
                    raw=self._cut(row.raw),
                    reason=self._cut(row.reason),
                    source_file=self._cut(row.source_file),
                    source_row=row.source_row,
                )
            )
        self.rows_at_most += max(reasons, rows)
        return reasons or rows

    def _read_reasons(self, folder: LoadFolder, file: StoredFile) -> tuple[int, list[Reason]]:
        """Count the reasons of a file, and return how many they are, and those that the sample needs."""
        wanted = self._wanted
        text = TextReader(self._open_file(file))
        count, first = 0, list[Reason]()
        if folder.layout is Layout.JSON:
            for batch in _batches(read_pair_reasons(folder, text)):
                count += self.reasons.add_all(batch)
                first += batch[: wanted - len(first)]
        else:
            for block in text.blocks():
                count += self.reasons.add(block)
                if len(first) < wanted:
                    first += map(Reason.parse, split_lines(block)[: wanted - len(first)])
        self._check(file, text)
        return count, first

    def _read_rows(self, file: StoredFile) -> tuple[int, list[bytes]]:
        """Count the rows of a file, and return how many they are, and those that the sample needs."""
        wanted = self._wanted
        text = TextReader(self._open_file(file))
        count, first = 0, list[bytes]()
        for block in text.blocks():
            count += count_lines(block)
            if len(first) < wanted:
                first += split_lines(block)[: wanted - len(first)]
        self._check(file, text)
        return count, first

    @property
    def _wanted(self) -> int:
        return max(0, self._sample_rows - len(self.sample))

    def _cut(self, text: str | None) -> str | None:
        return None if text is None else _storable(text[: self._sample_characters])

    def _check(self, file: StoredFile, text: TextReader) -> None:
        if text.is_damaged:
            self.problems.append(f"{file.name} is no text in UTF-8 or UTF-16, or is cut off; parts were left out.")


def _batches(reasons: Iterator[Reason]) -> Iterator[list[Reason]]:
    while batch := list(islice(reasons, _BATCH)):
        yield batch
