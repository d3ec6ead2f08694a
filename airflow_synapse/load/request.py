"""What the pool's views say of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

#: Finds the newest request with a label that this very session sent; one parameter, the label. The session must be the
#: same, so that a label which is used again elsewhere does no harm. WRITER workers are those that fill the table.
#: Source: quickstart "load data using the COPY statement", progress query; sys.dm_pdw_dms_workers.
REQUEST_BY_LABEL: Final = """\
SELECT TOP 1 r.request_id, r.status, SUM(w.rows_processed) AS rows_processed
FROM sys.dm_pdw_exec_requests AS r
LEFT JOIN sys.dm_pdw_dms_workers AS w ON w.request_id = r.request_id AND w.type = 'WRITER'
WHERE r.[label] = ? AND r.session_id = session_id()
GROUP BY r.request_id, r.status, r.submit_time
ORDER BY r.submit_time DESC"""


@dataclass(frozen=True, slots=True)
class LabelledRequest:
    """A request that the pool remembers.

    :param request_id: Such as ``QID1234``.
    :param status: ``Running``, ``Suspended`` (queued), ``Completed``, ``Cancelled`` or ``Failed``.
    :param rows_processed: Rows that its writers wrote; None while, or if, the pool shows no writer.
    """

    request_id: str
    status: str
    rows_processed: int | None

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Any]]) -> LabelledRequest | None:
        """Read the answer to :data:`REQUEST_BY_LABEL`; None when the pool knows no such request (any more)."""
        if not rows:
            return None
        request_id, status, rows_processed = rows[0]
        return cls(str(request_id), str(status), None if rows_processed is None else int(rows_processed))
