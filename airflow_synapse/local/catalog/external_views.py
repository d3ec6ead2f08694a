"""The views of external tables, and of the credentials, data sources and file formats behind them.

A secret is in none of them. Source: T-SQL reference, sys.external_tables, sys.external_data_sources,
sys.external_file_formats, sys.database_scoped_credentials, sys.symmetric_keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.catalog.external_objects import DataSource, FileFormat, MasterKey, ScopedCredential
from airflow_synapse.local.catalog.object_views import OBJECT_COLUMNS, table_row
from airflow_synapse.local.catalog.view import (
    BIT,
    DATETIME,
    INT,
    SYSNAME,
    TINYINT,
    Row,
    SystemView,
    ViewContext,
    nvarchar,
)
from airflow_synapse.local.sql_types import SqlType

_FLOAT: Final = SqlType("float")
_REJECT_TYPES: Final = {"VALUE": 0, "PERCENTAGE": 1}
_OWNER: Final = 1


def _tables(context: ViewContext) -> Iterator[Row]:
    for table in context.catalog.tables():
        if (found := table.external) is not None:
            yield (
                *table_row(context, table),
                len(table.columns),
                True,
                found.data_source_id,
                found.file_format_id,
                found.location,
                _REJECT_TYPES[found.reject_type],
                found.reject_value,
                found.reject_sample_value,
                *([None] * 5),
            )


def _data_sources(context: ViewContext) -> Iterator[Row]:
    """Assumption: A native data source is shown without a type."""
    for found in context.catalog.named(DataSource):
        kind = ("HADOOP", 0) if found.hadoop else (None, None)
        yield found.object_id, found.name, found.location, *kind, None, found.credential_id, None, None


def _file_formats(context: ViewContext) -> Iterator[Row]:
    for found in context.catalog.named(FileFormat):
        options = dict(found.options)
        yield (
            found.object_id,
            found.name,
            options["FORMAT_TYPE"].upper(),
            options.get("FIELD_TERMINATOR"),
            options.get("STRING_DELIMITER"),
            options.get("DATE_FORMAT"),
            options.get("USE_TYPE_DEFAULT", "FALSE").upper() == "TRUE",
            options.get("SERDE_METHOD"),
            options.get("ROW_TERMINATOR"),
            options.get("ENCODING"),
            options.get("DATA_COMPRESSION"),
            int(options.get("FIRST_ROW", "1")),
        )


def _credentials(context: ViewContext) -> Iterator[Row]:
    for found in context.catalog.named(ScopedCredential):
        yield found.name, found.object_id, _OWNER, found.identity, found.created, found.modified, None, 0


def _symmetric_keys(context: ViewContext) -> Iterator[Row]:
    for found in context.catalog.named(MasterKey):
        yield found.name, _OWNER, found.object_id, 256, "A3", "AES_256", found.created, found.created


VIEWS: Final = {
    "external_tables": SystemView(
        (
            *OBJECT_COLUMNS,
            ("max_column_id_used", INT),
            ("uses_ansi_nulls", BIT),
            ("data_source_id", INT),
            ("file_format_id", INT),
            ("location", nvarchar(4000)),
            ("reject_type", TINYINT),
            ("reject_value", _FLOAT),
            ("reject_sample_value", INT),
            ("distribution_type", INT),
            ("distribution_desc", nvarchar(120)),
            ("sharding_column_id", INT),
            ("remote_schema_name", SYSNAME),
            ("remote_object_name", SYSNAME),
        ),
        _tables,
    ),
    "external_data_sources": SystemView(
        (
            ("data_source_id", INT),
            ("name", SYSNAME),
            ("location", nvarchar(4000)),
            ("type_desc", nvarchar(255)),
            ("type", TINYINT),
            ("resource_manager_location", nvarchar(4000)),
            ("credential_id", INT),
            ("database_name", SYSNAME),
            ("shard_map_name", SYSNAME),
        ),
        _data_sources,
    ),
    "external_file_formats": SystemView(
        (
            ("file_format_id", INT),
            ("name", SYSNAME),
            ("format_type", nvarchar(100)),
            ("field_terminator", nvarchar(10)),
            ("string_delimiter", nvarchar(10)),
            ("date_format", nvarchar(50)),
            ("use_type_default", BIT),
            ("serde_method", nvarchar(255)),
            ("row_terminator", nvarchar(10)),
            ("encoding", nvarchar(10)),
            ("data_compression", nvarchar(255)),
            ("first_row", INT),
        ),
        _file_formats,
    ),
    "database_scoped_credentials": SystemView(
        (
            ("name", SYSNAME),
            ("credential_id", INT),
            ("principal_id", INT),
            ("credential_identity", nvarchar(4000)),
            ("create_date", DATETIME),
            ("modify_date", DATETIME),
            ("target_type", nvarchar(100)),
            ("target_id", INT),
        ),
        _credentials,
    ),
    "symmetric_keys": SystemView(
        (
            ("name", SYSNAME),
            ("principal_id", INT),
            ("symmetric_key_id", INT),
            ("key_length", INT),
            ("key_algorithm", SqlType("char", 2)),
            ("algorithm_desc", nvarchar(60)),
            ("create_date", DATETIME),
            ("modify_date", DATETIME),
        ),
        _symmetric_keys,
    ),
}
