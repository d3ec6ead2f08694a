"""Write a table, a query's rows or files as Parquet that COPY can load. A script for the Spark pool; see ``job_run``.

Request::

    {"version": 1, "folder": "abfss://.../<folder of this run>/",
     "source": {"kind": "table", "name": "sales.orders"}
             | {"kind": "sql", "text": "SELECT ..."}
             | {"kind": "files", "format": "parquet", "paths": ["abfss://..."], "options": {}},
     "compression": "snappy" | "gzip" | "none", "file_bytes": 268435456,
     "nested": "json" | "refuse", "not_a_number": "null" | "refuse"}

Manifest: ``rows``, ``files`` (``name``, ``bytes``; below ``data/``), ``columns`` (``name``, ``type``, ``nullable``,
``max_length``, ``not_a_number``; see ``staged_columns``), ``spark_version``, ``application_id``, ``seconds``.

Rows, lengths and NaN are counted while the files are written, not by a second pass. A query is run with the time zone
UTC. NaN and infinity within nested values become JSON texts of these names.

With ``"method": "connector"`` nothing is staged: see ``connector``. ``rows`` is then null, and ``files`` is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import connector
import staged_columns
from job_run import RefusedError, Run, run
from pyspark.sql import DataFrame, Observation, SparkSession

_DATA = "data"
#: Parquet usually takes between a quarter and the whole of the bytes that Spark expects of a row.
_DENSEST = 4


def stage(this: Run) -> dict[str, Any]:
    """Write the files; return the manifest.

    :raises RefusedError: The source has columns that COPY cannot load, or NaN that is not allowed.
    """
    request = this.request
    this.step = "read the source"
    source = _read(this.spark, request["source"], request["file_bytes"])
    staged_columns.check(source, nested=request["nested"])
    frame = staged_columns.convert(source)
    if request.get("method") == "connector":
        return _connect(this, frame)
    this.step = "write the files"
    observation = Observation()
    # Observed last: what comes before a shuffle may run twice.
    observed = frame.observe(observation, staged_columns.measurements(frame.schema))
    written = staged_columns.without_fractions_that_are_no_numbers(observed)
    _write(written, this.url(_DATA), request)
    measured = staged_columns.measured(observation)
    columns = staged_columns.describe(written.schema, measured)
    if request["not_a_number"] == "refuse":
        _refuse_not_a_number(columns)
    return {"rows": measured["rows"], "files": this.files(_DATA), "columns": columns}


def _connect(this: Run, frame: DataFrame) -> dict[str, Any]:
    this.step = "write with the connector"
    if this.request["not_a_number"] == "null":
        frame = staged_columns.without_fractions_that_are_no_numbers(frame)  # the pool itself refuses them otherwise
    connector.write(frame, this.request)
    return {"rows": None, "files": [], "columns": staged_columns.describe(frame.schema, {})}


def _read(spark: SparkSession, source: Mapping[str, Any], file_bytes: int) -> DataFrame:
    """Return the source, split as near to ``file_bytes`` as goes without moving rows: a file a partition."""
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(file_bytes))
    spark.conf.set("spark.sql.adaptive.advisoryPartitionSizeInBytes", str(file_bytes))
    spark.conf.set("spark.sql.adaptive.coalescePartitions.parallelismFirst", "false")
    kind = source["kind"]
    if kind == "table":
        return spark.table(source["name"])
    if kind == "sql":
        return spark.sql(source["text"])
    if kind == "files":
        return spark.read.format(source["format"]).options(**source.get("options", {})).load(source["paths"])
    raise RefusedError(f"The source is of kind {kind!r}; table, sql and files are known.")


def _write(frame: DataFrame, url: str, request: Mapping[str, Any]) -> None:
    """Write without partitionBy, which would keep its columns out of the files."""
    row_bytes = frame._jdf.schema().defaultSize()  # what Spark expects of a row, before it is compressed
    (
        frame.write.mode("errorifexists")
        .option("compression", request["compression"])
        .option("maxRecordsPerFile", max(1, _DENSEST * request["file_bytes"] // row_bytes))
        .parquet(url)
    )


def _refuse_not_a_number(columns: list[dict[str, Any]]) -> None:
    if found := [column for column in columns if column.get("not_a_number")]:
        shown = ", ".join(f"{column['name']} ({column['not_a_number']})" for column in found)
        raise RefusedError(f"The pool has neither NaN nor infinity, and these columns hold such values: {shown}.")


if __name__ == "__main__":
    run(stage)
