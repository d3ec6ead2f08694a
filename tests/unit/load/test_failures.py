"""What the errors of a load say."""

from airflow_synapse.copy import CopyStatement, ErrorFile, ExternalLocation, TableName
from airflow_synapse.load.failures import too_many_rejected_rows
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
