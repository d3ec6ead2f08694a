"""What the pool's views say of the requests and sessions of a load.

Every session of a load names itself in ``client_correlation_id``, and every statement that matters has a label. Source:
sys.dm_pdw_exec_requests, client_correlation_id; sp_set_session_context for a dedicated SQL pool.

Assumption: sys.dm_pdw_exec_requests lists a request from the moment that the pool accepts it.
Assumption: When sys.dm_pdw_exec_requests drops rows to keep its newest 10,000, the oldest ones go first.
Assumption: The views list sessions that are open, and requests that run, however many ended ones were dropped.
Assumption: A request whose status is Failed or Cancelled has left nothing behind, and its status does not change again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from airflow_synapse.copy.literals import string_literal
from airflow_synapse.load.identity import Attempt

#: Label of the request that an attempt begins with. While the pool lists it, it lists all later ones of the attempt.
BEGIN_LABEL: Final = "airflow load: begin"
#: Label of the request that an attempt ends with, after it has published its staging table.
PUBLISHED_LABEL: Final = "airflow load: published"

BEGIN_MARKER: Final = f"SELECT session_id() AS session_id OPTION (LABEL = '{BEGIN_LABEL}')"
PUBLISHED_MARKER: Final = f"SELECT session_id() AS session_id OPTION (LABEL = '{PUBLISHED_LABEL}')"

#: The labelled requests of all attempts of a load, in the order of their submission; one parameter, a LIKE pattern.
REQUESTS_OF_LOAD: Final = """\
SELECT request_id, session_id, status, [label], client_correlation_id
FROM sys.dm_pdw_exec_requests
WHERE client_correlation_id LIKE ? AND [label] IS NOT NULL
ORDER BY submit_time, LEN(request_id), request_id"""

#: When this session logged in: the session's id alone may come again after a pause.
OWN_LOGIN_TIME: Final = """\
SELECT CONVERT(nvarchar(40), login_time, 126) AS login_time
FROM sys.dm_pdw_exec_sessions
WHERE session_id = session_id()"""

#: Rows that the writers of a request wrote; one parameter, the request id. WRITER workers are those that fill the
#: table. Source: quickstart "load data using the COPY statement", progress query; sys.dm_pdw_dms_workers.
ROWS_OF_REQUEST: Final = """\
SELECT SUM(rows_processed) AS rows_processed
FROM sys.dm_pdw_dms_workers
WHERE request_id = ? AND type = 'WRITER'"""

#: The COPY that this very session sent, and the rows of its writers; one parameter, the label.
REQUEST_OF_COPY: Final = """\
SELECT TOP 1 r.request_id, SUM(w.rows_processed) AS rows_processed
FROM sys.dm_pdw_exec_requests AS r
LEFT JOIN sys.dm_pdw_dms_workers AS w ON w.request_id = r.request_id AND w.type = 'WRITER'
WHERE r.[label] = ? AND r.session_id = session_id()
GROUP BY r.request_id, r.submit_time
ORDER BY r.submit_time DESC"""

_RUNNING: Final = {"Running", "Suspended"}
_OPEN: Final = {"ACTIVE", "IDLE"}


def set_correlation_id(attempt: Attempt) -> str:
    """Return the statement that names the session after an attempt."""
    value = string_literal(attempt.correlation_id)
    return f"EXEC sys.sp_set_session_context @key = 'client_correlation_id', @value = {value}"


def kill_session(session_id: str) -> str:
    """Return the statement that ends a session. Source: KILL, which takes the whole id in quotes."""
    return f"KILL {string_literal(session_id)}"


def open_sessions_query(session_ids: Iterable[str]) -> str:
    """Return the query for the sessions of ``session_ids`` that the pool still lists, with status and login time."""
    names = ", ".join(map(string_literal, sorted(session_ids)))
    return (
        "SELECT session_id, status, CONVERT(nvarchar(40), login_time, 126) AS login_time\n"
        f"FROM sys.dm_pdw_exec_sessions\nWHERE session_id IN ({names})"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A labelled request that the pool lists.

    :param request_id: Such as ``QID1234``.
    :param session_id: Such as ``SID1234``.
    :param status: ``Running``, ``Suspended`` (queued), ``Completed``, ``Cancelled`` or ``Failed``.
    :param label: As it was set by ``OPTION (LABEL = ...)``.
    """

    request_id: str
    session_id: str
    status: str
    label: str

    @property
    def is_running(self) -> bool:
        """Whether it runs, or waits for its turn."""
        return self.status in _RUNNING


@dataclass(frozen=True, slots=True)
class AttemptRequests:
    """One attempt as the pool lists it: its requests in order, at least one."""

    attempt: Attempt
    requests: tuple[Request, ...]

    @property
    def session_id(self) -> str:
        """The session of the attempt; it has one only."""
        return self.requests[0].session_id

    @property
    def began(self) -> bool:
        """Whether the first request is listed, so that no later one can have been dropped."""
        return any(request.label == BEGIN_LABEL for request in self.requests)

    @property
    def is_running(self) -> bool:
        """Whether a request of it runs."""
        return any(request.is_running for request in self.requests)

    @property
    def copy(self) -> Request | None:
        """The COPY; None when it is not listed."""
        return next((each for each in self.requests if each.label not in {BEGIN_LABEL, PUBLISHED_LABEL}), None)

    @property
    def deciding(self) -> Request | None:
        """The request whose completion means that the rows are in the table; None when it is not listed.

        For the direct path that is COPY: the only labelled statement but the first. For the staged path it is the
        marker behind the publication.
        """
        if self.attempt.path == "staged":
            return next((each for each in self.requests if each.label == PUBLISHED_LABEL), None)
        return self.copy


def read_requests(rows: Iterable[Sequence[Any]]) -> tuple[AttemptRequests, ...]:
    """Read the answer to :data:`REQUESTS_OF_LOAD`: the attempts, in the order in which they began."""
    attempts: dict[Attempt, list[Request]] = {}
    for request_id, session_id, status, label, correlation_id in rows:
        if attempt := Attempt.parse(correlation_id):
            request = Request(request_id=request_id, session_id=session_id, status=status, label=label)
            attempts.setdefault(attempt, []).append(request)
    return tuple(AttemptRequests(attempt, tuple(requests)) for attempt, requests in attempts.items())


def read_open_sessions(rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """Read the answer to :func:`open_sessions_query`: the open sessions, each with its login time."""
    return {session_id: login_time for session_id, status, login_time in rows if str(status).upper() in _OPEN}
