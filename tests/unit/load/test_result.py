"""The JSON that a load leaves in XCom."""

import json

from airflow_synapse.load.result import LoadResult


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
        "reused": False,
    }


def test_zero_stays_zero():
    assert LoadResult(table="t", label="x", rows_rejected=0).to_json()["rows_rejected"] == 0
