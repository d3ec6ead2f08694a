"""External tables: the statements that make and drop them, and where their files are.

Source: CREATE EXTERNAL TABLE AS SELECT, CREATE EXTERNAL TABLE and DROP EXTERNAL TABLE references, dedicated SQL pool.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from airflow_synapse.copy.identifiers import ColumnName, TableName
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.schema.catalog import TableColumn, object_id
from airflow_synapse.schema.table import ColumnDefinition
from airflow_synapse.transfer.lake_folder import read_folder

#: Where an external data source is; one parameter, its name.
LOCATION_OF_DATA_SOURCE: Final = "SELECT location FROM sys.external_data_sources WHERE name = ?"
#: Whether there is an external file format; one parameter, its name.
EXTERNAL_FILE_FORMAT: Final = "SELECT name FROM sys.external_file_formats WHERE name = ?"
#: Types that CREATE EXTERNAL TABLE AS SELECT cannot write as Spark can have them, and those that stand for them.
_EXPORTED_AS: Final = {
    "uniqueidentifier": "varchar(36)",
    "time": "varchar(16)",
    "datetimeoffset": "varchar(34)",
    "money": "decimal(19, 4)",
    "smallmoney": "decimal(10, 4)",
}
_BLOB_URL: Final = re.compile(r"(?:wasbs?|abfss?)://([^@/]+)@([^./]+)\.(?:blob|dfs)\.(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalStore:
    """Where an external table has its files.

    :param data_source: Name of the EXTERNAL DATA SOURCE.
    :param file_format: Name of the EXTERNAL FILE FORMAT, a Parquet one.
    :param path: LOCATION: the folder, below the place of the data source.
    """

    data_source: str
    file_format: str
    path: str

    def to_sql(self) -> str:
        """Return the WITH clause."""
        return (
            f"WITH (LOCATION = {string_literal(self.path)}, "
            f"DATA_SOURCE = {ColumnName.parse(self.data_source, option='DATA_SOURCE')}, "
            f"FILE_FORMAT = {ColumnName.parse(self.file_format, option='FILE_FORMAT')})"
        )


def location_of_table(table: TableName) -> str:
    """Find where an external table has its files; no row: there is no such table."""
    return f"SELECT location FROM sys.external_tables WHERE object_id = {object_id(table)}"


def create_as_select(table: TableName, store: ExternalStore, query: str) -> str:
    """Write the rows of a query to files, and make an external table over them."""
    return f"CREATE EXTERNAL TABLE {table.quoted}\n{store.to_sql()}\nAS {query}"


def create_external_table(table: TableName, columns: Sequence[ColumnDefinition], store: ExternalStore) -> str:
    """Make an external table over files that are there."""
    listed = ",\n".join(f"    {column.to_sql()}" for column in columns)
    return f"CREATE EXTERNAL TABLE {table.quoted} (\n{listed}\n)\n{store.to_sql()}"


def drop_external_table(table: TableName) -> str:
    """Drop an external table if it is there. Its files stay."""
    return f"IF {object_id(table)} IS NOT NULL DROP EXTERNAL TABLE {table.quoted}"


def external_tables_of_load(prefix: str) -> str:
    """Find the external tables whose names begin with ``prefix``, whichever try left them."""
    return (
        "SELECT s.name AS schema_name, t.name FROM sys.external_tables AS t "
        "JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
        f"WHERE LEFT(t.name, {len(prefix)}) = {string_literal(prefix)}"
    )


def select_all(table: TableName, columns: Sequence[TableColumn]) -> str:
    """Return a query for all columns of a table, with another type where the pool cannot export the column's own."""
    listed = ", ".join(map(_exported, columns))
    return f"SELECT {listed} FROM {table.quoted}"


def _exported(column: TableColumn) -> str:
    name = ColumnName(column.name).quoted
    other = _EXPORTED_AS.get(column.type.name)
    return f"CAST({name} AS {other}) AS {name}" if other else name


def path_in_data_source(folder: ExternalLocation, data_source: str, rows: Sequence[Sequence[Any]]) -> str:
    """Return LOCATION for a folder.

    :param rows: The answer to :data:`LOCATION_OF_DATA_SOURCE`.
    :raises TransferOptionError: There is no such data source, or the folder is not below its place.
    """
    if not rows:
        raise TransferOptionError(
            f"The pool has no external data source {data_source!r}, or the login may not see it. An administrator "
            "makes one with CREATE EXTERNAL DATA SOURCE."
        )
    url = str(rows[0][0])
    root = read_folder(_BLOB_URL.sub(r"abfss://\1@\2.dfs.\3", url), f"LOCATION of data source {data_source}")
    same_container = (root.host, root.container) == (folder.host, folder.container)
    if not same_container or not folder.path.startswith(root.path):
        raise TransferOptionError(
            f"The folder {folder} is not below the external data source {data_source!r}, which is {url}. Choose a "
            "folder below it, or another data source."
        )
    return "/" + folder.path.removeprefix(root.path)
