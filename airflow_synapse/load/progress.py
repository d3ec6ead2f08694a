"""How far a running COPY is, as a line for the task's log.

A second session asks for :data:`PROGRESS_OF_COPY` while the first one waits for COPY.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from airflow_synapse.load.byte_counts import bytes_text

#: Asks how far the newest request with a label of a session is; two parameters, the label, which other loads may share,
#: and the id of the session that loads. Source: quickstart "load data using the COPY statement", progress query;
#: sys.dm_pdw_dms_workers, type.
PROGRESS_OF_COPY: Final = """\
SELECT TOP 1 r.request_id, r.status,
    SUM(CASE WHEN w.type = 'WRITER' THEN w.rows_processed END) AS rows_written,
    SUM(CASE WHEN w.type = 'WRITER' THEN w.bytes_processed END) AS bytes_written,
    SUM(CASE WHEN w.type IN ('EXTERNAL_READER', 'PARALLEL_COPY_READER') THEN w.bytes_processed END) AS bytes_read
FROM sys.dm_pdw_exec_requests AS r
LEFT JOIN sys.dm_pdw_dms_workers AS w ON w.request_id = r.request_id
WHERE r.[label] = ? AND r.session_id = ?
GROUP BY r.request_id, r.status, r.submit_time
ORDER BY r.submit_time DESC"""

#: More is not claimed of a request that has not completed: what the pool counts may differ from what is stored.
_HIGHEST_PERCENT: Final = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReading:
    """What the pool says of a request at one moment; None is not known.

    :param request_id: Such as ``QID1234``.
    :param status: ``Suspended`` (queued), ``Running``, ``Completed``, ``Failed`` or ``Cancelled``.
    :param rows: Rows that were written.
    :param bytes_written: Bytes that its writers processed.
    :param bytes_read: Bytes that its readers processed.
    """

    request_id: str
    status: str
    rows: int | None = None
    bytes_written: int | None = None
    bytes_read: int | None = None

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Any]]) -> Self | None:
        """Read the answer to :data:`PROGRESS_OF_COPY`; None when the pool shows no such request."""
        if not rows:
            return None
        request_id, status, *counts = rows[0]
        rows_written, bytes_written, bytes_read = (
            None if count is None or count < 0 else int(count) for count in counts
        )
        return cls(
            request_id=str(request_id),
            status=str(status),
            rows=rows_written,
            bytes_written=bytes_written,
            bytes_read=bytes_read,
        )


class ProgressLog:
    """Turns readings of one load into lines; no number of a later line is smaller than in an earlier one.

    Assumption: The readers of a COPY count bytes of the files as they are stored.
    Assumption: The writers of a COPY count about as many bytes as CSV files have that are not compressed.

    :param total_bytes: Size of the files as they are stored; None where it is not known.
    :param is_plain_text: Whether the files are CSV that is not compressed. Others have no percentage while the pool
        shows no readers.
    """

    def __init__(self, total_bytes: int | None, *, is_plain_text: bool = False) -> None:
        self._total_bytes = total_bytes
        self._is_plain_text = is_plain_text
        self._rows: int | None = None
        self._bytes: int | None = None
        self._percent: int | None = None
        #: Seconds and bytes when bytes were seen first: the rate leaves the time in the queue out.
        self._first: tuple[float, int] | None = None

    def line(self, reading: ProgressReading, seconds: float) -> str:
        """Return a line.

        :param seconds: When it was read, on any clock that does not go back.
        """
        read = reading.bytes_read
        if read is None and self._is_plain_text:
            read = reading.bytes_written
        self._rows = _larger(self._rows, reading.rows)
        self._bytes = _larger(self._bytes, reading.bytes_written)
        self._percent = _larger(self._percent, self._percent_of(read, is_complete=reading.status == "Completed"))
        if reading.status == "Suspended":
            return f"{reading.request_id} waits in the queue of the pool."
        parts = [
            None if self._percent is None else f"{self._percent} % of {bytes_text(self._total_bytes or 0)}",
            None if self._rows is None else f"{self._rows:,} rows",
            None if self._bytes is None else f"{bytes_text(self._bytes)} written",
            self._rate(seconds),
        ]
        known = ", ".join(part for part in parts if part)
        return f"{reading.request_id} {reading.status}: {known or 'nothing known yet'}"

    def _percent_of(self, count: int | None, *, is_complete: bool) -> int | None:
        if not self._total_bytes:
            return None
        if is_complete:
            return 100
        return None if count is None else min(100 * count // self._total_bytes, _HIGHEST_PERCENT)

    def _rate(self, seconds: float) -> str | None:
        """Return the mean rate since bytes were first seen; None before there is a second time."""
        if self._bytes is None:
            return None
        if self._first is None:
            self._first = seconds, self._bytes
        since, before = self._first
        return f"{bytes_text((self._bytes - before) / (seconds - since))}/s" if seconds > since else None


def _larger(earlier: int | None, later: int | None) -> int | None:
    if earlier is None or later is None:
        return later if earlier is None else earlier
    return max(earlier, later)
