"""Put the rows of Parquet files that the SQL pool wrote into a Spark table or files. A script; see ``job_run``.

Request::

    {"version": 1, "folder": "abfss://.../<folder of this run>/", "source": "abfss://.../<folder of the files>/",
     "schema": {"type": "struct", "fields": [...]}, "rows": 1000 | null,
     "target": {"kind": "table", "name": "sales.orders", "format": "delta", "mode": "append"}
             | {"kind": "files", "path": "abfss://...", "format": "parquet", "mode": "overwrite"}}

``schema`` is Spark's JSON of a StructType; it is given, because a query without rows may leave no file. ``rows`` is
what the pool has exported, where that is known. ``mode`` is errorifexists, append, overwrite or ignore.

Manifest: ``rows``, ``columns`` (``name``, ``type``, ``nullable``), ``spark_version``, ``application_id``, ``seconds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from job_run import RefusedError, Run, resolve, run
from pyspark.sql import DataFrame
from pyspark.sql import types as T  # noqa: N812 - its usual name
from staged_columns import TIMESTAMPS_AS_TEXT, column_named


def deliver(this: Run) -> dict[str, Any]:
    """Write the rows; return the manifest. Nothing is written unless the files hold what the request says.

    :raises RefusedError: A column is missing, the number of rows is another, or the target must not be there.
    """
    request, target = this.request, this.request["target"]
    schema = T.StructType.fromJson(request["schema"])
    this.step = "read the files"
    frame = _read(this, schema)
    rows = frame.count()  # Parquet files say it in their footers
    if request["rows"] not in {None, rows}:
        raise RefusedError(
            f"The files in {request['source']} hold {rows} rows, and the pool has exported {request['rows']}."
        )
    this.step = "look at the target"
    exists = _exists(this, target)
    if exists and target["mode"] == "errorifexists":
        raise RefusedError(f"{target.get('name') or target['path']} already exists, and save_mode is errorifexists.")
    this.step = "write the target"
    _write(frame, target)
    return {
        "rows": 0 if exists and target["mode"] == "ignore" else rows,
        "columns": [
            {"name": field.name, "type": field.dataType.simpleString(), "nullable": field.nullable}
            for field in schema.fields
        ],
    }


def _read(this: Run, schema: T.StructType) -> DataFrame:
    spark, source = this.spark, this.request["source"]
    system, path = resolve(spark, source)
    if this.request["rows"] == 0 and not system.exists(path):  # no file, so no folder
        return spark.createDataFrame([], schema)
    frame = spark.read.schema(_as_stored(schema)).parquet(source)
    if frame.inputFiles():
        _check_names(schema.names, spark.read.parquet(source).columns)
    return frame.select([column_named(field.name).cast(field.dataType).alias(field.name) for field in schema.fields])


def _as_stored(schema: T.StructType) -> T.StructType:
    """Return the schema of the files: Spark reads INT96 as timestamps with time zone only."""
    stored = T.TimestampType()
    return T.StructType(
        [
            T.StructField(field.name, stored if isinstance(field.dataType, T.TimestampNTZType) else field.dataType)
            for field in schema.fields
        ]
    )


def _check_names(wanted: list[str], found: list[str]) -> None:
    """Refuse columns that the files do not have: Spark would make them NULL."""
    missing = sorted({name.lower() for name in wanted} - {name.lower() for name in found})
    if missing:
        raise RefusedError(f"The files have no column {', '.join(missing)}; they have {', '.join(found)}.")


def _exists(this: Run, target: Mapping[str, Any]) -> bool:
    if target["kind"] == "table":
        return bool(this.spark.catalog.tableExists(target["name"]))
    system, path = resolve(this.spark, target["path"])
    return bool(system.exists(path))


def _write(frame: DataFrame, target: Mapping[str, Any]) -> None:
    writer = frame.write.format(target["format"]).mode(target["mode"])
    if target["format"] in {"csv", "json"}:
        writer = writer.options(**TIMESTAMPS_AS_TEXT)
    if target["kind"] == "table":
        writer.saveAsTable(target["name"])
    elif target["kind"] == "files":
        writer.save(target["path"])
    else:
        raise RefusedError(f"The target is of kind {target['kind']!r}; table and files are known.")


if __name__ == "__main__":
    run(deliver)
