"""Whether COPY can put the columns of Parquet files into the columns of a table.

A pool that meets another type than the column's fails with ``ClassCastException``, some minutes after the start, and
names neither file nor column. The documented mapping tells before.

Assumption: COPY counts the fields of a Parquet file by the columns at the top of its schema.
Assumption: A Parquet column fails to load into a column of another kind of type than the documented one, as INT64 is
reported to fail for int and INT32 for varchar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from airflow_synapse.copy.columns import CopyColumn
from airflow_synapse.schema.catalog import TableColumn
from airflow_synapse.schema.parquet_types import ParquetColumn, ParquetFile
from airflow_synapse.schema.sql_types import SqlType

#: Types that a reader of one kind of Parquet value can fill. INT32 fills all of int and below; their ranges differ.
_KINDS: Final[Mapping[str, str]] = {
    "bit": "boolean",
    "tinyint": "integer",
    "smallint": "integer",
    "int": "integer",
    "bigint": "big integer",
    "decimal": "decimal",
    "real": "real",
    "float": "float",
    "date": "date",
    "time": "time",
    "datetime2": "timestamp",
    "char": "text",
    "varchar": "text",
    "nchar": "text",
    "nvarchar": "text",
    "binary": "binary",
    "varbinary": "binary",
    "uniqueidentifier": "uniqueidentifier",
}
#: Pairs that no document shows and no report says to fail: both sides hold the same kind of value in Java.
_UNDOCUMENTED: Final = frozenset({("binary", "text"), ("text", "binary")})


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """Something to say of a pair of columns, or of a file.

    :param message: A sentence, without the file.
    :param is_fatal: Whether COPY is going to fail.
    """

    message: str
    is_fatal: bool = False


def compare(
    file: ParquetFile, table_columns: Sequence[TableColumn], copy_columns: Sequence[CopyColumn] = ()
) -> Iterator[ColumnFinding]:
    """Yield what there is to say of a file and a table.

    :param table_columns: All columns of the table, in its order; at least one.
    :param copy_columns: The column list of the statement; empty for field 1 to column 1, and so on.
    """
    if file.unreadable:
        yield ColumnFinding(f"it is no Parquet file that COPY could read: {file.unreadable}", is_fatal=True)
        return
    if not copy_columns and len(file.columns) != len(table_columns):
        yield ColumnFinding(
            f"it has {len(file.columns)} columns and the table has {len(table_columns)}; no document says what COPY "
            "does then. Give a column list"
        )
    for number, target in _targets(table_columns, copy_columns):
        if isinstance(target, str):
            yield ColumnFinding(f"the column list names [{target}], which the table has not", is_fatal=True)
        elif 1 <= number <= len(file.columns):
            yield from _compare_column(number, file.columns[number - 1], target)
        elif copy_columns:
            yield ColumnFinding(f"it has no field {number} for column [{target.name}]")


def _targets(
    table_columns: Sequence[TableColumn], copy_columns: Sequence[CopyColumn]
) -> Iterator[tuple[int, TableColumn | str]]:
    """Yield each field number with its column; with its name where the table lacks it."""
    if not copy_columns:
        yield from enumerate(table_columns, start=1)
    by_name = {column.name.casefold(): column for column in table_columns}
    for place, entry in enumerate(copy_columns, start=1):
        name = entry.name.name
        yield entry.field_number or place, by_name.get(name.casefold(), name)


def _compare_column(number: int, source: ParquetColumn, target: TableColumn) -> Iterator[ColumnFinding]:
    where = f"field {number}, {source.name!r}, is {source}"
    documented = source.sql_type()
    if documented is None:
        yield ColumnFinding(
            f"{where}, for which no T-SQL type is documented. Write it with another type, or leave the field out by a "
            "column list",
            is_fatal=True,
        )
        return
    wanted, found = _KINDS[documented.name], _KINDS.get(target.type.name)
    if wanted == found:
        yield from _lost_digits(where, documented, target)
    elif found is None or (wanted, found) in _UNDOCUMENTED:
        yield ColumnFinding(
            f"{where}, documented as {documented.name}, and column [{target.name}] is {target.type}; no document says "
            "that COPY converts it"
        )
    else:
        yield ColumnFinding(
            f"{where}, which COPY reads as {documented.name}, but column [{target.name}] is {target.type}: COPY would "
            f"fail with a ClassCastException. Make the column {documented}, or write the file with a type for "
            f"{target.type}",
            is_fatal=True,
        )
    if source.is_finer_than_documented and found in {"timestamp", "time", None}:
        yield ColumnFinding(
            f"{where}, finer than the documented MILLIS, so that COPY may fail with a ClassCastException. Write INT96 "
            "or MILLIS, or try auto_create_table=ON, with which such files are reported to load"
        )


def _lost_digits(where: str, documented: SqlType, target: TableColumn) -> Iterator[ColumnFinding]:
    """Source: COPY reference 2026-05, Remarks: greater precision is cut off, not rounded."""
    if documented.name == "decimal" and (documented.scale or 0) > (target.type.scale or 0):
        yield ColumnFinding(
            f"{where}: COPY cuts digits off, without rounding, for column [{target.name}] {target.type}"
        )
