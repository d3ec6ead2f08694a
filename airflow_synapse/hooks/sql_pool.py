"""The hook for a dedicated SQL pool.

It is a ``DbApiHook``, so that the operators of the common.sql provider work with the same connection. Import it inside
methods: ``DbApiHook`` is slow to import, and a DAG file must not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.common.sql.hooks.sql import DbApiHook

from airflow_synapse.exceptions import StatementError, SynapseError
from airflow_synapse.hooks.connecting import Connector
from airflow_synapse.hooks.driver_errors import statement_error
from airflow_synapse.hooks.masking import mask
from airflow_synapse.hooks.odbc_driver import MICROSOFT_DRIVER, load_pyodbc
from airflow_synapse.hooks.odbc_values import add_converters
from airflow_synapse.hooks.pool_session import PoolSession
from airflow_synapse.hooks.pool_settings import PoolSettings
from airflow_synapse.hooks.statement_thread import StatementThread
from airflow_synapse.load.rights import MissingRight, Right, missing_rights, rights_query

if TYPE_CHECKING:
    from airflow.providers.openlineage.sqlparser import DatabaseInfo
    from airflow.sdk import Connection
    from sqlalchemy.engine import URL, Engine

#: Seconds that a test of the connection may take to log in.
_TEST_LOGIN_TIMEOUT: Final = 10
#: The same for :meth:`SynapseSqlPoolHook.brief_session`: Airflow ends a task five seconds after SIGTERM.
_BRIEF_LOGIN_TIMEOUT: Final = 3


class SynapseSqlPoolHook(DbApiHook):
    """Connect to a dedicated SQL pool of Azure Synapse by ODBC.

    Every connection is in autocommit mode, whatever an operator asks for: a dedicated pool refuses DDL in a
    transaction. Whoever wants a transaction writes ``BEGIN TRANSACTION`` and ``COMMIT TRANSACTION`` in the SQL.

    Errors of connecting, of :meth:`run` and of :meth:`insert_rows` arrive as
    :class:`~airflow_synapse.exceptions.SynapseError`, with what to do about them. Queries for data frames and those of
    SQLAlchemy raise their own.

    :param synapse_conn_id: Connection of type ``azure_synapse_sql_pool``.
    :param schema: Name of another SQL pool of that server than the connection's. Operators of common.sql set it to
        their ``database``.
    """

    conn_name_attr = "synapse_conn_id"
    default_conn_name = "synapse_default"
    conn_type = "azure_synapse_sql_pool"
    hook_name = "Azure Synapse dedicated SQL pool"
    supports_autocommit = True
    _placeholder = "?"
    _test_connection_sql = "SELECT 1"

    synapse_conn_id: str

    def __init__(self, *args: Any, schema: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - DbApiHook's own
        super().__init__(*args, schema=schema, **kwargs)
        self.schema = schema
        self._thread = StatementThread()

    @cached_property
    def settings(self) -> PoolSettings:
        """The connection's fields, checked; what is secret in them is masked from here on in the task's log.

        :raises SynapseConnectionError: The server, the database or an option is missing or wrong.
        :raises CredentialError: The authentication method lacks what it needs.
        """
        settings = PoolSettings.from_connection(self.connection, database=self.schema)
        for secret in settings.secrets:
            mask(secret)
        return settings

    @cached_property
    def _connector(self) -> Connector:
        return Connector(self.settings)

    def get_conn(self) -> Any:  # noqa: ANN401 - pyodbc ships no type information
        """Return an open pyodbc connection in autocommit mode.

        Errors that pass (a busy gateway, a pool that warms up) are answered by another attempt, for five minutes.

        :raises SynapseConnectionError: The pool cannot be reached, or refuses the login.
        :raises DriverNotFoundError: There is no ODBC driver.
        """
        connection = self._connector.connect(pause=self._thread.pause)
        add_converters(connection)
        return connection

    def session(self) -> PoolSession:
        """Return a session, which a ``with`` block opens. Its statements may hold secrets: they are not logged."""
        connector, thread = self._connector, StatementThread()
        return PoolSession(lambda: connector.connect(pause=thread.pause), thread)

    def missing_rights(self, rights: Sequence[Right]) -> list[MissingRight]:
        """Return which of some rights the connection's user has not got. One query asks for all.

        :param rights: Such as :func:`~airflow_synapse.load.rights.rights_to_load` returns.
        :raises SynapseError: The pool cannot be asked.
        """
        with self.session() as session:
            return missing_rights(rights, session.fetch(rights_query(rights))[0])

    def brief_session(self) -> PoolSession:
        """Return a session for a statement or two of somebody who has no time: connecting is tried once."""
        connect = partial(self._connector.connect, patience=0, login_timeout=_BRIEF_LOGIN_TIMEOUT)
        return PoolSession(connect, StatementThread())

    def run(  # noqa: PLR0917 - DbApiHook's own signature
        self,
        sql: str | Iterable[str],
        autocommit: bool = False,  # noqa: FBT001, FBT002 - DbApiHook's own signature
        parameters: Iterable[Any] | Mapping[str, Any] | None = None,
        handler: Callable[[Any], Any] | None = None,
        split_statements: bool = False,  # noqa: FBT001, FBT002 - DbApiHook's own signature
        return_last: bool = True,  # noqa: FBT001, FBT002 - DbApiHook's own signature
    ) -> Any:  # noqa: ANN401 - DbApiHook's own signature
        """Run statements as ``DbApiHook.run`` does, in a thread: SIGTERM and ``execution_timeout`` cancel them.

        A batch is read to its last result, so that no error of a later statement in it is lost.

        :raises StatementError: The pool refused a statement, or could not finish it.
        :raises StatementCancelledError: A statement was cancelled.
        """
        thread = self._thread = StatementThread()
        connector = self._connector  # reads the connection in this thread, which may talk to Airflow
        descriptions: list[Any] = []

        def fetch_and_drain(cursor: Any) -> Any:  # noqa: ANN401 - pyodbc ships no type information
            with thread.watching(cursor):
                result = handler(cursor) if handler else None
                descriptions.append(cursor.description)
                _drain(cursor)
            return result

        def call() -> Any:  # noqa: ANN401 - DbApiHook's own signature
            try:
                return super(SynapseSqlPoolHook, self).run(
                    sql, autocommit, parameters, fetch_and_drain, split_statements, return_last
                )
            except load_pyodbc().Error as error:
                failure: SynapseError = statement_error(
                    connector.statement_text(error), cancel_requested=thread.is_cancelled
                )
            raise failure

        with thread.cancelled_by_sigterm():
            result = thread.run(call)
        # What DbApiHook noted are descriptions of drained cursors.
        self.descriptions = descriptions[-len(self.descriptions) :] if handler else []
        return result if handler else None

    def insert_rows(
        self,
        table: str,
        rows: Iterable[Sequence[Any]],
        target_fields: Sequence[str] | None = None,
        commit_every: int = 1000,
        replace: bool = False,  # noqa: FBT001, FBT002 - DbApiHook's own signature
        **kwargs: Any,  # noqa: ANN401 - DbApiHook's own signature
    ) -> None:
        """Insert rows as ``DbApiHook`` does, a statement for each.

        :raises StatementError: The pool refused a row, or ``replace`` is asked for.
        """
        if replace:
            raise StatementError(
                "A dedicated SQL pool has no REPLACE INTO: leave replace out, or load files with "
                "SynapseCopyOperator(write_disposition='upsert')."
            )
        try:
            super().insert_rows(table, rows, target_fields, commit_every, **kwargs)
        except load_pyodbc().Error as error:
            failure = statement_error(self._connector.statement_text(error))
        else:
            return
        raise failure

    def cancel(self) -> None:
        """Cancel what :meth:`run` is running. Returns at once; called from another thread or a signal handler."""
        self._thread.cancel()

    def _run_command(self, cur: Any, sql_statement: str, parameters: Any) -> None:  # noqa: ANN401 - DbApiHook's own
        with self._thread.watching(cur):
            super()._run_command(cur, sql_statement, parameters)

    def _make_common_data_structure(self, result: Any) -> Any:  # noqa: ANN401 - DbApiHook's own signature
        """Make tuples of pyodbc's rows, which XCom cannot hold."""
        row_class = load_pyodbc().Row
        if isinstance(result, row_class):
            return tuple(result)
        if isinstance(result, list):
            return [tuple(row) if isinstance(row, row_class) else row for row in result]
        return result

    def set_autocommit(self, conn: Any, autocommit: bool) -> None:  # noqa: ANN401, FBT001 - DbApiHook's own signature
        """Leave the connection in autocommit mode, whatever is asked for."""

    def get_autocommit(self, conn: Any) -> bool:  # noqa: ANN401, ARG002 - DbApiHook's own signature
        """Say that the connection is in autocommit mode."""
        return True

    @cached_property
    def dialect_name(self) -> str:
        """SQLAlchemy's name of the dialect."""
        return "mssql"

    @property
    def sqlalchemy_url(self) -> URL:
        """The server and the database, without anything secret. :meth:`get_sqlalchemy_engine` connects by itself."""
        from sqlalchemy.engine import URL  # noqa: PLC0415 - slow to import

        settings = self.settings
        return URL.create(
            "mssql+pyodbc",
            host=settings.server,
            port=settings.port,
            database=settings.database,
            query={"driver": settings.driver or MICROSOFT_DRIVER},  # SQLAlchemy warns of a URL without one
        )

    def get_sqlalchemy_engine(self, engine_kwargs: dict[str, Any] | None = None) -> Engine:
        """Return an engine whose connections come from :meth:`get_conn`: its URL holds neither password nor token."""
        return super().get_sqlalchemy_engine({"creator": self.get_conn, **(engine_kwargs or {})})

    def get_openlineage_database_info(self, connection: Connection) -> DatabaseInfo:  # noqa: ARG002 - DbApiHook's own
        """Name the pool as :mod:`airflow_synapse.lineage` does, so that loads and queries meet in the same tables."""
        from airflow.providers.openlineage.sqlparser import DatabaseInfo  # noqa: PLC0415 - OpenLineage asks for it

        settings = self.settings
        return DatabaseInfo(
            scheme="sqlserver",
            authority=f"{settings.server}:{settings.port};database={settings.database}",
            information_schema_columns=["table_schema", "table_name", "column_name", "ordinal_position", "data_type"],
        )

    def get_openlineage_database_dialect(self, connection: Connection) -> str:  # noqa: ARG002 - DbApiHook's own
        """Return the parser's name of T-SQL."""
        return "mssql"

    def get_openlineage_default_schema(self) -> str:
        """Return the schema of a table that is named without one."""
        return "dbo"

    def test_connection(self) -> tuple[bool, str]:  # type: ignore[override]  # DbApiHook declares None, returns this
        """Log in once, with a short timeout, and run ``SELECT 1``."""
        try:
            connector, thread = self._connector, StatementThread()
            with PoolSession(
                lambda: connector.connect(patience=0, login_timeout=_TEST_LOGIN_TIMEOUT), thread
            ) as session:
                session.fetch(self._test_connection_sql)
        except SynapseError as error:
            return False, str(error)
        return True, f"Logged in to {self.settings.address}."


def _drain(cursor: Any) -> None:  # noqa: ANN401 - pyodbc ships no type information
    while cursor.nextset():
        pass
