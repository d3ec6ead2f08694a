"""What COPY needs of the session that runs it, and what it gives back.

The session owns the transaction: it begins before :func:`~airflow_synapse.local.copy.engine.run_copy` and commits or
rolls back after it. COPY only reads blobs, inserts rows and, at the very end, writes the files of rejected rows.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import duckdb

from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.secret import Secret


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """Where a storage account really is.

    :param endpoint: URL in path style, such as ``http://127.0.0.1:10000/lake``: the account is its last segment.
    :param key: Account key. It stands in for the identities (managed identity, Entra user, service principal) that the
        account would grant access to; a statement that brings a SAS or a key is served with that one alone.
    """

    endpoint: str
    key: Secret


@dataclass(frozen=True, slots=True)
class StorageConfiguration:
    """The storage world as the pool sees it.

    :param accounts: By account name, the first label of ``<account>.blob.core.windows.net``.
    :param service_principals: Client secret by client id, lower case.
    """

    accounts: Mapping[str, StorageAccount] = field(default_factory=dict)
    service_principals: Mapping[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """The IDENTITY property of a column."""

    seed: int
    increment: int

    def further(self, one: int, other: int) -> int:
        """Return which of two values comes later."""
        return max(one, other) if self.increment > 0 else min(one, other)


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """A column of the target table, as declared."""

    name: str
    type: SqlType
    nullable: bool = True
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class TargetTable:
    """The target table.

    :param duckdb_name: Its quoted name in DuckDB, ready to stand in ``INSERT INTO``.
    :param columns: In order of declaration, named in DuckDB as they are here.
    """

    duckdb_name: str
    columns: tuple[TargetColumn, ...]


@dataclass(frozen=True, slots=True)
class ExternalFileFormat:
    """An object made by CREATE EXTERNAL FILE FORMAT.

    :param format_type: ``PARQUET``, ``ORC``, ``DELIMITEDTEXT`` ...
    :param data_compression: Class name of the codec as given, such as ``org.apache.hadoop.io.compress.SnappyCodec``.
    """

    format_type: str
    data_compression: str | None = None


@dataclass(frozen=True, slots=True)
class CopyOutcome:
    """What one COPY did.

    :param rows_loaded: Rows in the table that were not there before.
    :param rows_rejected: Rows left out, at most MAXERRORS.
    :param bytes_read: Bytes of the source files as they are stored, compressed ones compressed.
    :param files: Source files read.
    :param error_folder: Path of the folder of rejected rows in its container; None when none was written.
    """

    rows_loaded: int
    rows_rejected: int
    bytes_read: int
    files: int
    error_folder: str | None = None


class CopyEnvironment(Protocol):
    """One request of one session."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Cursor of the session, inside a transaction that the session opened."""

    @property
    def storage(self) -> StorageConfiguration:
        """The storage accounts of the pool's configuration."""

    @property
    def request_id(self) -> str:
        """Such as ``QID123``; it begins the names of the files of rejected rows."""

    @property
    def submitted_at(self) -> datetime:
        """When the request came in; aware, UTC."""

    @property
    def date_format(self) -> str:
        """DATEFORMAT of the session, lower case, such as ``mdy``."""

    @property
    def cancelled(self) -> threading.Event:
        """Set by the session when the client cancels; the session interrupts ``connection`` too."""

    def find_table(self, parts: tuple[str, ...]) -> TargetTable | None:
        """Return the table of that one- to three-part name, None when there is none.

        :raises PoolError: The name cannot be resolved: another database, a view ...
        """

    def create_table(self, parts: tuple[str, ...], columns: Sequence[TargetColumn]) -> TargetTable:
        """Create the table (AUTO_CREATE_TABLE), in the transaction of ``connection``.

        Assumption: A table that AUTO_CREATE_TABLE creates is ROUND_ROBIN with a clustered columnstore index.
        """

    def external_file_format(self, name: str) -> ExternalFileFormat | None:
        """Return the external file format of that name, None when there is none."""

    def next_identity_values(self, table: TargetTable, count: int) -> int:
        """Reserve ``count`` identity values of the table and return the first; the rest follow by increment."""

    def progress(self, rows: int, bytes_processed: int) -> None:
        """Take the totals so far, for the DMVs. Called from the thread that runs COPY, at least once a part."""
