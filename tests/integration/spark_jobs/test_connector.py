"""The job with the connector's method, against a stand-in: what the connector is told, and which rows it is given."""

from __future__ import annotations

import json
import math

import pyarrow.parquet as pq
import pytest

SOURCE = "SELECT 1.5D AS x, array(1) AS a UNION ALL SELECT double('NaN'), NULL"


@pytest.fixture
def connect(jobs, tmp_path):
    def run(sql=SOURCE, **options):
        request = {"method": "connector", "table": "pool.dbo.t", "table_type": "INTERNAL", "mode": "append"}
        request |= {"temp_folder": str(tmp_path), "with_connector": True, **options}
        return jobs.stage(sql, **request)

    return run


def call(folder):
    return json.loads((folder / "call.json").read_text())


def test_the_connector_gets_table_mode_and_options(connect, tmp_path):
    outcome = connect(server="ws.sql.azuresynapse.net", mode="overwrite")
    assert outcome.raised is None
    assert call(tmp_path) == {
        "mode": "overwrite",
        "spark.synapse.server": "ws.sql.azuresynapse.net",
        "spark.synapse.temp_folder": str(tmp_path),
        "table_name": "pool.dbo.t",
        "table_type": "internal table",
        "location": None,
    }
    assert (outcome.manifest["rows"], outcome.manifest["files"]) == (None, [])
    assert [column["type"] for column in outcome.manifest["columns"]] == ["double", "string"]
    assert not outcome.data.exists()


def test_an_external_table_has_its_data_source_and_location(connect, tmp_path):
    connect(table_type="EXTERNAL", data_source="lake", location="/t/")
    found = call(tmp_path)
    assert (found["table_type"], found["spark.synapse.data_source"], found["location"]) == (
        "external table",
        "lake",
        "/t/",
    )


def test_the_connector_gets_converted_rows(connect, tmp_path):
    connect()
    assert pq.read_table(tmp_path / "rows").to_pylist() == [{"x": 1.5, "a": "[1]"}, {"x": None, "a": None}]


def test_values_that_are_no_numbers_can_be_left_to_the_pool(connect, tmp_path):
    connect(not_a_number="refuse")
    assert math.isnan(pq.read_table(tmp_path / "rows").to_pylist()[1]["x"])


def test_types_are_refused_as_for_staging(connect, tmp_path):
    assert "odd (void)" in connect("SELECT NULL AS odd").error["message"]
    assert not (tmp_path / "call.json").exists()


def test_a_login_is_read_from_the_key_vault(connect, tmp_path):
    login = {"user": "loader", "key_vault": "vault", "linked_service": "link", "password": "pw"}
    connect(login={**login, "staging_storage_account_key": "key"})
    found = call(tmp_path)
    assert found["spark.synapse.user"] == "loader"
    assert found["spark.synapse.password"] == "value of pw in vault by link"
    assert found["spark.synapse.staging_key"] == "value of key in vault by link"


def test_a_pool_without_the_connector_says_so(connect, tmp_path):
    outcome = connect(with_connector=False)
    assert "no Synapse connector" in outcome.error["message"]
    assert outcome.error["kind"] == "RefusedError"


def test_an_unknown_table_type_is_refused(connect, tmp_path):
    assert "'TEMPORARY'" in connect(table_type="TEMPORARY").error["message"]


def test_an_error_of_the_connector_is_reported(connect):
    outcome = connect(table="pool.dbo.broken")
    assert outcome.error["kind"] == "ValueError"
    assert outcome.error["message"] == "the connector failed"
    assert outcome.error["step"] == "write with the connector"
    assert outcome.manifest is None
