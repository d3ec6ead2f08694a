"""T-SQL types for Spark's types, and the way back.

Source: azure-docs, data loading strategies for a dedicated SQL pool (2020-11), Parquet data type mapping, by way of the
Parquet types that Spark 3.5 writes; CREATE EXTERNAL TABLE AS SELECT reference for the way back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from airflow_synapse.copy.identifiers import ColumnName
from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.schema.catalog import TableColumn
from airflow_synapse.schema.parquet_types import DEFAULT_STRING_TYPE
from airflow_synapse.schema.sql_types import MAX, SqlType
from airflow_synapse.schema.table import ColumnDefinition
from airflow_synapse.transfer.manifest import StagedColumn

_TO_SQL: Final[Mapping[str, SqlType]] = {
    "boolean": SqlType("bit"),
    "tinyint": SqlType("smallint"),  # Spark's has a sign, and the pool's has none
    "smallint": SqlType("smallint"),
    "int": SqlType("int"),
    "bigint": SqlType("bigint"),
    "float": SqlType("real"),
    "double": SqlType("float"),
    "date": SqlType("date"),
    "timestamp": SqlType("datetime2", scale=7),
    "timestamp_ntz": SqlType("datetime2", scale=7),
}
_DECIMAL: Final = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_TEXT: Final = re.compile(r"string|(?:var)?char\(\d+\)")
#: Lengths that a measured column may get, in characters or bytes. A table that is made of one load holds others too.
_SHORTEST: Final = 16
_LONGEST_TEXT: Final = 4000
_LONGEST_BINARY: Final = 8000
_DEFAULT_BINARY_TYPE: Final = SqlType("varbinary", length=_LONGEST_BINARY)

_TO_SPARK: Final[Mapping[str, str]] = {
    "bit": "boolean",
    "tinyint": "short",
    "smallint": "short",
    "int": "integer",
    "bigint": "long",
    "real": "float",
    "float": "double",
    "date": "date",
    "datetime": "timestamp",
    "datetime2": "timestamp",
    "smalldatetime": "timestamp",
    "char": "string",
    "varchar": "string",
    "nchar": "string",
    "nvarchar": "string",
    "binary": "binary",
    "varbinary": "binary",
}


def column_definition(column: StagedColumn, string_type: SqlType | None = None) -> ColumnDefinition:
    """Return the column of a table that can hold a column of the files.

    Texts and binary values get the length that the job has measured, rounded up to a power of two and at least 16, so
    that the next load may be a little longer.

    :param string_type: Type of all texts instead.
    :raises TransferOptionError: COPY has no type for it.
    """
    return ColumnDefinition(name=ColumnName(column.name), type=_sql_type(column, string_type))


def _sql_type(column: StagedColumn, string_type: SqlType | None) -> SqlType:
    if found := _TO_SQL.get(column.type):
        return found
    if match := _DECIMAL.fullmatch(column.type):
        return SqlType("decimal", precision=int(match[1]), scale=int(match[2]))
    if _TEXT.fullmatch(column.type):
        return string_type or _measured("nvarchar", column.max_length, _LONGEST_TEXT, DEFAULT_STRING_TYPE)
    if column.type == "binary":
        return _measured("varbinary", column.max_length, _LONGEST_BINARY, _DEFAULT_BINARY_TYPE)
    raise TransferOptionError(
        f"Column {column.name!r} is {column.type} in Spark, for which COPY has no type. Cast it in spark_sql."
    )


def _measured(name: str, length: int | None, longest: int, default: SqlType) -> SqlType:
    if length is None:
        return default
    if length > longest:
        return SqlType(name, length=MAX)
    return SqlType(name, length=min(longest, max(_SHORTEST, 1 << max(length - 1, 0).bit_length())))


def spark_schema(columns: tuple[TableColumn, ...]) -> dict[str, Any]:
    """Return the schema, as Spark's JSON writes it, of the Parquet files that the pool writes of these columns.

    :raises TransferOptionError: A column has a type that Spark cannot have from the pool.
    """
    fields = [
        {"name": column.name, "type": _spark_type(column), "nullable": True, "metadata": {}} for column in columns
    ]
    return {"type": "struct", "fields": fields}


def _spark_type(column: TableColumn) -> str:
    if column.type.name == "decimal":
        return f"decimal({column.type.precision},{column.type.scale})"
    found = _TO_SPARK.get(column.type.name)
    if found is None:
        raise TransferOptionError(
            f"Column {column.name!r} is {column.type}, which the pool cannot write so that Spark reads it. Give sql "
            "instead of table, and cast the column there to another type."
        )
    return found
