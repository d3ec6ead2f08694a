"""The DMVs of a dedicated pool, from what :mod:`airflow_synapse.local.catalog.requests` keeps.

Source: T-SQL reference, sys.dm_pdw_exec_requests (12/2024), sys.dm_pdw_exec_sessions, sys.dm_pdw_request_steps,
sys.dm_pdw_dms_workers, sys.dm_pdw_errors (04/2024), sys.dm_pdw_waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from airflow_synapse.local.catalog.clock import now
from airflow_synapse.local.catalog.requests import Request
from airflow_synapse.local.catalog.view import (
    BIGINT,
    BIT,
    DATETIME,
    INT,
    Row,
    SystemView,
    ViewContext,
    nvarchar,
)
from airflow_synapse.local.sql_types import MAX, SqlType

_COMMAND_LENGTH: Final = 4000
_LONGEST_ELAPSED: Final = 2**31 - 1
_ID: Final = nvarchar(32)
_ERROR_ID: Final = nvarchar(36)
#: Status of a request -> status of its step.
_STEP_STATUS: Final = {
    "Suspended": "Pending",
    "Running": "Running",
    "Completed": "Complete",
    "Failed": "Failed",
    "Cancelled": "Cancelled",
}


def _elapsed(start: datetime, end: datetime | None) -> int:
    """Milliseconds, at most what an int holds."""
    return min(int(((end or now()) - start).total_seconds() * 1000), _LONGEST_ELAPSED)


def _requests(context: ViewContext) -> Iterator[Row]:
    for request in context.requests.requests():
        yield (
            request.request_id,
            request.session_id,
            request.status,
            request.submitted,
            request.started,
            request.started,
            request.ended,
            _elapsed(request.submitted, request.ended),
            request.label,
            request.error_id,
            5,
            request.command[:_COMMAND_LENGTH],
            "smallrc",
            "normal",
            "smallrc",
            None,
            None,
            0,
            request.client_correlation_id,
            request.command if len(request.command) > _COMMAND_LENGTH else None,
        )


def _sessions(context: ViewContext) -> Iterator[Row]:
    for session in context.requests.sessions():
        yield (
            session.session_id,
            session.status,
            session.request_id,
            session.login,
            session.logged_in,
            session.query_count,
            session.transactional,
            f"127.0.0.1:{session.host}",
            session.application,
            session.spid,
        )


def _steps(context: ViewContext) -> Iterator[Row]:
    """Assumption: Every request of the local pool has one step, with index 0."""
    for request in context.requests.requests_with_steps():
        yield (
            request.request_id,
            0,
            request.operation,
            "Unspecified",
            "Control" if not request.workers else "DMS",
            _STEP_STATUS[request.status],
            request.error_id,
            request.submitted,
            request.ended,
            _elapsed(request.submitted, request.ended),
            request.row_count,
            -1,
            request.command[:_COMMAND_LENGTH],
        )


def _workers(context: ViewContext) -> Iterator[Row]:
    for request in context.requests.requests_with_steps():
        yield from _workers_of(request)


def _workers_of(request: Request) -> Iterator[Row]:
    for number, worker in enumerate(request.workers):
        elapsed = _elapsed(worker.start, worker.end)
        yield (
            request.request_id,
            0,
            number,
            1,
            1,
            worker.type,
            worker.status,
            worker.bytes * 1000 // max(elapsed, 1),
            worker.bytes,
            worker.rows,
            worker.start,
            worker.end,
            elapsed,
            None,
            None,
            request.error_id,
            None,
            None,
        )


def _errors(context: ViewContext) -> Iterator[Row]:
    for error in context.requests.errors():
        yield (
            error.error_id,
            "Engine",
            "QueryError",
            error.created,
            1,
            error.session_id,
            error.request_id,
            error.spid,
            None,
            error.details[:_COMMAND_LENGTH],
        )


def _waits(context: ViewContext) -> Iterator[Row]:
    """Source of the type of wait: azure-docs sql-data-warehouse/analyze-your-workload."""
    suspended = [request for request in context.requests.requests() if request.status == "Suspended"]
    for number, request in enumerate(suspended, 1):
        kind = "UserConcurrencyResourceType"
        asked = request.submitted
        yield number, request.session_id, kind, None, None, request.request_id, asked, None, "AcquireResources", 8


VIEWS: Final = {
    "dm_pdw_exec_requests": SystemView(
        (
            ("request_id", _ID),
            ("session_id", _ID),
            ("status", _ID),
            ("submit_time", DATETIME),
            ("start_time", DATETIME),
            ("end_compile_time", DATETIME),
            ("end_time", DATETIME),
            ("total_elapsed_time", INT),
            ("label", nvarchar(255)),
            ("error_id", _ERROR_ID),
            ("database_id", INT),
            ("command", nvarchar(4000)),
            ("resource_class", nvarchar(20)),
            ("importance", nvarchar(128)),
            ("group_name", nvarchar(128)),
            ("classifier_name", nvarchar(128)),
            ("resource_allocation_percentage", SqlType("decimal", precision=5, scale=2)),
            ("result_cache_hit", INT),
            ("client_correlation_id", nvarchar(255)),
            ("command2", nvarchar(MAX)),
        ),
        _requests,
    ),
    "dm_pdw_exec_sessions": SystemView(
        (
            ("session_id", _ID),
            ("status", nvarchar(10)),
            ("request_id", _ID),
            ("login_name", nvarchar(128)),
            ("login_time", DATETIME),
            ("query_count", INT),
            ("is_transactional", BIT),
            ("client_id", nvarchar(255)),
            ("app_name", nvarchar(255)),
            ("sql_spid", INT),
        ),
        _sessions,
    ),
    "dm_pdw_request_steps": SystemView(
        (
            ("request_id", _ID),
            ("step_index", INT),
            ("operation_type", nvarchar(35)),
            ("distribution_type", _ID),
            ("location_type", _ID),
            ("status", _ID),
            ("error_id", _ERROR_ID),
            ("start_time", DATETIME),
            ("end_time", DATETIME),
            ("total_elapsed_time", INT),
            ("row_count", BIGINT),
            ("estimated_rows", BIGINT),
            ("command", nvarchar(4000)),
        ),
        _steps,
    ),
    "dm_pdw_dms_workers": SystemView(
        (
            ("request_id", _ID),
            ("step_index", INT),
            ("dms_step_index", INT),
            ("pdw_node_id", INT),
            ("distribution_id", INT),
            ("type", _ID),
            ("status", _ID),
            ("bytes_per_sec", BIGINT),
            ("bytes_processed", BIGINT),
            ("rows_processed", BIGINT),
            ("start_time", DATETIME),
            ("end_time", DATETIME),
            ("total_elapsed_time", INT),
            ("cpu_time", BIGINT),
            ("query_time", INT),
            ("error_id", _ERROR_ID),
            ("source_info", nvarchar(4000)),
            ("destination_info", nvarchar(4000)),
        ),
        _workers,
    ),
    "dm_pdw_errors": SystemView(
        (
            ("error_id", _ERROR_ID),
            ("source", nvarchar(64)),
            ("type", nvarchar(4000)),
            ("create_time", DATETIME),
            ("pwd_node_id", INT),
            ("session_id", _ID),
            ("request_id", _ID),
            ("spid", INT),
            ("thread_id", INT),
            ("details", nvarchar(4000)),
        ),
        _errors,
    ),
    "dm_pdw_waits": SystemView(
        (
            ("wait_id", BIGINT),
            ("session_id", _ID),
            ("type", nvarchar(255)),
            ("object_type", nvarchar(255)),
            ("object_name", nvarchar(386)),
            ("request_id", _ID),
            ("request_time", DATETIME),
            ("acquire_time", DATETIME),
            ("state", nvarchar(50)),
            ("priority", INT),
        ),
        _waits,
    ),
}
