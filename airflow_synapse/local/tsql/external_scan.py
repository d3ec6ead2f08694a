"""What stands behind an external table: its files, and what opens them."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from airflow_synapse.local.catalog.external_objects import DataSource, FileFormat, ScopedCredential
from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.copy.request import FileType
from airflow_synapse.local.external.locations import external_location, storage_credential
from airflow_synapse.local.tsql.reader import not_supported

if TYPE_CHECKING:
    from airflow_synapse.local.database import Database
    from airflow_synapse.local.external.reading import ExternalFiles, ExternalRows


def external_files(database: Database, source: DataSource, file_format: FileFormat, path: str) -> ExternalFiles:
    """Return the files at a path below a data source; its credential is the one of this moment.

    :raises PoolError: The data source does not take its credential, or the files are neither Parquet nor ORC.
    """
    from airflow_synapse.local.external.reading import ExternalFiles  # noqa: PLC0415 - it needs storage libraries

    format_type = file_format.for_copy.format_type
    if format_type not in {FileType.PARQUET.value, FileType.ORC.value}:
        raise not_supported(f"An external table of {format_type} files (only PARQUET and ORC)")
    credentials = {found.object_id: found for found in database.catalog.named(ScopedCredential)}
    credential = None if source.credential_id is None else credentials[source.credential_id]
    opens = storage_credential(source, credential)
    return ExternalFiles(path, FileType(format_type), external_location(source, path), opens, database.storage)


def external_rows(database: Database, table: Table, cancelled: Event) -> ExternalRows:
    """Return the rows of an external table."""
    from airflow_synapse.local.external.reading import ExternalRows  # noqa: PLC0415 - it needs storage libraries

    assert table.external is not None  # noqa: S101 - the caller looked
    sources = {found.object_id: found for found in database.catalog.named(DataSource)}
    formats = {found.object_id: found for found in database.catalog.named(FileFormat)}
    source, file_format = sources[table.external.data_source_id], formats[table.external.file_format_id]
    files = external_files(database, source, file_format, table.external.location)
    return ExternalRows(table, files, cancelled)
