"""OpenLineage: what a load read and wrote. Imported only where OpenLineage asks, so that its provider is installed.

Nothing secret is in it: locations of COPY hold no query part, and the pool is named by server and database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow.providers.common.compat.openlineage.facet import (
    InputDataset,
    OutputDataset,
    OutputStatisticsOutputDatasetFacet,
)
from airflow.providers.openlineage.extractors import OperatorLineage

from airflow_synapse.copy import ExternalLocation, TableName
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.thresholds import Thresholds


def lineage_of(arguments: CopyArguments, result: Mapping[str, Any]) -> OperatorLineage[Any, Any]:
    """Return the lineage of a load: its locations, its table, the rows that it read and wrote, and what was rejected.

    :param result: What it has come to: fields of :class:`~airflow_synapse.load.result.LoadResult`; of one that was not
        published because of its rejected rows, ``rejected_rows_report`` only.
    """
    urls = (
        [arguments.external_locations]
        if isinstance(arguments.external_locations, str)
        else arguments.external_locations
    )
    locations = [ExternalLocation.parse(url) for url in urls]
    facets = _input_facets(arguments, result)
    inputs = [
        # What is known of all locations together is told of one only where there is one.
        InputDataset(namespace=_namespace(location), name=location.path or "/", inputFacets=facets)
        if len(locations) == 1
        else InputDataset(namespace=_namespace(location), name=location.path or "/")
        for location in locations
    ]
    return OperatorLineage(inputs=inputs, outputs=[_output(arguments, result)])


def _namespace(location: ExternalLocation) -> str:
    scheme = "abfss" if location.endpoint == "dfs" else "wasbs"
    return f"{scheme}://{location.container}@{location.host}"


def _output(arguments: CopyArguments, result: Mapping[str, Any]) -> OutputDataset:
    pool = SynapseSqlPoolHook(arguments.synapse_conn_id).settings
    table = TableName.parse(arguments.table)
    facets: dict[str, Any] = {}
    if result.get("rows_loaded") is not None:
        statistics = OutputStatisticsOutputDatasetFacet(rowCount=result["rows_loaded"], size=None)
        facets = {"outputStatistics": statistics}
    return OutputDataset(
        namespace=f"sqlserver://{pool.server}:{pool.port};database={table.database or pool.database}",
        name=f"{table.schema or 'dbo'}.{table.name}",
        outputFacets=facets,
    )


def _input_facets(arguments: CopyArguments, result: Mapping[str, Any]) -> dict[str, Any]:
    from openlineage.client import facet_v2  # noqa: PLC0415 - the compatibility module has no facets of data quality

    report = result.get("rejected_rows_report")
    if report is None:
        return {}
    read = None if report["rows_loaded"] is None else report["rows_loaded"] + report["rows"]
    metrics = facet_v2.data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        rowCount=read, bytes=result.get("bytes"), columnMetrics={}
    )
    assertions = facet_v2.data_quality_assertions_dataset
    found = [assertions.Assertion(assertion=text, success=success) for text, success in _assertions(arguments, report)]
    return {
        "dataQualityMetrics": metrics,
        "dataQualityAssertions": assertions.DataQualityAssertionsDatasetFacet(assertions=found),
    }


def _assertions(arguments: CopyArguments, report: Mapping[str, Any]) -> Sequence[tuple[str, bool]]:
    """Return what can be asserted of the rejected rows, and whether it holds."""
    thresholds = Thresholds.parse(arguments.max_rejected_rows, arguments.max_rejected_ratio)
    read = RejectedRowsReport.from_json(report)
    limits = {"rejected_rows = 0": Thresholds(max_rejected_rows=0)}
    if thresholds.max_rejected_rows is not None:
        limits[f"rejected_rows <= {thresholds.max_rejected_rows}"] = replace(thresholds, max_rejected_ratio=None)
    if thresholds.max_rejected_ratio is not None and read.ratio is not None:
        limits[f"rejected_ratio <= {thresholds.max_rejected_ratio}"] = replace(thresholds, max_rejected_rows=None)
    return [(text, limit.breach(read) is None) for text, limit in limits.items()]
