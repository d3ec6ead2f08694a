"""COPY on plain DuckDB and real Azurite, without a server between."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import duckdb
from azure.storage.blob import ContainerClient, generate_container_sas

from airflow_synapse.local.copy.engine import run_copy
from airflow_synapse.local.copy.environment import (
    CopyOutcome,
    ExternalFileFormat,
    Identity,
    StorageConfiguration,
    TargetColumn,
    TargetTable,
)
from airflow_synapse.local.copy.grammar import parse_copy
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.secret import Secret

CLIENT_ID = "11111111-2222-3333-4444-555555555555"


def column(
    name: str, sql_type: SqlType | str, *, nullable: bool = True, identity: Identity | None = None
) -> TargetColumn:
    return TargetColumn(name, SqlType(sql_type) if isinstance(sql_type, str) else sql_type, nullable, identity)


@dataclass
class PlainDuckDb:
    """A CopyEnvironment that is nothing but a DuckDB connection and a dictionary of tables."""

    storage: StorageConfiguration
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    tables: dict[tuple[str, ...], TargetTable] = field(default_factory=dict)
    formats: dict[str, ExternalFileFormat] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    reported: list[tuple[int, int]] = field(default_factory=list)
    request_id: str = "QID42"
    submitted_at: datetime = datetime(2018, 3, 30, 17, 32, 5, tzinfo=UTC)
    date_format: str = "mdy"
    next_identity: int = 1

    def find_table(self, parts: tuple[str, ...]) -> TargetTable | None:
        return self.tables.get(parts)

    def create_table(self, parts: tuple[str, ...], columns: Sequence[TargetColumn]) -> TargetTable:
        name = f'"{parts[-1]}"'
        text = ", ".join(f'"{entry.name}" {entry.type.duckdb_name}' for entry in columns)
        self.connection.execute(f"CREATE TABLE {name} ({text})")
        self.tables[parts] = TargetTable(name, tuple(columns))
        return self.tables[parts]

    def external_file_format(self, name: str) -> ExternalFileFormat | None:
        return self.formats.get(name)

    def next_identity_values(self, table: TargetTable, count: int) -> int:
        first = self.next_identity
        self.next_identity += count * 10
        return first

    def progress(self, rows: int, bytes_processed: int) -> None:
        self.reported.append((rows, bytes_processed))


class Pool:
    """Runs COPY statements, each in a transaction of its own."""

    def __init__(self, environment: PlainDuckDb, url: str) -> None:
        self.environment = environment
        self.url = url

    def create(self, *columns: TargetColumn, name: str = "t") -> None:
        self.environment.create_table((name,), columns)

    def copy(self, options: str = "", *, path: str = "", columns: str = "", table: str = "t") -> CopyOutcome:
        clause = f" WITH ({options})" if options else ""
        return self.run(f"COPY INTO {table} {columns} FROM '{self.url}/{path}'{clause}")

    def run(self, sql: str) -> CopyOutcome:
        connection = self.environment.connection
        connection.execute("BEGIN")
        try:
            outcome = run_copy(parse_copy(tokenize(sql)), self.environment)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return outcome

    def rows(self, query: str = "SELECT * FROM t") -> list[tuple[object, ...]]:
        return self.environment.connection.sql(query).fetchall()


@dataclass(frozen=True)
class Landing:
    """A container of its own for a test."""

    container: ContainerClient
    key: Secret

    def upload(self, name: str, content: str | bytes, **options: object) -> None:
        self.container.upload_blob(name, content.encode() if isinstance(content, str) else content, **options)

    def read(self, name: str) -> str:
        return self.container.download_blob(name).readall().decode()

    def names(self) -> list[str]:
        return sorted(blob.name for blob in self.container.list_blobs())

    def sas(self, permission: str, *, minutes: int = 60) -> str:
        return generate_container_sas(
            "lake",
            self.container.container_name,
            account_key=self.key.reveal(),
            permission=permission,
            expiry=datetime.now(UTC) + timedelta(minutes=minutes),
        )
