"""What ran on the pool: sessions, requests, their steps, workers and errors, as the DMVs tell it.

Source: sys.dm_pdw_exec_requests, sys.dm_pdw_exec_sessions, sys.dm_pdw_request_steps, sys.dm_pdw_dms_workers,
sys.dm_pdw_errors; how much is kept: azure-docs sql-data-warehouse-service-capacity-limits, Metadata.
"""

from __future__ import annotations

import itertools
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_synapse.local.catalog.clock import now

ROWS_KEPT: Final = 10_000
REQUESTS_WITH_STEPS: Final = 1_000
_LONGEST_CORRELATION_ID: Final = 255


@dataclass(slots=True)
class Worker:
    """A row of sys.dm_pdw_dms_workers."""

    type: str
    rows: int = 0
    bytes: int = 0
    status: str = "StepStarted"
    start: datetime = field(default_factory=now)
    end: datetime | None = None


@dataclass(slots=True)
class Request:
    """A statement of a session. ``command`` holds no secret."""

    number: int
    session_id: str
    command: str
    label: str | None
    client_correlation_id: str | None = None
    status: str = "Running"
    submitted: datetime = field(default_factory=now)
    started: datetime | None = field(default_factory=now)
    ended: datetime | None = None
    error_id: str | None = None
    operation: str = "OnOperation"
    row_count: int = -1
    workers: list[Worker] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        """Such as ``QID123``."""
        return f"QID{self.number}"


@dataclass(frozen=True, slots=True)
class RequestError:
    """A row of sys.dm_pdw_errors."""

    error_id: str
    session_id: str
    request_id: str
    spid: int
    details: str
    created: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class SessionValue:
    """A value of the session context."""

    value: object
    read_only: bool = False


@dataclass(slots=True)
class SessionRecord:
    """A row of sys.dm_pdw_exec_sessions.

    :param context: What sp_set_session_context has set, by key.
    """

    session_id: str
    spid: int
    login: str
    application: str
    host: str
    status: str = "IDLE"
    logged_in: datetime = field(default_factory=now)
    request_id: str | None = None
    query_count: int = 0
    transactional: bool = False
    context: dict[str, SessionValue] = field(default_factory=dict)


class RequestLog:
    """Keeps the last sessions, requests and errors. Lost when the pool stops, as a pause loses them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._sessions: deque[SessionRecord] = deque(maxlen=ROWS_KEPT)
        self._requests: deque[Request] = deque(maxlen=ROWS_KEPT)
        self._errors: deque[RequestError] = deque(maxlen=ROWS_KEPT)

    def sessions(self) -> list[SessionRecord]:
        """Return the sessions, oldest first."""
        with self._lock:
            return list(self._sessions)

    def requests(self) -> list[Request]:
        """Return the requests, oldest first."""
        with self._lock:
            return list(self._requests)

    def requests_with_steps(self) -> list[Request]:
        """Return the requests whose steps and workers are still kept."""
        return self.requests()[-REQUESTS_WITH_STEPS:]

    def errors(self) -> list[RequestError]:
        """Return the errors, oldest first."""
        with self._lock:
            return list(self._errors)

    def open_session(self, record: SessionRecord) -> None:
        """Add a session."""
        with self._lock:
            self._sessions.append(record)

    def begin(self, session: SessionRecord, command: str, label: str | None) -> Request:
        """Add a request of a session."""
        with self._lock:
            correlation = session.context.get("client_correlation_id")
            request = Request(
                next(self._numbers),
                session.session_id,
                command,
                label,
                None if correlation is None else str(correlation.value)[:_LONGEST_CORRELATION_ID],
            )
            self._requests.append(request)
            session.request_id = request.request_id
            session.query_count += 1
            session.status = "ACTIVE"
            return request

    def suspend(self, request: Request) -> None:
        """Show that a request waits for a concurrency slot."""
        with self._lock:
            request.status, request.started = "Suspended", None

    def start(self, request: Request) -> None:
        """Show that a request has its concurrency slot, if it had to wait for it."""
        with self._lock:
            if request.status == "Suspended":
                request.status, request.started = "Running", now()

    def forget(self) -> None:
        """Empty every view, as a pause does.

        Source: azure-docs sql-data-warehouse-service-capacity-limits: a pause resets all DMVs.

        Assumption: Request and session numbers of the local pool go on after a pause.
        """
        with self._lock:
            self._sessions.clear()
            self._requests.clear()
            self._errors.clear()

    def end(self, session: SessionRecord, request: Request, status: str, details: str | None = None) -> None:
        """Set the final status of a request: Completed, Failed or Cancelled.

        :param details: Text of the error of a failed request.
        """
        with self._lock:
            request.status = status
            request.ended = now()
            for worker in request.workers:
                worker.end = request.ended
                worker.status = "StepComplete" if status == "Completed" else "StepError"
            if session.status != "TERMINATED":
                session.status = "IDLE"
            if details is not None:
                request.error_id = str(uuid.uuid4())
                error = RequestError(request.error_id, session.session_id, request.request_id, session.spid, details)
                self._errors.append(error)
