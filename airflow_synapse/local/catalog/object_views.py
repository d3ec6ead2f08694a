"""sys.tables, sys.columns and the other views of objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.catalog import index_views, partition_views
from airflow_synapse.local.catalog.model import Column, Table
from airflow_synapse.local.catalog.system_types import COLLATION, TYPES, max_length, precision, scale, system_type
from airflow_synapse.local.catalog.view import (
    BIGINT,
    BIT,
    DATETIME,
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
from airflow_synapse.local.sql_types import CHARACTER_TYPES, MAX, SqlType

_TYPE_CODE: Final = SqlType("char", 2)
OBJECT_COLUMNS: Final = (
    ("name", SYSNAME),
    ("object_id", INT),
    ("principal_id", INT),
    ("schema_id", INT),
    ("parent_object_id", INT),
    ("type", _TYPE_CODE),
    ("type_desc", nvarchar(60)),
    ("create_date", DATETIME),
    ("modify_date", DATETIME),
    ("is_ms_shipped", BIT),
    ("is_published", BIT),
    ("is_schema_published", BIT),
)
_POLICIES: Final = {"HASH": 2, "REPLICATE": 3, "ROUND_ROBIN": 4}


def table_row(context: ViewContext, table: Table) -> Row:
    """Return what sys.objects shows of a table.

    Assumption: External tables are of type U in sys.objects and sys.tables, which tells them by is_external.
    """
    code, description = "U ", "USER_TABLE"
    made = table.created
    owner = context.schema_id(table)
    return (table.name, table.object_id, None, owner, 0, code, description, made, made, False, False, False)


def _tables(context: ViewContext) -> Iterator[Row]:
    for table in context.tables():
        yield (*table_row(context, table), table.external is not None)


def _objects(context: ViewContext) -> Iterator[Row]:
    for table in context.tables():
        yield table_row(context, table)


def _schemas(context: ViewContext) -> Iterator[Row]:
    for number, name in context.catalog.schemas():
        yield name, number, 1
    yield "INFORMATION_SCHEMA", 3, 3
    yield "sys", 4, 4


def _columns(context: ViewContext) -> Iterator[Row]:
    for table in context.tables():
        for number, column in enumerate(table.columns, 1):
            yield _column_row(table, number, column)


def _column_row(table: Table, number: int, column: Column) -> Row:
    found = system_type(column.type)
    return (
        table.object_id,
        column.name,
        number,
        found.system_type_id,
        found.user_type_id,
        max_length(column.type),
        precision(column.type),
        scale(column.type),
        COLLATION if column.type.name in CHARACTER_TYPES else None,
        column.nullable,
        True,
        False,
        column.identity is not None,
        False,
        _default_id(table, number) if column.default is not None else 0,
    )


def _default_id(table: Table, number: int) -> int:
    return -(table.object_id * 2000 + number) % 2**31


def _identity_columns(context: ViewContext) -> Iterator[Row]:
    for table in context.tables():
        for number, column in enumerate(table.columns, 1):
            if column.identity is not None:
                seed, increment = column.identity.seed, column.identity.increment
                yield table.object_id, column.name, number, True, seed, increment, None, False


def _default_constraints(context: ViewContext) -> Iterator[Row]:
    for table in context.tables():
        for number, column in enumerate(table.columns, 1):
            if column.default is not None:
                object_id = _default_id(table, number)
                name = f"DF__{table.name[:9]}__{object_id:08X}"
                yield name, object_id, context.schema_id(table), table.object_id, "D ", number, column.default


def _types(_: ViewContext) -> Iterator[Row]:
    for found in TYPES:
        is_text = found.name in CHARACTER_TYPES | {"sysname"}
        yield (
            found.name,
            found.system_type_id,
            found.user_type_id,
            4,
            found.max_length,
            found.precision,
            found.scale,
            COLLATION if is_text else None,
            found.name != "sysname",
            False,
            False,
            0,
            0,
            False,
        )


def _distributions(context: ViewContext) -> Iterator[Row]:
    for table in context.stored_tables():
        policy = table.distribution.policy
        yield table.object_id, _POLICIES[policy], policy


def _column_distributions(context: ViewContext) -> Iterator[Row]:
    for table in context.stored_tables():
        keys = [name.lower() for name in table.distribution.columns]
        for number, column in enumerate(table.columns, 1):
            ordinal = keys.index(column.name.lower()) + 1 if column.name.lower() in keys else 0
            yield table.object_id, number, ordinal


def _databases(context: ViewContext) -> Iterator[Row]:
    for name, number in (("master", 1), (context.database, 5)):
        yield name, number, COLLATION, 0, "ONLINE", False


VIEWS: Final = {
    "tables": SystemView((*OBJECT_COLUMNS, ("is_external", BIT)), _tables),
    "objects": SystemView(OBJECT_COLUMNS, _objects),
    "all_objects": SystemView(OBJECT_COLUMNS, _objects),
    "views": empty(*OBJECT_COLUMNS),
    "system_views": empty(*OBJECT_COLUMNS),
    "procedures": empty(*OBJECT_COLUMNS),
    "schemas": SystemView((("name", SYSNAME), ("schema_id", INT), ("principal_id", INT)), _schemas),
    "columns": SystemView(
        (
            ("object_id", INT),
            ("name", SYSNAME),
            ("column_id", INT),
            ("system_type_id", TINYINT),
            ("user_type_id", INT),
            ("max_length", SMALLINT),
            ("precision", TINYINT),
            ("scale", TINYINT),
            ("collation_name", SYSNAME),
            ("is_nullable", BIT),
            ("is_ansi_padded", BIT),
            ("is_rowguidcol", BIT),
            ("is_identity", BIT),
            ("is_computed", BIT),
            ("default_object_id", INT),
        ),
        _columns,
    ),
    "identity_columns": SystemView(
        (
            ("object_id", INT),
            ("name", SYSNAME),
            ("column_id", INT),
            ("is_identity", BIT),
            ("seed_value", BIGINT),
            ("increment_value", BIGINT),
            ("last_value", BIGINT),
            ("is_not_for_replication", BIT),
        ),
        _identity_columns,
    ),
    "computed_columns": empty(
        ("object_id", INT),
        ("name", SYSNAME),
        ("column_id", INT),
        ("is_computed", BIT),
        ("is_persisted", BIT),
        ("definition", nvarchar(MAX)),
    ),
    "default_constraints": SystemView(
        (
            ("name", SYSNAME),
            ("object_id", INT),
            ("schema_id", INT),
            ("parent_object_id", INT),
            ("type", _TYPE_CODE),
            ("parent_column_id", INT),
            ("definition", nvarchar(MAX)),
        ),
        _default_constraints,
    ),
    "types": SystemView(
        (
            ("name", SYSNAME),
            ("system_type_id", TINYINT),
            ("user_type_id", INT),
            ("schema_id", INT),
            ("max_length", SMALLINT),
            ("precision", TINYINT),
            ("scale", TINYINT),
            ("collation_name", SYSNAME),
            ("is_nullable", BIT),
            ("is_user_defined", BIT),
            ("is_assembly_type", BIT),
            ("default_object_id", INT),
            ("rule_object_id", INT),
            ("is_table_type", BIT),
        ),
        _types,
    ),
    **index_views.VIEWS,
    "foreign_keys": empty(("name", SYSNAME), ("object_id", INT), ("schema_id", INT), ("parent_object_id", INT)),
    "pdw_table_distribution_properties": SystemView(
        (("object_id", INT), ("distribution_policy", TINYINT), ("distribution_policy_desc", nvarchar(60))),
        _distributions,
    ),
    "pdw_column_distribution_properties": SystemView(
        (("object_id", INT), ("column_id", INT), ("distribution_ordinal", TINYINT)), _column_distributions
    ),
    **partition_views.VIEWS,
    "databases": SystemView(
        (
            ("name", SYSNAME),
            ("database_id", INT),
            ("collation_name", SYSNAME),
            ("state", TINYINT),
            ("state_desc", nvarchar(60)),
            ("is_read_only", BIT),
        ),
        _databases,
    ),
    "extended_properties": empty(
        ("class", TINYINT),
        ("class_desc", nvarchar(60)),
        ("major_id", INT),
        ("minor_id", INT),
        ("name", SYSNAME),
        ("value", nvarchar(4000)),
    ),
    "fn_listextendedproperty": empty(
        ("objtype", SYSNAME), ("objname", SYSNAME), ("name", SYSNAME), ("value", nvarchar(4000))
    ),
    "sql_modules": empty(("object_id", INT), ("definition", nvarchar(MAX))),
}
