"""What a SynapseCopyOperator does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow.sdk import Asset

from airflow_synapse.copy import ColumnName, CopyStatement, ErrorFile, ExternalLocation, TableName, build_statement
from airflow_synapse.exceptions import SourceFilesError, SynapseError
from airflow_synapse.hooks.pool_session import PoolSession
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import Attempt, LoadIdentity
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.runner import Load, run_load
from airflow_synapse.load.source_files import SourceFiles
from airflow_synapse.operators.state_store import find_state_store

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.copy import SynapseCopyOperator

#: Seconds that a cancelled statement gets to end by itself, and then KILL: Airflow ends the process after five.
_CANCEL_SECONDS: Final = 1.0
_KILL_SECONDS: Final = 3.0

log: Final = logging.getLogger(__name__)


class CopyLoad:
    """One execution of a SynapseCopyOperator.

    :param task: The operator, with its fields rendered.
    """

    def __init__(self, task: SynapseCopyOperator) -> None:
        self._task = task
        self._hook = SynapseSqlPoolHook(task.synapse_conn_id)
        self._session: PoolSession | None = None
        self._is_cancelled = False
        self._storage = _storage_hook(task.storage_conn_id)
        self._error_storage = _storage_hook(task.error_storage_conn_id) or self._storage

    def prepare(self, context: Context) -> Load:
        """Return the load, its statement checked and with its credentials. Nothing has been connected to yet.

        :raises CopyOptionError: An argument, or a pair of them, is wrong.
        :raises CredentialError: A connection does not hold the credential that is needed.
        """
        options = self._options()
        identity, try_number = _identity(context), context["ti"].try_number
        copy = self._statement(identity, try_number)
        options.check(copy)
        store, has_store = find_state_store(context, identity.clear_number)
        return Load(
            copy=self._with_credentials(copy),
            options=options,
            identity=identity,
            try_number=try_number,
            store=store,
            has_store=has_store,
        )

    def run(self, load: Load) -> LoadResult:
        """Load the files.

        :raises SynapseError: It failed.
        """
        copy = load.copy
        log.info("Loading (%s):\n%s", load.options.write_disposition, copy.redacted_sql())
        source = self._source_files(copy)
        outcome = run_load(self._open_session, load)
        copy = self._as_loaded(load, outcome.attempt)
        result = LoadResult(
            table=str(copy.target),
            label=copy.label or "",
            request_id=outcome.request_id,
            rows_loaded=outcome.rows_loaded,
            rows_rejected=self._rejected_rows(copy),
            reject_folder=copy.error_file.directory if copy.error_file else None,
            files=source.files if source else None,
            bytes=source.bytes if source else None,
            seconds=outcome.seconds,
            reused=outcome.reused,
        )
        log.info("Loaded: %s", result)
        return result

    def tell_assets(self, context: Context, result: LoadResult) -> None:
        """Put the result into the events of the assets that are outlets of the task."""
        for outlet in self._task.outlets:
            if isinstance(outlet, Asset):
                context["outlet_events"][outlet].extra.update(result.to_json())

    def cancel(self) -> None:
        """Cancel the running statement; where that does not help at once, end its session, and no other."""
        self._is_cancelled = True
        session = self._session
        if session is None:
            return
        session.cancel()
        if session.session_id and not session.has_ended(_CANCEL_SECONDS):
            killer = threading.Thread(target=self._kill, args=(session.session_id,), daemon=True)
            killer.start()
            killer.join(_KILL_SECONDS)

    def _kill(self, session_id: str) -> None:
        try:
            self._hook.kill(session_id)
        except SynapseError as error:
            log.warning("The session %s cannot be ended: %s", session_id, error)

    def _open_session(self) -> PoolSession:
        session = self._session = self._hook.session()
        if self._is_cancelled:
            session.cancel()
        return session

    def _options(self) -> LoadOptions:
        task = self._task
        return LoadOptions(
            write_disposition=task.write_disposition,
            slice_predicate=task.slice_predicate,
            partition_values=_texts(task.partition_values),
            upsert_keys=tuple(map(ColumnName.parse, _texts(task.upsert_keys))),
            staging_distribution=task.staging_distribution,
            staging_index=task.staging_index,
            ledger_table=TableName.parse(task.ledger_table) if task.ledger_table else None,
            reload=task.reload,
            update_statistics=task.update_statistics,
        )

    def _as_loaded(self, load: Load, attempt: Attempt) -> CopyStatement:
        """Return the statement of the try that loaded, which had a label and a folder for rejected rows of its own."""
        copy, identity = load.copy, replace(load.identity, clear_number=attempt.clear_number)
        if copy.error_file and self._task.error_file_per_load:
            folder = copy.error_file.directory.removesuffix(load.identity.reject_folder(load.try_number))
            directory = folder + identity.reject_folder(attempt.try_number)
            copy = replace(copy, error_file=replace(copy.error_file, directory=directory))
        return copy if self._task.request_label else replace(copy, label=identity.label)

    def _statement(self, identity: LoadIdentity, try_number: int) -> CopyStatement:
        """Build the statement with the credentials that were given; what a connection holds comes later."""
        task = self._task
        error_file = task.error_file
        if error_file and task.error_file_per_load:
            error_file = f"{error_file.rstrip('/')}/{identity.reject_folder(try_number)}"
        return build_statement(
            table=task.table,
            external_locations=task.external_locations,
            columns=task.columns,
            file_type=task.file_type,
            file_format=task.file_format,
            credential=task.credential,
            error_file=error_file,
            error_file_credential=task.error_file_credential,
            max_errors=task.max_errors,
            compression=task.compression,
            field_quote=task.field_quote,
            field_terminator=task.field_terminator,
            row_terminator=task.row_terminator,
            first_row=task.first_row,
            date_format=task.date_format,
            encoding=task.encoding,
            identity_insert=task.identity_insert,
            auto_create_table=task.auto_create_table,
            label=task.request_label or identity.label,
        )

    def _with_credentials(self, statement: CopyStatement) -> CopyStatement:
        """Add the credentials that the connections hold, where none were given."""
        task = self._task
        if task.credential is None and self._storage:
            credential = self._storage.source_credential(statement.external_locations[0])
            statement = replace(statement, credential=credential)
        error_file = statement.error_file
        if error_file is None or task.error_file_credential or not self._error_storage:
            return statement
        if task.credential and error_file.is_relative:
            return statement  # COPY uses the credential that was given
        # A whole URL, so that the credential for reading needs no right to write.
        folder = _reject_folder(error_file, statement)
        credential = self._error_storage.error_file_credential(folder)
        return replace(statement, error_file=ErrorFile(directory=folder.url, credential=credential))

    def _source_files(self, statement: CopyStatement) -> SourceFiles | None:
        """Look whether there is anything to load; None when nothing here can list the storage account."""
        if not self._storage:
            return None
        source = self._storage.source_files(statement.external_locations)
        if not source.files:
            raise SourceFilesError(
                f"There is no file to load in {', '.join(map(str, statement.external_locations))}. Names are matched "
                "with their case; names that begin with _ or . are left out."
            )
        log.info("%d files, %d bytes", source.files, source.bytes)
        return source

    def _rejected_rows(self, statement: CopyStatement) -> int | None:
        """Count what the load rejected; None when that cannot be known.

        A CSV load that allows no rejected row and succeeds has rejected none.
        """
        if not statement.max_errors and statement.file_type == "CSV":
            return 0
        if statement.error_file is None or not self._task.error_file_per_load or not self._error_storage:
            return None
        try:
            return self._error_storage.rejected_rows(_reject_folder(statement.error_file, statement))
        except SynapseError as error:
            log.warning("The load succeeded, but its rejected rows cannot be counted. %s", error)
            return None


def _identity(context: Context) -> LoadIdentity:
    task_instance = context["ti"]
    return LoadIdentity(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        map_index=-1 if task_instance.map_index is None else task_instance.map_index,
        clear_number=getattr(context["dag_run"], "clear_number", 0) or 0,
    )


def _texts(values: str | Sequence[object] | None) -> tuple[str, ...]:
    if values is None:
        return ()
    return (values,) if isinstance(values, str) else tuple(map(str, values))


def _storage_hook(connection_id: str | None) -> SynapseStorageHook | None:
    return SynapseStorageHook(connection_id) if connection_id else None


def _reject_folder(error_file: ErrorFile, statement: CopyStatement) -> ExternalLocation:
    """Return where ERRORFILE is, also when it is given as a path in the container of the source files."""
    source = statement.external_locations[0]
    return error_file.location or replace(source, path=error_file.directory.lstrip("/"))
