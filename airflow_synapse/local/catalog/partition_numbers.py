"""Which partition a row belongs to.

DuckDB keeps no partitions: a row's partition is computed from the partition column whenever somebody asks.
"""

from __future__ import annotations

import duckdb

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.tsql.typed import quote_literal, quote_name


def partition_count(table: Table) -> int:
    """Return the number of partitions; 1 for a table that is not partitioned."""
    return len(table.partitioning.boundaries) + 1 if table.partitioning else 1


def number_of(table: Table) -> str:
    """Return DuckDB's SQL for the number of the partition that a row belongs to; NULL belongs to the first.

    Source: T-SQL reference, CREATE TABLE (Azure Synapse Analytics), PARTITION: with RANGE RIGHT a boundary belongs to
    the partition on its right.
    """
    partitioning = table.partitioning
    if partitioning is None:
        return "1"
    column = table.column(partitioning.column)
    assert column is not None  # noqa: S101 - checked when the table was created
    name, operator = quote_name(column.name), ">=" if partitioning.right else ">"
    values = (f"CAST({quote_literal(value)} AS {column.type.duckdb_name})" for value in partitioning.boundaries)
    passed = "".join(f" + CAST(coalesce({name} {operator} {value}, false) AS INTEGER)" for value in values)
    return f"(1{passed})"


def row_counts(cursor: duckdb.DuckDBPyConnection, table: Table) -> dict[int, int]:
    """Return the number of rows by partition number; partitions without rows are left out."""
    sql = f"SELECT {number_of(table)} AS number, count(*) FROM {table.duckdb_name} GROUP BY ALL"
    return {int(number): int(count) for number, count in cursor.execute(sql).fetchall()}
