"""What OpenLineage is told, by its real provider's classes."""

import json

import pytest

from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.source_survey import SourceSurvey
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.rejected_rows.report import RejectedRowsReport, SampleRow
from airflow_synapse.version_compat import AirflowFailException

extractors = pytest.importorskip(
    "airflow.providers.openlineage.extractors.base", reason="OpenLineage's provider is not installed"
)

LOCATION = "https://lake.blob.core.windows.net/landing/flights/"
STAGED = {"write_disposition": "replace_slice", "slice_predicate": "1 = 1"}


@pytest.fixture
def run(pool, driver, context, new_connection, monkeypatch):
    """Run a load of 842 rows of which five are rejected, and return its operator."""
    driver.answers += [("sys.columns", [("id", "int", 4, 10, 0, True, False, 0)]), ("COUNT_BIG", [(0,)])]
    sample = (SampleRow(raw="customer's data", reason="no number"),)

    def report(self, location, *, rows_loaded, sample_rows):
        return RejectedRowsReport(rows=5, rows_loaded=rows_loaded, sample=sample)

    monkeypatch.setattr(SynapseStorageHook, "survey", lambda self, locations, **_: SourceSurvey(files=3, bytes=60))
    monkeypatch.setattr(SynapseStorageHook, "rejected_rows_report", report)
    lake = new_connection("lake", conn_type="wasb", login="lake", password="c2VudGluZWwta2V5")

    def execute(**arguments):
        task = SynapseCopyOperator(
            task_id="load",
            table="dbo.flights",
            synapse_conn_id=pool,
            storage_conn_id=lake,
            max_errors=10,
            error_file="/rejects",
            **{"external_locations": LOCATION, **arguments},
        )
        extractor = extractors.DefaultExtractor(task)
        try:
            task.execute(context)
        except AirflowFailException:
            return extractor.extract_on_failure(None)
        return extractor.extract_on_complete(None)

    return execute


def test_a_load_reads_its_location_and_writes_its_table(run):
    lineage = run(max_rejected_rows=5, **STAGED)
    (source,), (table,) = lineage.inputs, lineage.outputs
    assert (source.namespace, source.name) == ("wasbs://landing@lake.blob.core.windows.net", "flights/")
    assert (table.namespace, table.name) == ("sqlserver://ws.sql.azuresynapse.net:1433;database=sales", "dbo.flights")
    assert table.outputFacets["outputStatistics"].rowCount == 842
    metrics = source.inputFacets["dataQualityMetrics"]
    assert (metrics.rowCount, metrics.bytes) == (847, 60)
    assertions = source.inputFacets["dataQualityAssertions"].assertions
    assert [(each.assertion, each.success) for each in assertions] == [
        ("rejected_rows = 0", False),
        ("rejected_rows <= 5", True),
    ]


def test_a_load_with_too_many_rejected_rows_tells_which_assertion_failed(run):
    lineage = run(max_rejected_ratio=0.001, **STAGED)
    assertions = lineage.inputs[0].inputFacets["dataQualityAssertions"].assertions
    assert ("rejected_ratio <= 0.001", False) in [(each.assertion, each.success) for each in assertions]
    assert not lineage.outputs[0].outputFacets


def test_several_locations_are_several_inputs(run):
    dfs = "https://lake.dfs.core.windows.net/landing/"
    lineage = run(external_locations=[dfs + "a/", dfs + "b/"])
    assert [source.namespace for source in lineage.inputs] == ["abfss://landing@lake.dfs.core.windows.net"] * 2
    assert [source.name for source in lineage.inputs] == ["a/", "b/"]
    assert not lineage.inputs[0].inputFacets


def test_neither_secrets_nor_rows_are_told(run):
    from openlineage.client.serde import Serde  # noqa: PLC0415 - where it is installed

    lineage = run()
    text = json.dumps([Serde.to_dict(dataset) for dataset in (*lineage.inputs, *lineage.outputs)])
    assert "847" in text
    for hidden in ("c2VudGluZWw", "pool-password", "sig=", "customer's data"):
        assert hidden not in text
