"""sys.indexes, sys.key_constraints, sys.stats and the views of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.partition_views import data_space_id
from airflow_synapse.local.catalog.view import BIT, INT, SYSNAME, TINYINT, Row, SystemView, ViewContext, nvarchar
from airflow_synapse.local.sql_types import MAX, SqlType

#: Index kind -> type and type_desc of sys.indexes.
INDEX_TYPES: Final = {
    "HEAP": (0, "HEAP"),
    "CLUSTERED": (1, "CLUSTERED"),
    "CLUSTERED COLUMNSTORE": (5, "CLUSTERED COLUMNSTORE"),
}


def _indexes(context: ViewContext) -> Iterator[Row]:
    for table in context.stored_tables():
        number, description = INDEX_TYPES[table.index.kind]
        name = None if number == 0 else f"ClusteredIndex_{table.object_id:x}"
        space = data_space_id(table)
        yield (table.object_id, name, min(number, 1), number, description, *_index_flags(), space)
        for position, constraint in enumerate(table.constraints, 2):
            label = constraint.name or f"{constraint.kind}_{table.name}"
            is_primary = constraint.kind == "PK"
            flags = _index_flags(unique=True, primary=is_primary)
            yield (table.object_id, label, position, 2, "NONCLUSTERED", *flags, space)


def _index_flags(*, unique: bool = False, primary: bool = False) -> Row:
    """Return is_unique to filter_definition of sys.indexes."""
    return unique, primary, unique and not primary, False, False, False, None


def _index_columns(context: ViewContext) -> Iterator[Row]:
    for table in context.stored_tables():
        numbers = {column.name.lower(): number for number, column in enumerate(table.columns, 1)}
        partition_column = table.partitioning.column.lower() if table.partitioning else None
        for ordinal, (name, key, descending, order) in enumerate(_members(table), 1):
            number, partitions = numbers[name.lower()], int(name.lower() == partition_column)
            is_included = table.index.kind == "CLUSTERED COLUMNSTORE"
            index = 0 if table.index.kind == "HEAP" else 1
            yield table.object_id, index, ordinal, number, key, partitions, descending, is_included, order
        for position, constraint in enumerate(table.constraints, 2):
            for ordinal, name in enumerate(constraint.columns, 1):
                yield table.object_id, position, ordinal, numbers[name.lower()], ordinal, 0, False, False, 0


def _members(table: Table) -> Iterator[tuple[str, int, bool, int]]:
    """Yield column, key ordinal, descending flag and columnstore order of the index that holds the rows.

    Source: T-SQL reference, sys.index_columns: every column of a table is part of its columnstore index, as an included
    one; a partition column that is no key has key_ordinal 0.
    """
    keys = {name.lower(): (ordinal, descending) for ordinal, (name, descending) in enumerate(table.index.columns, 1)}
    if table.index.kind == "CLUSTERED COLUMNSTORE":
        for column in table.columns:
            yield column.name, 0, False, keys.get(column.name.lower(), (0, False))[0]
        return
    for name, (ordinal, descending) in keys.items():
        yield name, ordinal, descending, 0
    if table.partitioning is not None and table.partitioning.column.lower() not in keys:
        yield table.partitioning.column, 0, False, 0


def _key_constraints(context: ViewContext) -> Iterator[Row]:
    for table in context.stored_tables():
        for position, constraint in enumerate(table.constraints, 2):
            description = "PRIMARY_KEY_CONSTRAINT" if constraint.kind == "PK" else "UNIQUE_CONSTRAINT"
            name = constraint.name or f"{constraint.kind}_{table.name}"
            object_id = table.object_id * 10 + position
            schema_id = context.schema_id(table)
            yield name, object_id, schema_id, table.object_id, constraint.kind, description, position, False


def _statistics(context: ViewContext) -> Iterator[Row]:
    for found in context.catalog.statistics():
        yield found.object_id, found.name, found.stats_id, False, True, False, None


def _statistics_columns(context: ViewContext) -> Iterator[Row]:
    for found in context.catalog.statistics():
        table = context.catalog.find_object(found.object_id)
        names = [column.name.lower() for column in table.columns] if table else []
        for ordinal, name in enumerate(found.columns, 1):
            yield found.object_id, found.stats_id, ordinal, names.index(name.lower()) + 1


VIEWS: Final = {
    "indexes": SystemView(
        (
            ("object_id", INT),
            ("name", SYSNAME),
            ("index_id", INT),
            ("type", TINYINT),
            ("type_desc", nvarchar(60)),
            ("is_unique", BIT),
            ("is_primary_key", BIT),
            ("is_unique_constraint", BIT),
            ("is_disabled", BIT),
            ("is_hypothetical", BIT),
            ("has_filter", BIT),
            ("filter_definition", nvarchar(MAX)),
            ("data_space_id", INT),
        ),
        _indexes,
    ),
    "index_columns": SystemView(
        (
            ("object_id", INT),
            ("index_id", INT),
            ("index_column_id", INT),
            ("column_id", INT),
            ("key_ordinal", TINYINT),
            ("partition_ordinal", TINYINT),
            ("is_descending_key", BIT),
            ("is_included_column", BIT),
            ("column_store_order_ordinal", TINYINT),
        ),
        _index_columns,
    ),
    "key_constraints": SystemView(
        (
            ("name", SYSNAME),
            ("object_id", INT),
            ("schema_id", INT),
            ("parent_object_id", INT),
            ("type", SqlType("char", 2)),
            ("type_desc", nvarchar(60)),
            ("unique_index_id", INT),
            ("is_enforced", BIT),
        ),
        _key_constraints,
    ),
    "stats": SystemView(
        (
            ("object_id", INT),
            ("name", SYSNAME),
            ("stats_id", INT),
            ("auto_created", BIT),
            ("user_created", BIT),
            ("has_filter", BIT),
            ("filter_definition", nvarchar(MAX)),
        ),
        _statistics,
    ),
    "stats_columns": SystemView(
        (("object_id", INT), ("stats_id", INT), ("stats_column_id", INT), ("column_id", INT)), _statistics_columns
    ),
}
