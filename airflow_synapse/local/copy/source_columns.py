"""What a column of a Parquet or ORC file is in T-SQL.

Source: designing ELT for a dedicated SQL pool, data type mapping. MICROS and NANOS are in no line of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from airflow_synapse.local.copy.environment import TargetColumn
from airflow_synapse.local.copy.errors import copy_failed, wrong_source_type
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType

_NVARCHAR: Final = SqlType("nvarchar", length=4000)
_VARBINARY: Final = SqlType("varbinary", length=8000)
_DATETIME2: Final = SqlType("datetime2", scale=7)
#: The names of the reader's values in its ClassCastException.
_JAVA_CLASSES: Final = {
    "bit": "java.lang.Boolean",
    "tinyint": "java.lang.Integer",
    "smallint": "java.lang.Integer",
    "int": "java.lang.Integer",
    "bigint": "java.lang.Long",
    "real": "java.lang.Float",
    "float": "java.lang.Double",
    "decimal": "java.math.BigDecimal",
    "date": "java.sql.Date",
    "time": "java.sql.Time",
}
_MOMENTS: Final = frozenset({"datetime", "datetime2", "smalldatetime", "datetimeoffset"})


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column of a file.

    :param type: The T-SQL type that the mapping gives, and that AUTO_CREATE_TABLE uses.
        Assumption: AUTO_CREATE_TABLE makes nvarchar(4000) and varbinary(8000) columns of text and bytes.
    :param needs_discovery: Whether it can be loaded with AUTO_CREATE_TABLE = 'ON' only.
    """

    name: str
    type: SqlType
    needs_discovery: bool = False

    def check_fits(self, target: TargetColumn, *, discovery: bool) -> None:
        """Refuse a target column of another type.

        Assumption: A Parquet or ORC column loads into the type that the documented mapping gives and into types of the
        same kind (character, binary, date with time, decimal), whatever their length, precision and scale.
        Assumption: Parquet times and timestamps in MICROS or NANOS load with AUTO_CREATE_TABLE = 'ON' only.

        :raises PoolError: It does not fit, and COPY fails whatever MAXERRORS says.
        """
        if self.needs_discovery and not discovery:
            raise wrong_source_type(
                f"column '{self.name}' has a Parquet type that loads only with AUTO_CREATE_TABLE = 'ON' (a time or "
                f"timestamp in MICROS or NANOS, a list or a map); target column '{target.name}' is {target.type}."
            )
        if _kind(self.type.name) != _kind(target.type.name):
            raise wrong_source_type(
                f"class {_java_class(self.type)} cannot be cast to class {_java_class(target.type)} "
                f"(column '{self.name}' is {self.type}, target column '{target.name}' is {target.type})."
            )


def parquet_columns(file: pq.ParquetFile) -> list[SourceColumn]:
    """Return the top-level columns of a Parquet file, in order.

    :raises PoolError: One has a type that no line of the mapping names.
    """
    leaves: dict[str, Any] = {}
    for number in range(len(file.schema)):
        leaf = file.schema.column(number)
        leaves.setdefault(leaf.path.split(".")[0], leaf)
    return [_parquet_column(field, leaves[field.name.split(".")[0]]) for field in file.schema_arrow]


def _parquet_column(field: pa.Field, leaf: Any) -> SourceColumn:  # noqa: ANN401 - pyarrow ships no types
    if pa.types.is_list(field.type) or pa.types.is_map(field.type):
        return SourceColumn(field.name, SqlType("varchar", length=MAX), needs_discovery=True)
    if pa.types.is_nested(field.type):
        raise copy_failed(f"column '{field.name}' is a structure; COPY loads lists and maps, but no structures.")
    logical = json.loads(leaf.logical_type.to_json())
    kind = logical["Type"]
    if kind in {"Time", "Timestamp"}:
        sql_type = SqlType("time", scale=7) if kind == "Time" else _DATETIME2
        return SourceColumn(field.name, sql_type, needs_discovery=logical["timeUnit"] != "milliseconds")
    mapped = _logical_type(kind, logical) or _physical_type(leaf.physical_type)
    if mapped is None:
        raise copy_failed(f"column '{field.name}' has Parquet type {kind}, which COPY does not load.")
    return SourceColumn(field.name, mapped)


def _logical_type(kind: str, logical: dict[str, Any]) -> SqlType | None:
    if kind == "Int":
        return _integer_type(logical["bitWidth"], signed=logical["isSigned"])
    if kind == "Decimal":
        return SqlType("decimal", precision=logical["precision"], scale=logical["scale"])
    return {
        "String": _NVARCHAR,
        "Enum": _NVARCHAR,
        "JSON": SqlType("nvarchar", length=MAX),
        "BSON": SqlType("varbinary", length=MAX),
        "UUID": SqlType("uniqueidentifier"),
        "Date": SqlType("date"),
    }.get(kind)


def _integer_type(width: int, *, signed: bool) -> SqlType:
    if (width, signed) == (64, False):
        return SqlType("decimal", precision=20, scale=0)
    signed_names = {8: "smallint", 16: "smallint", 32: "int", 64: "bigint"}
    return SqlType(signed_names[width] if signed else {8: "tinyint", 16: "int", 32: "bigint"}[width])


def _physical_type(physical: str) -> SqlType | None:
    return {
        "BOOLEAN": SqlType("bit"),
        "INT32": SqlType("int"),
        "INT64": SqlType("bigint"),
        "INT96": _DATETIME2,
        "FLOAT": SqlType("real"),
        "DOUBLE": SqlType("float"),
        "BYTE_ARRAY": _VARBINARY,
        "FIXED_LEN_BYTE_ARRAY": SqlType("binary", length=8000),
    }.get(physical)


def orc_columns(schema: pa.Schema) -> list[SourceColumn]:
    """Return the columns of an ORC file, in order.

    Assumption: ORC types map to T-SQL as the Parquet types of the same name do.

    :raises PoolError: One has a type that is not mapped.
    """
    return [SourceColumn(field.name, _orc_type(field)) for field in schema]


def _orc_type(field: pa.Field) -> SqlType:
    kind = field.type
    if pa.types.is_decimal(kind):
        return SqlType("decimal", precision=kind.precision, scale=kind.scale)
    if pa.types.is_timestamp(kind):
        return _DATETIME2
    sql_type = {
        pa.bool_(): SqlType("bit"),
        pa.int8(): SqlType("smallint"),
        pa.int16(): SqlType("smallint"),
        pa.int32(): SqlType("int"),
        pa.int64(): SqlType("bigint"),
        pa.float32(): SqlType("real"),
        pa.float64(): SqlType("float"),
        pa.string(): _NVARCHAR,
        pa.binary(): _VARBINARY,
        pa.date32(): SqlType("date"),
    }.get(kind)
    if sql_type is None:
        raise copy_failed(f"column '{field.name}' has ORC type {kind}, which COPY does not load.")
    return sql_type


def _kind(name: str) -> str:
    if name in CHARACTER_TYPES:
        return "text"
    if name in BINARY_TYPES:
        return "bytes"
    return "moment" if name in _MOMENTS else name


def _java_class(sql_type: SqlType) -> str:
    return _JAVA_CLASSES.get(sql_type.name) or {
        "text": "java.lang.String",
        "bytes": "[B",
        "moment": "java.sql.Timestamp",
    }.get(_kind(sql_type.name), "java.lang.Object")
