"""Run the statements of one load on a session of the pool, and learn what came of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Protocol

from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import (
    ConnectionLostError,
    CopyFailedError,
    CopyOutcomeUnknownError,
    RejectThresholdExceededError,
    SqlError,
    StatementError,
)
from airflow_synapse.load.disposition import Statement, is_repeatable, load_statements
from airflow_synapse.load.request import REQUEST_BY_LABEL, LabelledRequest

#: How too many rejected rows read. Source: 107090 is seen for external tables (azure-docs issue 11608), the second text
#: for COPY (sql-docs issue 4535).
_REJECT_THRESHOLD: Final = re.compile(r"maximum reject threshold|Bulk load failed due to invalid column value")
_REJECT_THRESHOLD_NUMBER: Final = 107090

log: Final = logging.getLogger(__name__)


class Session(Protocol):
    """A session of the pool, as far as a load needs it."""

    def execute(self, statement: Statement) -> int | None:
        """Run a statement to its end and return the driver's row count; None where it gives none."""

    def fetch(self, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """What the pool says of a load that succeeded; None is not known."""

    request_id: str | None
    rows_loaded: int | None
    seconds: float


def run_load(session: Session, write_disposition: str, copy: CopyStatement) -> LoadOutcome:
    """Run a load to its end.

    :raises CopyFailedError: The pool refused the COPY, or could not finish it.
    :raises CopyOutcomeUnknownError: The link broke while COPY ran.
    :raises StatementError: Another statement of the load failed.
    :raises StatementCancelledError: It was cancelled.
    """
    started = monotonic()
    *before, _ = load_statements(write_disposition, copy)
    for statement in before:
        session.execute(statement)
    try:
        row_count = session.execute(copy)
    except StatementError as error:
        raise _copy_error(error, write_disposition, copy) from error
    seconds = round(monotonic() - started, 3)
    # At once: the pool keeps the workers of its last thousand requests only.
    request = _find_request(session, copy.label)
    rows = row_count if request is None or request.rows_processed is None else request.rows_processed
    return LoadOutcome(request_id=request.request_id if request else None, rows_loaded=rows, seconds=seconds)


def _find_request(session: Session, label: str | None) -> LabelledRequest | None:
    if label is None:
        return None
    try:
        return LabelledRequest.from_rows(session.fetch(REQUEST_BY_LABEL, label))
    except SqlError as error:
        log.warning(
            "The load succeeded, but the pool does not show its request; VIEW DATABASE STATE is needed. %s", error
        )
        return None


def _copy_error(error: StatementError, write_disposition: str, copy: CopyStatement) -> StatementError:
    what = f"COPY INTO {copy.target} with label {copy.label!r}"
    if isinstance(error, ConnectionLostError):
        if is_repeatable(write_disposition):
            return CopyOutcomeUnknownError(
                f"{what}: {error} The load is repeated as a whole.", number=error.number, retryable=True
            )
        return CopyOutcomeUnknownError(
            f"{what}: {error} The rows may have been loaded or not, so that another try could load them twice. Look "
            "for the label in sys.dm_pdw_exec_requests; if its status is not Completed, clear the task.",
            number=error.number,
        )
    emptied = " The table is empty now." if write_disposition == "truncate" else " Nothing was loaded."
    if error.number == _REJECT_THRESHOLD_NUMBER or _REJECT_THRESHOLD.search(str(error)):
        folder = copy.error_file.directory if copy.error_file else None
        where = f" Look for rejected rows in {folder}." if folder else " Set error_file to have rejected rows written."
        allowed = copy.max_errors or 0
        return RejectThresholdExceededError(
            f"{what}: more rows were rejected than max_errors={allowed} allows. {error}{where}{emptied}",
            number=error.number,
            reject_folder=folder,
        )
    return CopyFailedError(f"{what} failed: {error}{emptied}", number=error.number, retryable=error.retryable)
