"""Run a translated query and stream its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import duckdb
import pyarrow as pa

from airflow_synapse.local.arrow_types import ARROW_TYPES
from airflow_synapse.local.protocol import ResultColumn, Rows
from airflow_synapse.local.sql_types import BINARY_TYPES, SqlType
from airflow_synapse.local.tsql.engine_errors import translated
from airflow_synapse.local.tsql.query_binder import BoundQuery
from airflow_synapse.local.tsql.type_rules import INT

#: Rows of a batch: bounded so that the first rows leave soon.
_ROWS: Final = 8192


def arrow_type(found: SqlType) -> pa.DataType:
    """Return the Arrow type of a T-SQL type."""
    if found.name == "decimal":
        return pa.decimal128(found.precision, found.scale)
    if found.name in BINARY_TYPES:
        return pa.binary()
    return ARROW_TYPES.get(found.name, pa.string())


def run_query(
    cursor: duckdb.DuckDBPyConnection, query: BoundQuery, parameters: Mapping[str, object], *, rows: int = _ROWS
) -> Rows:
    """Return the result of a query; DuckDB computes it while its batches are read.

    :raises PoolError: DuckDB refuses the query.
    """
    columns = tuple(ResultColumn(column.name, column.type or INT, column.nullable) for column in query.columns)
    with translated():
        relation = cursor.sql(query.sql, params=dict(parameters) or None)
        reader = relation.to_arrow_reader(rows)
    return Rows(columns, _batches(reader, columns))


def rows_of(columns: Sequence[tuple[str, SqlType]], rows: Iterable[Sequence[object]]) -> Rows:
    """Return rows that were made in Python as a result."""
    kept = list(rows)
    schema = pa.schema([(str(index), arrow_type(found)) for index, (_, found) in enumerate(columns)])
    arrays = [pa.array([row[index] for row in kept], field.type) for index, field in enumerate(schema)]
    described = tuple(ResultColumn(name, found) for name, found in columns)
    return Rows(described, iter([pa.RecordBatch.from_arrays(arrays, schema=schema)]))


def _batches(reader: pa.RecordBatchReader, columns: Sequence[ResultColumn]) -> Iterator[pa.RecordBatch]:
    # A result may have two columns of one name: batches carry positions, the description carries the names.
    schema = pa.schema([(str(index), arrow_type(column.type)) for index, column in enumerate(columns)])
    while True:
        with translated():
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            arrays = [
                array if array.type == field.type else array.cast(field.type)
                for array, field in zip(batch.columns, schema, strict=True)
            ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
