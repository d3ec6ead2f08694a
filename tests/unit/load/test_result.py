"""The JSON that a load leaves in XCom."""

import json

from airflow_synapse.load.result import LoadResult
from airflow_synapse.rejected_rows.report import RejectedRowsReport


def test_what_is_not_known_is_null_and_never_zero():
    result = json.loads(json.dumps(LoadResult(table="[dbo].[flights]", label="x").to_json()))
    assert result == {
        "table": "[dbo].[flights]",
        "label": "x",
        "request_id": None,
        "rows_loaded": None,
        "rows_rejected": None,
        "reject_folder": None,
        "files": None,
        "bytes": None,
        "seconds": None,
        "rejected_rows_report": None,
        "reused": False,
    }


def test_the_report_on_rejected_rows_is_part_of_it():
    report = RejectedRowsReport(rows=1, rows_loaded=3)
    result = LoadResult(table="t", label="x", rejected_rows_report=report).to_json()
    assert RejectedRowsReport.from_json(json.loads(json.dumps(result))["rejected_rows_report"]) == report


def test_zero_stays_zero():
    assert LoadResult(table="t", label="x", rows_rejected=0).to_json()["rows_rejected"] == 0
