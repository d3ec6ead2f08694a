"""Write the rows of a table or a query of the SQL pool to Parquet files, by CREATE EXTERNAL TABLE AS SELECT."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_synapse.copy import ExternalLocation, TableName
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import StatementError, SynapseError, TransferOptionError
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.pool_session import PoolSession
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.record import LoadRecord
from airflow_synapse.load.settle import Settlement
from airflow_synapse.load.statements import PlainStatement, count_rows
from airflow_synapse.schema.catalog import TableColumn, columns_query
from airflow_synapse.transfer import external
from airflow_synapse.transfer.spark_types import spark_schema

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written.

    :param rows: Rows in the files.
    :param schema: Schema of the files, as Spark's JSON.
    """

    rows: int
    schema: Mapping[str, Any]


class SqlExport:
    """The exports of one task.

    An export may be repeated: each writes to a folder of its own. The external table that it makes serves to count what
    was written, and is dropped at once; one that a killed try has left is dropped by the next.

    :param hook: The pool.
    :param task_try: Who exports.
    :param table: What to export: a table or an external table, or
    :param sql: a query.
    :param data_source: Name of the EXTERNAL DATA SOURCE.
    :param file_format: Name of the EXTERNAL FILE FORMAT, a Parquet one.
    :raises TransferOptionError: Not exactly one of ``table`` and ``sql`` is given.
    :raises CopyOptionError: A name or a text is none.
    """

    def __init__(
        self,
        hook: SynapseSqlPoolHook,
        task_try: TaskTry,
        *,
        table: str | None,
        sql: str | None,
        data_source: str,
        file_format: str,
    ) -> None:
        if bool(table) == bool(sql):
            raise TransferOptionError("Give one of table and sql: what to export from the SQL pool.")
        self._hook = hook
        self._try = task_try
        self._table = TableName.parse(table, option="table") if table else None
        self._sql = read_text(sql or "", "sql").strip().rstrip(";")
        self._data_source = read_text(data_source, "data_source")
        self._file_format = read_text(file_format, "file_format")
        self._session: PoolSession | None = None
        self._is_cancelled = False

    def run(self, folder: ExternalLocation) -> Exported:
        """Export to a folder below the data source.

        :raises TransferOptionError: The folder is not there, or a column has a type that Spark cannot have.
        :raises StatementError: The pool refuses.
        """
        session = self._session = self._hook.session()
        if self._is_cancelled:
            session.cancel()
        with session:
            self._be_alone(session)
            rows = session.fetch(external.LOCATION_OF_DATA_SOURCE, self._data_source)
            store = external.ExternalStore(
                data_source=self._data_source,
                file_format=self._file_format,
                path=external.path_in_data_source(folder, self._data_source, rows),
            )
            name = TableName(
                name=self._prefix + secrets.token_hex(4), schema=self._table.schema if self._table else None
            )
            statement = external.create_as_select(name, store, self._query(session))
            log.info("Exporting:\n%s", statement)
            try:
                session.execute(PlainStatement(statement))
                columns = TableColumn.from_rows(session.fetch(columns_query(name)))
                exported = int(session.fetch(count_rows(name))[0][0])
            finally:
                self._drop(session, name)
            log.info("Exported %d rows to %s", exported, folder)
            return Exported(rows=exported, schema=spark_schema(columns))

    def cancel(self) -> None:
        """Cancel the statement that runs, from whatever thread."""
        self._is_cancelled = True
        if self._session:
            self._session.cancel()

    def _be_alone(self, session: PoolSession) -> None:
        """End the exports of earlier tries, and drop what they have left."""
        identity = self._try.identity
        attempt = Attempt(
            load_id=identity.load_id,
            clear_number=identity.clear_number,
            try_number=self._try.try_number,
            number=1,
            token=secrets.token_hex(4),
            fingerprint="export",
            path="staged",
        )
        settlement = Settlement(session=session, attempt=attempt, is_repeatable=True)
        settlement.announce()
        settlement.run(LoadRecord())
        for schema, name in session.fetch(external.external_tables_of_load(self._prefix)):
            log.info("Dropping external table %s.%s, which an earlier try has left behind.", schema, name)
            session.execute(PlainStatement(external.drop_external_table(TableName(name=name, schema=schema))))

    def _query(self, session: PoolSession) -> str:
        if self._table is None:
            return self._sql
        columns = TableColumn.from_rows(session.fetch(columns_query(self._table)))
        if not columns:
            raise StatementError(f"There is no table {self._table} in the pool, or the login may not see it.")
        return external.select_all(self._table, columns)

    def _drop(self, session: PoolSession, name: TableName) -> None:
        try:
            session.execute(PlainStatement(external.drop_external_table(name)))
        except SynapseError as error:
            log.warning("External table %s may be left behind; the next try drops it. %s", name, error)

    @property
    def _prefix(self) -> str:
        return f"airflow_export_{self._try.identity.load_id}_"
