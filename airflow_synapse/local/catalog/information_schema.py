"""The views of INFORMATION_SCHEMA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.catalog.model import Column
from airflow_synapse.local.catalog.system_types import COLLATION, precision, scale
from airflow_synapse.local.catalog.view import (
    INT,
    SMALLINT,
    SYSNAME,
    TINYINT,
    Row,
    SystemView,
    ViewContext,
    empty,
    nvarchar,
)
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType
from airflow_synapse.local.tsql.type_rules import EXACT_TYPES, NUMERIC_TYPES, TIME_TYPES

_NATIONAL: Final = frozenset({"nchar", "nvarchar"})
_YES_NO: Final = SqlType("varchar", 3)


def _schemata(context: ViewContext) -> Iterator[Row]:
    names = [name for _, name in context.catalog.schemas()]
    for name in [*names, "INFORMATION_SCHEMA", "sys"]:
        yield context.database, name, "dbo", None


def _tables(context: ViewContext) -> Iterator[Row]:
    for table in context.catalog.tables():
        yield context.database, table.schema, table.name, "BASE TABLE"


def _columns(context: ViewContext) -> Iterator[Row]:
    for table in context.catalog.tables():
        for number, column in enumerate(table.columns, 1):
            yield context.database, table.schema, table.name, column.name, number, *_description(column)


def _description(column: Column) -> Row:
    found = column.type
    longest, octets = _lengths(found)
    is_number = found.name in NUMERIC_TYPES and found.name != "bit"
    is_moment = found.name in TIME_TYPES
    is_text = found.name in CHARACTER_TYPES
    base = {"real": 2, "float": 2}.get(found.name, 10)
    return (
        column.default,
        "YES" if column.nullable else "NO",
        found.name,
        longest,
        octets,
        precision(found) if is_number else None,
        base if is_number else None,
        scale(found) if is_number and found.name in EXACT_TYPES else None,
        (0 if found.name == "date" else scale(found)) if is_moment else None,
        None if not is_text else "UNICODE" if found.name in _NATIONAL else "iso_1",
        COLLATION if is_text else None,
    )


def _lengths(found: SqlType) -> tuple[int | None, int | None]:
    if found.name not in CHARACTER_TYPES | BINARY_TYPES:
        return None, None
    length = found.length or 1
    return length, length if length == MAX or found.name not in _NATIONAL else length * 2


def _table_constraints(context: ViewContext) -> Iterator[Row]:
    for table in context.catalog.tables():
        for constraint in table.constraints:
            kind = "PRIMARY KEY" if constraint.kind == "PK" else "UNIQUE"
            name = constraint.name or f"{constraint.kind}_{table.name}"
            yield context.database, table.schema, name, context.database, table.schema, table.name, kind


def _key_columns(context: ViewContext) -> Iterator[Row]:
    for table in context.catalog.tables():
        for constraint in table.constraints:
            name = constraint.name or f"{constraint.kind}_{table.name}"
            for ordinal, column in enumerate(constraint.columns, 1):
                yield context.database, table.schema, name, context.database, table.schema, table.name, column, ordinal


_TABLE: Final = (("TABLE_CATALOG", SYSNAME), ("TABLE_SCHEMA", SYSNAME), ("TABLE_NAME", SYSNAME))
_CONSTRAINT: Final = (("CONSTRAINT_CATALOG", SYSNAME), ("CONSTRAINT_SCHEMA", SYSNAME), ("CONSTRAINT_NAME", SYSNAME))
VIEWS: Final = {
    "schemata": SystemView(
        (
            ("CATALOG_NAME", SYSNAME),
            ("SCHEMA_NAME", SYSNAME),
            ("SCHEMA_OWNER", SYSNAME),
            ("DEFAULT_CHARACTER_SET_NAME", SYSNAME),
        ),
        _schemata,
    ),
    "tables": SystemView((*_TABLE, ("TABLE_TYPE", SqlType("varchar", 10))), _tables),
    "columns": SystemView(
        (
            *_TABLE,
            ("COLUMN_NAME", SYSNAME),
            ("ORDINAL_POSITION", INT),
            ("COLUMN_DEFAULT", nvarchar(4000)),
            ("IS_NULLABLE", _YES_NO),
            ("DATA_TYPE", SYSNAME),
            ("CHARACTER_MAXIMUM_LENGTH", INT),
            ("CHARACTER_OCTET_LENGTH", INT),
            ("NUMERIC_PRECISION", TINYINT),
            ("NUMERIC_PRECISION_RADIX", SMALLINT),
            ("NUMERIC_SCALE", INT),
            ("DATETIME_PRECISION", SMALLINT),
            ("CHARACTER_SET_NAME", SYSNAME),
            ("COLLATION_NAME", SYSNAME),
        ),
        _columns,
    ),
    "table_constraints": SystemView(
        (*_CONSTRAINT, *_TABLE, ("CONSTRAINT_TYPE", SqlType("varchar", 11))), _table_constraints
    ),
    "key_column_usage": SystemView(
        (*_CONSTRAINT, *_TABLE, ("COLUMN_NAME", SYSNAME), ("ORDINAL_POSITION", INT)), _key_columns
    ),
    "constraint_column_usage": empty(*_TABLE, ("COLUMN_NAME", SYSNAME), *_CONSTRAINT),
    "referential_constraints": empty(
        *_CONSTRAINT,
        ("UNIQUE_CONSTRAINT_CATALOG", SYSNAME),
        ("UNIQUE_CONSTRAINT_SCHEMA", SYSNAME),
        ("UNIQUE_CONSTRAINT_NAME", SYSNAME),
        ("MATCH_OPTION", SqlType("varchar", 7)),
        ("UPDATE_RULE", SqlType("varchar", 11)),
        ("DELETE_RULE", SqlType("varchar", 11)),
    ),
    "views": empty(
        *_TABLE,
        ("VIEW_DEFINITION", nvarchar(4000)),
        ("CHECK_OPTION", SqlType("varchar", 7)),
        ("IS_UPDATABLE", SqlType("varchar", 2)),
    ),
    "sequences": empty(("SEQUENCE_CATALOG", SYSNAME), ("SEQUENCE_SCHEMA", SYSNAME), ("SEQUENCE_NAME", SYSNAME)),
}
