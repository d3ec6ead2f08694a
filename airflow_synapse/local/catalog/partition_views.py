"""sys.partitions and the views of partition functions and schemes.

A dedicated pool makes one partition function and one scheme for each partitioned table by itself; so do these views.
Source: azure-docs sql-data-warehouse-tables-partition, whose queries join them; T-SQL reference, Catalog views.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.partition_numbers import partition_count
from airflow_synapse.local.catalog.view import (
    BIGINT,
    BIT,
    INT,
    SYSNAME,
    TINYINT,
    Row,
    SystemView,
    ViewContext,
    nvarchar,
)
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType

_PRIMARY: Final = 1
_CODE: Final = SqlType("char", 2)


def data_space_id(table: Table) -> int:
    """Return the id of the partition scheme of a table, or of the filegroup PRIMARY."""
    return _PRIMARY if table.partitioning is None else table.object_id


def _partitioned(context: ViewContext) -> Iterator[Table]:
    return (table for table in context.stored_tables() if table.partitioning is not None)


def _name(kind: str, table: Table) -> str:
    return f"{kind}_{table.object_id:x}"


def _partitions(context: ViewContext) -> Iterator[Row]:
    """One row a partition; the 60 distributions of a real pool are one here.

    Assumption: The column rows of sys.partitions in the local pool is exact.
    """
    for table in context.stored_tables():
        counts = _row_counts(context, table)
        index = 0 if table.index.kind == "HEAP" else 1
        compression = (3, "COLUMNSTORE") if table.index.kind == "CLUSTERED COLUMNSTORE" else (0, "NONE")
        for number in range(1, partition_count(table) + 1):
            identifier = table.object_id * 100_000 + number
            rows = counts.get(number, 0)
            yield identifier, table.object_id, index, number, identifier, rows, *compression


def _row_counts(context: ViewContext, table: Table) -> dict[int, int]:
    try:
        return context.row_counts(table)
    except PoolError:
        return {}  # another session is creating it


def _functions(context: ViewContext) -> Iterator[Row]:
    for table in _partitioned(context):
        right = table.partitioning is not None and table.partitioning.right
        yield _name("PF", table), table.object_id, "R ", "RANGE", partition_count(table), right, False


def _schemes(context: ViewContext) -> Iterator[Row]:
    for table in _partitioned(context):
        yield _name("PS", table), data_space_id(table), "PS", "PARTITION_SCHEME", False, table.object_id


def _data_spaces(context: ViewContext) -> Iterator[Row]:
    yield "PRIMARY", _PRIMARY, "FG", "ROWS_FILEGROUP", True
    for table in _partitioned(context):
        yield _name("PS", table), data_space_id(table), "PS", "PARTITION_SCHEME", False


def _range_values(context: ViewContext) -> Iterator[Row]:
    """Assumption: The value of sys.partition_range_values is text in the local pool, which has no sql_variant."""
    for table in _partitioned(context):
        boundaries = table.partitioning.boundaries if table.partitioning else ()
        for number, value in enumerate(boundaries, 1):
            yield table.object_id, number, 1, value


_DATA_SPACE: Final = (
    ("name", SYSNAME),
    ("data_space_id", INT),
    ("type", _CODE),
    ("type_desc", nvarchar(60)),
    ("is_default", BIT),
)
VIEWS: Final = {
    "partitions": SystemView(
        (
            ("partition_id", BIGINT),
            ("object_id", INT),
            ("index_id", INT),
            ("partition_number", INT),
            ("hobt_id", BIGINT),
            ("rows", BIGINT),
            ("data_compression", TINYINT),
            ("data_compression_desc", nvarchar(60)),
        ),
        _partitions,
    ),
    "partition_functions": SystemView(
        (
            ("name", SYSNAME),
            ("function_id", INT),
            ("type", _CODE),
            ("type_desc", nvarchar(60)),
            ("fanout", INT),
            ("boundary_value_on_right", BIT),
            ("is_system", BIT),
        ),
        _functions,
    ),
    "partition_schemes": SystemView((*_DATA_SPACE, ("function_id", INT)), _schemes),
    "data_spaces": SystemView(_DATA_SPACE, _data_spaces),
    "partition_range_values": SystemView(
        (("function_id", INT), ("boundary_id", INT), ("parameter_id", INT), ("value", nvarchar(4000))), _range_values
    ),
}
