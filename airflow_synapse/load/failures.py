"""The errors of a load: what failed, what became of the rows, and what to do."""

from __future__ import annotations

import re
from typing import Final

from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import (
    CopyFailedError,
    CopyOutcomeUnknownError,
    LoadChangedError,
    RejectThresholdExceededError,
    StatementError,
    TooManyRejectedRowsError,
)
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.error_numbers import ROLLED_BACK
from airflow_synapse.load.record import LoadedBy
from airflow_synapse.rejected_rows.report import RejectedRowsReport

#: How too many rejected rows read. Source: 107090 is seen for external tables (azure-docs issue 11608), the second text
#: for COPY (sql-docs issue 4535).
_REJECT_THRESHOLD: Final = re.compile(r"maximum reject threshold|Bulk load failed due to invalid column value")
_REJECT_THRESHOLD_NUMBER: Final = 107090
#: Reasons of rejected rows that an error names.
_REASONS: Final = 3


def has_left_nothing(error: StatementError) -> bool:
    """Say whether an error proves that its statement changed nothing: the pool itself has refused it.

    An error without its number may be the driver's, and one that passes may hide what the pool did.
    """
    return error.number in ROLLED_BACK or (error.number is not None and not error.retryable)


def copy_error(error: StatementError, options: LoadOptions, copy: CopyStatement) -> CopyFailedError:
    """Return the error for a COPY that the pool refused, or could not finish.

    One without a number is the driver's, which does not know what the pool made of the statement: a retry finds out.
    """
    what = _what(copy)
    is_known = options.path == "staged" or has_left_nothing(error)
    after = " Whether rows were loaded is not known; the next try finds out."
    if is_known:
        is_empty = options.write_disposition == "truncate"
        after = " The table is empty now." if is_empty else " Nothing was loaded."
    if error.number == _REJECT_THRESHOLD_NUMBER or _REJECT_THRESHOLD.search(str(error)):
        folder = copy.error_file.directory if copy.error_file else None
        where = f" Look for rejected rows in {folder}." if folder else " Set error_file to have rejected rows written."
        allowed = copy.max_errors or 0
        return RejectThresholdExceededError(
            f"{what}: more rows were rejected than max_errors={allowed} allows. {error}{where}{after}",
            number=error.number,
            reject_folder=folder,
        )
    retryable = error.retryable or not is_known
    return CopyFailedError(f"{what} failed: {error}{after}", number=error.number, retryable=retryable)


def too_many_rejected_rows(copy: CopyStatement, report: RejectedRowsReport, breach: str) -> TooManyRejectedRowsError:
    """Return the error for a load that is not published because of its rejected rows."""
    folder = copy.error_file.directory if copy.error_file else None
    reasons = "; ".join(f"{reason.rows:,} x {reason.text}" for reason in report.reasons[:_REASONS])
    return TooManyRejectedRowsError(
        f"{_what(copy)}: {report.summary()}, {breach}. {copy.target} was not changed. Look at the rejected rows in "
        f"{folder}, mend the files or raise the threshold. {reasons}",
        report=report.to_json(),
        reject_folder=folder,
    )


def unknown_outcome(copy: CopyStatement, *, has_store: bool) -> CopyOutcomeUnknownError:
    """Return the error for a load of which nobody can know whether its rows are in the table."""
    if has_store:
        what = "an earlier try was about to load, and nothing shows what became of it"
        again = "clear the task with reload=True"
    else:
        what = "Airflow does not remember what earlier tries of this DAG run did, and nothing else shows it"
        again = "start a new DAG run"
    return CopyOutcomeUnknownError(
        f"{_what(copy)}: {what}: the pool keeps its 10,000 latest requests, and forgets them when it is paused. The "
        f"rows may be in the table or not. Look whether they are; if not, {again} to load them (again). If they are, "
        "mark the task as succeeded. With ledger_table, from the first try of a run on, the outcome can always be "
        "known."
    )


def changed_arguments(copy: CopyStatement, done: LoadedBy) -> LoadChangedError:
    """Return the error for a load whose arguments were changed after its rows had been added to the table."""
    request = f" (request {done.request_id})" if done.request_id else ""
    return LoadChangedError(
        f"{_what(copy)}: try {done.attempt.try_number}{request} of this DAG run has added its rows to the table, from "
        "other files or by other options than now. To add the new ones too, clear the task with reload=True; remove "
        "the old rows first if they are wrong."
    )


def _what(copy: CopyStatement) -> str:
    return f"COPY INTO {copy.target} with label {copy.label!r}"
