"""What a load returns: the small JSON that the task leaves in XCom."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from airflow_synapse.rejected_rows.report import RejectedRowsReport


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The outcome of one load. What is not known is None, never 0.

    :param table: Name of the target table, as T-SQL writes it.
    :param label: Label of the request, by which the pool's views find it.
    :param request_id: The pool's name of the request, such as ``QID1234``.
    :param rows_loaded: Rows that COPY added to the table.
    :param rows_rejected: Rows that COPY left out.
    :param reject_folder: URL, or path from the container, of the folder that this load wrote rejected rows below.
    :param files: Source files that the locations stood for just before the load.
    :param bytes: Size of these files as they are stored.
    :param seconds: Time that the statements took, as seen from the worker; None where an earlier try ran them.
    :param rejected_rows_report: What was rejected, and why; None where nothing could be read.
    :param reused: Whether the rows were in the table from before the task was cleared, and were not loaded again.
    """

    table: str
    label: str
    request_id: str | None = None
    rows_loaded: int | None = None
    rows_rejected: int | None = None
    reject_folder: str | None = None
    files: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    rejected_rows_report: RejectedRowsReport | None = None
    reused: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        report = self.rejected_rows_report
        return {**asdict(replace(self, rejected_rows_report=None)), "rejected_rows_report": report and report.to_json()}
