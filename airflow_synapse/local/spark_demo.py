"""The part of the demonstration with Spark: the loaded flights go to Spark, and come back by carrier."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import pyarrow as pa

from airflow_synapse.local.workspace import Workspace

SPARK_DAG_ID: Final = "example_spark_flights"

#: What the example DAG asks Spark for, over the rows of the pool.
_BY_CARRIER: Final = """
SELECT carrier, COUNT(*) AS flights, SUM(distance) AS distance, CAST(AVG(arr_delay) AS decimal(9, 3)) AS arr_delay
FROM flights GROUP BY carrier ORDER BY carrier
"""


def create_external_objects(workspace: Workspace, container: str) -> None:
    """Make what an administrator makes for exports: a credential, a data source for a container, and a file format."""
    key = workspace.storage.key().reveal()
    connection = workspace.sql_pool.connect()
    try:
        for sql in (
            "CREATE MASTER KEY",
            f"CREATE DATABASE SCOPED CREDENTIAL lake_key WITH IDENTITY = 'user', SECRET = '{key}'",
            f"CREATE EXTERNAL DATA SOURCE lake WITH (TYPE = HADOOP, CREDENTIAL = lake_key, "
            f"LOCATION = 'abfss://{container}@lake.dfs.core.windows.net')",
            "CREATE EXTERNAL FILE FORMAT parquet WITH (FORMAT_TYPE = PARQUET, "
            "DATA_COMPRESSION = 'org.apache.hadoop.io.compress.SnappyCodec')",
        ):
            connection.execute(sql)
    finally:
        connection.close()


def carriers_by_spark(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Return what the pool has loaded of Spark's result."""
    return _rows(workspace, "SELECT carrier, flights, distance, arr_delay FROM dbo.flights_by_carrier ORDER BY carrier")


def carriers_by_duckdb(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Return what the same query gives in DuckDB, over the same rows."""
    columns = ("carrier", "distance", "arr_delay")
    rows = _rows(workspace, f"SELECT {', '.join(columns)} FROM dbo.flights")
    with duckdb.connect() as database:
        database.register("flights", pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))))
        return database.execute(_BY_CARRIER).fetchall()


def _rows(workspace: Workspace, sql: str) -> list[tuple[Any, ...]]:
    connection = workspace.sql_pool.connect()
    try:
        return [tuple(row) for row in connection.execute(sql).fetchall()]
    finally:
        connection.close()
