"""What stands behind an external table: its files, and what opens them."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from airflow_synapse.local.catalog.external_objects import DataSource, FileFormat, ScopedCredential
from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.external.locations import external_location, storage_credential
from airflow_synapse.local.tsql.reader import not_supported

if TYPE_CHECKING:
    from airflow_synapse.local.external.reading import ExternalFiles, ExternalRows
    from airflow_synapse.local.tsql.session_state import Database


def external_files(database: Database, source: DataSource, path: str) -> ExternalFiles:
    """Return the files at a path below a data source; its credential is the one of this moment.

    :raises PoolError: The data source does not take its credential.
    """
    from airflow_synapse.local.external.reading import ExternalFiles  # noqa: PLC0415 - it needs storage libraries

    credentials = {found.object_id: found for found in database.catalog.named(ScopedCredential)}
    credential = None if source.credential_id is None else credentials[source.credential_id]
    return ExternalFiles(
        path, external_location(source, path), storage_credential(source, credential), database.storage
    )


def external_rows(database: Database, table: Table, cancelled: Event) -> ExternalRows:
    """Return the rows of an external table.

    :raises PoolError: Its files are not Parquet.
    """
    from airflow_synapse.local.external.reading import ExternalRows  # noqa: PLC0415 - it needs storage libraries

    assert table.external is not None  # noqa: S101 - the caller looked
    sources = {found.object_id: found for found in database.catalog.named(DataSource)}
    formats = {found.object_id: found for found in database.catalog.named(FileFormat)}
    format_type = formats[table.external.file_format_id].for_copy.format_type
    if format_type != "PARQUET":
        raise not_supported(f"Reading an external table of {format_type} files (only PARQUET)")
    files = external_files(database, sources[table.external.data_source_id], table.external.location)
    return ExternalRows(table, files, cancelled)
