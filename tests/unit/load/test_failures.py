"""What the errors of a load say."""

import pytest

from airflow_synapse.copy import CopyStatement, ErrorFile, ExternalLocation, TableName
from airflow_synapse.exceptions import StatementError
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.failures import copy_error, too_many_rejected_rows
from airflow_synapse.rejected_rows.report import RejectedRowsReport, TextRows


def test_too_many_rejected_rows_are_told_with_the_most_frequent_reasons_only():
    copy = CopyStatement(
        target=TableName.parse("dbo.flights"),
        external_locations=(ExternalLocation.parse("https://lake.blob.core.windows.net/landing/flights/"),),
        error_file=ErrorFile(directory="/rejects/flights"),
    )
    reasons = tuple(TextRows(text=f"reason {name}", rows=10) for name in "abcd")
    error = too_many_rejected_rows(copy, RejectedRowsReport(rows=40, rows_loaded=60, reasons=reasons), "too many")
    assert "40 of 100 rows (40 %) were rejected, too many." in str(error)
    assert "in /rejects/flights, " in str(error)
    assert str(error).endswith("10 x reason a; 10 x reason b; 10 x reason c")
    assert error.report["rows"] == 40


COPY = CopyStatement(
    target=TableName.parse("dbo.flights"),
    external_locations=(ExternalLocation.parse("https://lake.blob.core.windows.net/landing/flights/"),),
)
NOT_KNOWN = "Whether rows were loaded is not known; the next try finds out."


@pytest.mark.parametrize(
    ("error", "disposition", "end", "retryable"),
    [
        (StatementError("Invalid object (208)", number=208), "append", "Nothing was loaded.", False),
        (StatementError("Invalid object (208)", number=208), "truncate", "The table is empty now.", False),
        (StatementError("deadlock (1205)", number=1205, retryable=True), "append", "Nothing was loaded.", True),
        (StatementError("service error (40197)", number=40197, retryable=True), "append", NOT_KNOWN, True),
        (StatementError("Protocol error in TDS stream (0)"), "append", NOT_KNOWN, True),
        (StatementError("Protocol error in TDS stream (0)"), "truncate", NOT_KNOWN, True),
        (StatementError("Protocol error in TDS stream (0)"), "replace", "Nothing was loaded.", False),
    ],
)
def test_a_failed_copy_says_nothing_was_loaded_only_where_that_is_known(error, disposition, end, retryable):
    failure = copy_error(error, LoadOptions(write_disposition=disposition), COPY)
    assert str(failure).endswith(end)
    assert failure.retryable is retryable
