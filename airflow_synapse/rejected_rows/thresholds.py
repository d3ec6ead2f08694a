"""How many rejected rows are too many."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.rejected_rows.arguments import parse_rows
from airflow_synapse.rejected_rows.report import RejectedRowsReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The most that is allowed; None for any number.

    :param max_rejected_rows: Rows, 0 or more.
    :param max_rejected_ratio: Rejected rows of all rows that were read, from 0 to 1.
    :raises CopyOptionError: One of them is out of its range.
    """

    max_rejected_rows: int | None = None
    max_rejected_ratio: float | None = None

    def __post_init__(self) -> None:
        if self.max_rejected_rows is not None:
            parse_rows("max_rejected_rows", self.max_rejected_rows)
        if self.max_rejected_ratio is not None and not 0 <= self.max_rejected_ratio <= 1:
            raise _no_ratio(self.max_rejected_ratio)

    @classmethod
    def parse(cls, max_rejected_rows: int | str | None, max_rejected_ratio: float | str | None) -> Self:
        """Read them from rendered arguments: numbers, or texts that are numbers.

        :raises CopyOptionError: One of them is none.
        """
        rows = None if max_rejected_rows is None else parse_rows("max_rejected_rows", max_rejected_rows)
        try:
            ratio = None if max_rejected_ratio is None else float(str(max_rejected_ratio))
        except ValueError:
            raise _no_ratio(max_rejected_ratio) from None
        return cls(max_rejected_rows=rows, max_rejected_ratio=ratio)

    @property
    def names(self) -> list[str]:
        """The arguments that are given."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]

    def __bool__(self) -> bool:
        return bool(self.names)

    def breach(self, report: RejectedRowsReport) -> str | None:
        """Return what a report is beyond, as the end of a sentence; None for nothing.

        What is not known is beyond every threshold: a ratio with rejected rows, or the rows of a file. Where the files
        do not agree, the larger number counts.

        >>> report = RejectedRowsReport(rows=606, rows_loaded=26_398)
        >>> Thresholds(max_rejected_rows=100).breach(report)
        'more than max_rejected_rows=100 allows'
        >>> Thresholds(max_rejected_ratio=0.05).breach(report)
        """
        if self and report.uncounted_files:
            return f"and {report.uncounted_files:,} files hold rows that cannot be counted"
        most, ratio = report.rows_at_most or report.rows, report.ratio_at_most
        more = "more" if most == report.rows else f"or {most:,} by the lines of their files, more"
        if self.max_rejected_rows is not None and most > self.max_rejected_rows:
            return f"{more} than max_rejected_rows={self.max_rejected_rows} allows"
        if self.max_rejected_ratio is not None:
            if ratio is None:
                return (
                    f"and how many were loaded, which max_rejected_ratio={self.max_rejected_ratio} needs, is not known"
                )
            if ratio > self.max_rejected_ratio:
                return f"{more} than max_rejected_ratio={self.max_rejected_ratio} allows"
        return None


def _no_ratio(value: object) -> CopyOptionError:
    return CopyOptionError(f"max_rejected_ratio is {value!r}; it is a number from 0 to 1, such as 0.02 for 2 %.")
