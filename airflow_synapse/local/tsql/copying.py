"""Give COPY what it needs of the session, and tell the DMVs what it does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from airflow_synapse.local.catalog.external_objects import FileFormat
from airflow_synapse.local.catalog.model import Column, Table
from airflow_synapse.local.catalog.requests import Request, Worker
from airflow_synapse.local.copy.environment import (
    CopyOutcome,
    ExternalFileFormat,
    StorageConfiguration,
    TargetColumn,
    TargetTable,
)
from airflow_synapse.local.copy.request import CopyRequest
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import RUNNING
from airflow_synapse.local.tsql.definitions import create_in_duckdb
from airflow_synapse.local.tsql.session_state import SessionState


@dataclass(slots=True)
class SessionCopyEnvironment:
    """The :class:`~airflow_synapse.local.copy.environment.CopyEnvironment` of one COPY in one session."""

    state: SessionState
    request: Request
    worker: Worker = field(default_factory=lambda: Worker("WRITER"))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Cursor of the session, inside the transaction of the COPY."""
        return self.state.cursor

    @property
    def storage(self) -> StorageConfiguration:
        """The storage accounts that the pool was given."""
        return self.state.database.storage

    @property
    def request_id(self) -> str:
        """Such as ``QID123``."""
        return self.request.request_id

    @property
    def submitted_at(self) -> datetime:
        """When the request came in; aware, UTC."""
        return self.request.submitted.replace(tzinfo=UTC)

    @property
    def date_format(self) -> str:
        """DATEFORMAT, which a dedicated pool fixes. Source: azure-docs sql/connect-overview (02/2026)."""
        return "mdy"

    @property
    def cancelled(self) -> threading.Event:
        """Set when the client cancels or the session is killed."""
        return self.state.cancelled

    def find_table(self, parts: tuple[str, ...]) -> TargetTable | None:
        """Return the target table, None when there is none."""
        table = self.state.find_table(parts)
        return None if table is None else _target(table)

    def create_table(self, parts: tuple[str, ...], columns: Sequence[TargetColumn]) -> TargetTable:
        """Create the target table in the transaction of the COPY: ROUND_ROBIN, clustered columnstore index.

        :raises PoolError: 2760, its schema does not exist.
        """
        schema, name = self.state.qualified(parts)
        catalog = self.state.database.catalog
        if schema and not catalog.has_schema(schema):
            raise PoolError(2760, f"The specified schema name '{schema}' does not exist.")
        made = tuple(Column(column.name, column.type, column.nullable, column.identity) for column in columns)
        table = Table(catalog.new_id(), schema or "dbo", name, made, temporary=not schema)
        create_in_duckdb(self.state, self.connection, table)
        return _target(table)

    def external_file_format(self, name: str) -> ExternalFileFormat | None:
        """Return the external file format, None when there is none."""
        found = self.state.database.catalog.find_named(FileFormat, name)
        return None if found is None else found.for_copy

    def next_identity_values(self, table: TargetTable, count: int) -> int:
        """Reserve identity values and return the first."""
        catalog = self.state.database.catalog
        known = [*catalog.tables(), *self.state.temporary_tables.values()]
        found = next(candidate for candidate in known if candidate.duckdb_name == table.duckdb_name)
        return catalog.next_identity(self.connection, found, count)

    def progress(self, rows: int, bytes_processed: int) -> None:
        """Show the totals so far in the row of the WRITER in sys.dm_pdw_dms_workers."""
        if not self.state.faults.will_delay(RUNNING):  # a delay shows the rows little by little when all are loaded
            self.worker.rows, self.worker.bytes = rows, bytes_processed

    def show(self, outcome: CopyOutcome, part: float) -> None:
        """Show a part of the totals, from 0 to 1."""
        self.worker.rows, self.worker.bytes = int(outcome.rows_loaded * part), int(outcome.bytes_read * part)


def copy_into(state: SessionState, request: Request, statement: CopyRequest) -> CopyOutcome:
    """Run COPY INTO as one transaction of its own.

    Assumption: COPY INTO in a user transaction is refused with number 111212, as DDL is.

    :raises PoolError: The load failed; nothing of it stays.
    """
    from airflow_synapse.local.copy.engine import run_copy  # noqa: PLC0415 - COPY needs storage libraries

    if state.transaction is not None:
        raise PoolError(111212, "111212;Operation cannot be performed within a transaction.")
    environment = SessionCopyEnvironment(state, request)
    request.operation = "HadoopRoundRobinOperation"
    reader = Worker("EXTERNAL_READER")
    request.workers.extend([reader, environment.worker])
    target = state.find_table(statement.target)
    with state.writing(*([target] if target is not None else [])):
        outcome = run_copy(statement, environment)
        if target is not None and statement.identity_insert:
            state.database.catalog.pass_identity(environment.connection, target)
        state.faults.reach(RUNNING, lambda part: environment.show(outcome, part))
    reader.rows, reader.bytes = outcome.rows_loaded + outcome.rows_rejected, outcome.bytes_read
    environment.progress(outcome.rows_loaded, outcome.bytes_read)
    if outcome.rows_rejected:
        request.workers.append(Worker("REJECT_WRITER", rows=outcome.rows_rejected))
    request.row_count = outcome.rows_loaded
    return outcome


def _target(table: Table) -> TargetTable:
    columns = tuple(
        TargetColumn(column.name, column.type, column.nullable, column.identity) for column in table.columns
    )
    return TargetTable(table.duckdb_name, columns)
