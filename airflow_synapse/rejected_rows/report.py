"""What a load rejected, in short: the report that goes into XCom and into the task's log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from airflow_synapse.rejected_rows.layout import Layout

#: Bytes of the JSON of a report: it is a row of Airflow's database.
MOST_BYTES: Final = 32 * 1024
#: Lines of a table that the log shows, and characters of a text in it.
_TABLE_LINES: Final = 10
_TABLE_CHARACTERS: Final = 240
_LISTS: Final = ("sample", "source_files", "folders", "problems", "reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRows:
    """What one load folder holds.

    :param path: From the container.
    :param rows: Rejected rows.
    :param files: Files, unknown ones included.
    """

    path: str
    layout: Layout
    rows: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRows:
    """How many rows a text stands for: a folded reason, or a source file."""

    text: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """One rejected row, each text cut to a length; None is not known."""

    raw: str | None
    reason: str | None
    source_file: str | None = None
    source_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRowsReport:
    """What was rejected. Its JSON has at most :data:`MOST_BYTES` bytes.

    :param rows: Rejected rows.
    :param files: Files below ``_rejectedrows``, unknown ones included.
    :param rows_loaded: Rows that the same load loaded; None where they are not known.
    :param rows_at_most: As many rows may it be, where the two files of a pair do not agree; None where all do.
    :param uncounted_files: Unknown files that are not empty: what they hold is not in ``rows``.
    :param folders: By load folder, in the order of their paths.
    :param reasons: By reason, the most frequent first: its text without numbers, quoted values and file names.
    :param source_files: By source file, the most frequent first, as far as reasons name it.
    :param sample: Some of the rows. They are the customer's data.
    :param problems: Sentences about files that are missing, unknown, or no text.
    :param left_out: How many entries each of these lists would have more, by its name; missing for none.
    """

    rows: int = 0
    files: int = 0
    rows_loaded: int | None = None
    rows_at_most: int | None = None
    uncounted_files: int = 0
    folders: tuple[FolderRows, ...] = ()
    reasons: tuple[TextRows, ...] = ()
    source_files: tuple[TextRows, ...] = ()
    sample: tuple[SampleRow, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows_read(self) -> int | None:
        """Rows that were loaded or rejected; None where that is not known."""
        return None if self.rows_loaded is None else self.rows_loaded + self.rows

    @property
    def ratio(self) -> float | None:
        """Rejected rows of all rows that were read, from 0 to 1; None where that is not known."""
        return _ratio(self.rows, self.rows_loaded)

    @property
    def ratio_at_most(self) -> float | None:
        """The ratio by :attr:`rows_at_most`."""
        return _ratio(self.rows_at_most or self.rows, self.rows_loaded)

    def to_json(self) -> dict[str, Any]:
        """Return the fields, and the ratio, as JSON can hold them."""
        return {
            "rows": self.rows,
            "files": self.files,
            "rows_loaded": self.rows_loaded,
            "rows_at_most": self.rows_at_most,
            "uncounted_files": self.uncounted_files,
            "ratio": self.ratio,
            "folders": [{**asdict(each), "layout": each.layout.value} for each in self.folders],
            "reasons": [asdict(each) for each in self.reasons],
            "source_files": [asdict(each) for each in self.source_files],
            "sample": [asdict(each) for each in self.sample],
            "problems": list(self.problems),
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` was made of."""
        return cls(
            rows=plain["rows"],
            files=plain["files"],
            rows_loaded=plain["rows_loaded"],
            rows_at_most=plain["rows_at_most"],
            uncounted_files=plain["uncounted_files"],
            folders=tuple(FolderRows(**{**each, "layout": Layout(each["layout"])}) for each in plain["folders"]),
            reasons=tuple(TextRows(**each) for each in plain["reasons"]),
            source_files=tuple(TextRows(**each) for each in plain["source_files"]),
            sample=tuple(SampleRow(**each) for each in plain["sample"]),
            problems=tuple(plain["problems"]),
            left_out=dict(plain["left_out"]),
        )

    def bounded(self) -> Self:
        """Return the report with as much of its lists as :data:`MOST_BYTES` allow."""
        report = self
        while len(json.dumps(report.to_json())) > MOST_BYTES:
            name = max(_LISTS, key=lambda name: len(json.dumps(report.to_json()[name])))
            entries = getattr(report, name)
            kept = entries[: len(entries) // 2]
            dropped = len(entries) - len(kept) + report.left_out.get(name, 0)
            report = replace(report, **{name: kept, "left_out": {**report.left_out, name: dropped}})
        return report

    def summary(self) -> str:
        """Return how many rows were rejected, and of how many.

        >>> RejectedRowsReport(rows=606, rows_loaded=26_398).summary()
        '606 of 27,004 rows (2.24 %) were rejected'
        """
        share = f" ({self.ratio * 100:.3g} %)" if self.ratio is not None and self.rows_read else ""
        of = "" if self.rows_read is None else f" of {self.rows_read:,}"
        return f"{self.rows:,}{of} rows{share} were rejected"

    def to_text(self) -> str:
        """Return a table for the log."""
        return "\n".join([f"{self.summary()}; {self.files:,} files.", *self._lines()])

    def _lines(self) -> Iterator[str]:
        yield from self._table("reason", ((each.rows, each.text) for each in self.reasons))
        yield from self._table("source file", ((each.rows, each.text) for each in self.source_files))
        yield from self._table("folder", ((each.rows, each.path) for each in self.folders))
        if self.sample:
            yield "Some of them:"
        for row in self.sample:
            yield f"    {_cut(row.raw or '')}"
            yield f"        {_cut(row.reason or '')}"
        for problem in self.problems:
            yield f"Note: {problem}"

    def _table(self, title: str, entries: Iterable[tuple[int, str]]) -> Iterator[str]:
        shown = list(entries)
        more = max(0, len(shown) - _TABLE_LINES) + self.left_out.get(f"{title.replace(' ', '_')}s", 0)
        if shown:
            yield f"{'rows':>10}  {title}"
        for rows, text in shown[:_TABLE_LINES]:
            yield f"{rows:>10,}  {_cut(text)}"
        if more:
            yield f"{'':>10}  and {more:,} more"


def _ratio(rejected: int, loaded: int | None) -> float | None:
    if not rejected:
        return 0.0
    return None if loaded is None else rejected / (loaded + rejected)


def _cut(text: str) -> str:
    """Return a text that fits into a line of the log."""
    line = "".join(character if character.isprintable() else " " for character in text[: _TABLE_CHARACTERS + 1])
    return line if len(text) <= _TABLE_CHARACTERS else f"{line[: _TABLE_CHARACTERS - 1]}…"
