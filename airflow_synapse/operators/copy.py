"""Load files into a table of a dedicated SQL pool with COPY INTO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_synapse.copy import CopyStatement, ErrorFile, ExternalLocation, StorageCredential, build_statement
from airflow_synapse.exceptions import SourceFilesError, SynapseError
from airflow_synapse.load.disposition import check_disposition
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.runner import run_load
from airflow_synapse.load.source_files import SourceFiles

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.copy.options import ColumnEntry
    from airflow_synapse.hooks.pool_session import PoolSession
    from airflow_synapse.hooks.storage import SynapseStorageHook


class SynapseCopyOperator(BaseOperator):
    """Load files of a storage account into a table with COPY INTO, and return what came of it.

    The arguments named after a T-SQL keyword are those of the statement; they are checked, after rendering and before
    anything connects, by the rules of the COPY reference. What is None is not written: the pool's own default counts.

    The task returns the fields of :class:`~airflow_synapse.load.result.LoadResult`. An error that a repetition cannot
    mend fails the task without retry.

    :param table: ``table``, ``schema.table`` or ``database.schema.table``; parts may stand in brackets. (templated)
    :param external_locations: FROM: a URL, or several in one container; a file, a folder with all below it, or a path
        with ``*``. (templated)
    :param columns: The column list: names, or mappings with ``name`` and, if wanted, ``default`` and ``field_number``.
        Default: field 1 goes to column 1, and so on. (templated)
    :param file_type: FILE_TYPE: CSV, PARQUET or ORC. The pool's default: CSV. (templated)
    :param file_format: FILE_FORMAT: name of an external file format object, for Parquet and ORC. (templated)
    :param credential: CREDENTIAL, one of the classes of :mod:`airflow_synapse.copy`. Default: what ``storage_conn_id``
        holds; without a connection none, for public containers and for the login's own Entra identity.
    :param error_file: ERRORFILE: folder for rejected rows, ``/path`` in the container of the files, or a URL. Each load
        writes to a sub-folder named after it, unless ``error_file_per_load`` is off. (templated)
    :param error_file_credential: ERRORFILE_CREDENTIAL. Default: what ``storage_conn_id`` holds, with rights to write.
    :param error_file_per_load: Whether to add that sub-folder. Without it, rejected rows of this load cannot be told
        from those of others, and are not counted.
    :param max_errors: MAXERRORS: rejected rows that the load survives. The pool's default: 0. (templated)
    :param compression: COMPRESSION. The pool's default: by the extension of each file. (templated)
    :param field_quote: FIELDQUOTE: a character, its form ``0x22``, or empty. The pool's default: ``"``. (templated)
    :param field_terminator: FIELDTERMINATOR. The pool's default: a comma. (templated)
    :param row_terminator: ROWTERMINATOR; files with bare line feeds need ``0x0A``. (templated)
    :param first_row: FIRSTROW, in every file; 2 skips a header. The pool's default: 1. (templated)
    :param date_format: DATEFORMAT, such as ``ymd``. The pool's default: ``mdy``. (templated)
    :param encoding: ENCODING: UTF8 or UTF16. The pool's default: UTF8. (templated)
    :param identity_insert: IDENTITY_INSERT, ON or OFF. The pool's default: OFF. (templated)
    :param auto_create_table: AUTO_CREATE_TABLE, ON or OFF, for Parquet. The pool's default: OFF. (templated)
    :param request_label: OPTION (LABEL = ...), which the pool's views and workload classifiers see. Default: made of the task
        instance. (templated)
    :param write_disposition: ``append`` to the table's rows, or ``truncate`` it first. (templated)
    :param synapse_conn_id: Connection of type ``azure_synapse_sql_pool``. (templated)
    :param storage_conn_id: Connection of type ``wasb`` or ``adls`` for the storage account. It gives the credentials
        for COPY, lists the files before the load and counts the rejected rows after it. Without it these numbers are
        unknown. (templated)
    :param error_storage_conn_id: The same for ``error_file``, where it is in another account. Default:
        ``storage_conn_id``. (templated)
    """

    template_fields: Sequence[str] = (
        "table",
        "external_locations",
        "columns",
        "file_type",
        "file_format",
        "error_file",
        "max_errors",
        "compression",
        "field_quote",
        "field_terminator",
        "row_terminator",
        "first_row",
        "date_format",
        "encoding",
        "identity_insert",
        "auto_create_table",
        "request_label",
        "write_disposition",
        "synapse_conn_id",
        "storage_conn_id",
        "error_storage_conn_id",
        "copy_statement",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "external_locations": "json",
        "columns": "json",
        "copy_statement": "sql",
    }
    ui_color = "#cfe5f7"
    #: Lets the rendered fields be stored again after the task has run: ``copy_statement`` is known only then.
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        table: str,
        external_locations: str | Sequence[str],
        columns: Sequence[ColumnEntry] | None = None,
        file_type: str | None = None,
        file_format: str | None = None,
        credential: StorageCredential | None = None,
        error_file: str | None = None,
        error_file_credential: StorageCredential | None = None,
        error_file_per_load: bool = True,
        max_errors: int | str | None = None,
        compression: str | None = None,
        field_quote: str | None = None,
        field_terminator: str | None = None,
        row_terminator: str | None = None,
        first_row: int | str | None = None,
        date_format: str | None = None,
        encoding: str | None = None,
        identity_insert: bool | str | None = None,
        auto_create_table: bool | str | None = None,
        request_label: str | None = None,
        write_disposition: str = "append",
        synapse_conn_id: str = "synapse_default",
        storage_conn_id: str | None = None,
        error_storage_conn_id: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - the arguments of every operator
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.external_locations = external_locations
        self.columns = columns
        self.file_type = file_type
        self.file_format = file_format
        self.credential = credential
        self.error_file = error_file
        self.error_file_credential = error_file_credential
        self.error_file_per_load = error_file_per_load
        self.max_errors = max_errors
        self.compression = compression
        self.field_quote = field_quote
        self.field_terminator = field_terminator
        self.row_terminator = row_terminator
        self.first_row = first_row
        self.date_format = date_format
        self.encoding = encoding
        self.identity_insert = identity_insert
        self.auto_create_table = auto_create_table
        self.request_label = request_label
        self.write_disposition = write_disposition
        self.synapse_conn_id = synapse_conn_id
        self.storage_conn_id = storage_conn_id
        self.error_storage_conn_id = error_storage_conn_id
        #: The statement without its secrets, once it is known. Shown as a rendered field.
        self.copy_statement: str | None = None
        self._session: PoolSession | None = None

    def execute(self, context: Context) -> dict[str, str | int | float | None]:
        """Load the files.

        :return: The fields of :class:`~airflow_synapse.load.result.LoadResult`.
        :raises AirflowFailException: An error that no retry can mend; it says what to do.
        :raises SynapseError: An error that may pass.
        """
        from airflow.providers.common.compat.sdk import AirflowFailException  # noqa: PLC0415 - slow to import

        try:
            return self._load(context).to_json()
        except SynapseError as error:
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error

    def on_kill(self) -> None:
        """Cancel the running statement: COPY is one transaction, and leaves nothing behind."""
        if self._session:
            self._session.cancel()

    def _load(self, context: Context) -> LoadResult:
        from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook  # noqa: PLC0415 - slow to import

        check_disposition(self.write_disposition)
        statement = self._with_credentials(self._statement(context))
        self.copy_statement = statement.redacted_sql()
        self.log.info("Loading (%s):\n%s", self.write_disposition, self.copy_statement)
        source = self._source_files(statement)
        self._session = SynapseSqlPoolHook(self.synapse_conn_id).session()
        with self._session as session:
            outcome = run_load(session, self.write_disposition, statement)
        result = LoadResult(
            table=str(statement.target),
            label=statement.label or "",
            request_id=outcome.request_id,
            rows_loaded=outcome.rows_loaded,
            rows_rejected=self._rejected_rows(statement),
            reject_folder=statement.error_file.directory if statement.error_file else None,
            files=source.files if source else None,
            bytes=source.bytes if source else None,
            seconds=outcome.seconds,
        )
        self.log.info("Loaded: %s", result)
        return result

    def _statement(self, context: Context) -> CopyStatement:
        """Build the statement with the credentials that were given; what a connection holds comes later."""
        task_instance = context["ti"]
        identity = LoadIdentity(
            dag_id=task_instance.dag_id,
            task_id=task_instance.task_id,
            run_id=task_instance.run_id,
            map_index=-1 if task_instance.map_index is None else task_instance.map_index,
            clear_number=getattr(context["dag_run"], "clear_number", 0),
        )
        error_file = self.error_file
        if error_file and self.error_file_per_load:
            error_file = f"{error_file.rstrip('/')}/{identity.reject_folder(task_instance.try_number)}"
        return build_statement(
            table=self.table,
            external_locations=self.external_locations,
            columns=self.columns,
            file_type=self.file_type,
            file_format=self.file_format,
            credential=self.credential,
            error_file=error_file,
            error_file_credential=self.error_file_credential,
            max_errors=self.max_errors,
            compression=self.compression,
            field_quote=self.field_quote,
            field_terminator=self.field_terminator,
            row_terminator=self.row_terminator,
            first_row=self.first_row,
            date_format=self.date_format,
            encoding=self.encoding,
            identity_insert=self.identity_insert,
            auto_create_table=self.auto_create_table,
            label=self.request_label or identity.label,
        )

    def _with_credentials(self, statement: CopyStatement) -> CopyStatement:
        """Add the credentials that the connections hold, where none were given."""
        if self.credential is None and (storage := self._storage_hook()):
            statement = replace(statement, credential=storage.source_credential(statement.external_locations[0]))
        if statement.error_file is None or self.error_file_credential or not (storage := self._error_storage_hook()):
            return statement
        if self.credential and statement.error_file.is_relative:
            return statement  # COPY uses the credential that was given
        # A whole URL, so that the credential for reading needs no right to write.
        folder = _reject_folder(statement)
        credential = storage.error_file_credential(folder)
        return replace(statement, error_file=ErrorFile(directory=folder.url, credential=credential))

    def _source_files(self, statement: CopyStatement) -> SourceFiles | None:
        """Look whether there is anything to load; None when nothing here can list the storage account."""
        if not (storage := self._storage_hook()):
            return None
        source = storage.source_files(statement.external_locations)
        if not source.files:
            raise SourceFilesError(
                f"There is no file to load in {', '.join(map(str, statement.external_locations))}. Names are matched "
                "with their case; names that begin with _ or . are left out."
            )
        self.log.info("%d files, %d bytes", source.files, source.bytes)
        return source

    def _rejected_rows(self, statement: CopyStatement) -> int | None:
        """Count what the load rejected; None when that cannot be known.

        A CSV load that allows no rejected row and succeeds has rejected none.
        """
        if not statement.max_errors and statement.file_type == "CSV":
            return 0
        storage = self._error_storage_hook()
        if statement.error_file is None or not self.error_file_per_load or storage is None:
            return None
        try:
            return storage.rejected_rows(_reject_folder(statement))
        except SynapseError as error:
            self.log.warning("The load succeeded, but its rejected rows cannot be counted. %s", error)
            return None

    def _storage_hook(self) -> SynapseStorageHook | None:
        return _storage_hook(self.storage_conn_id)

    def _error_storage_hook(self) -> SynapseStorageHook | None:
        return _storage_hook(self.error_storage_conn_id or self.storage_conn_id)


def _storage_hook(connection_id: str | None) -> SynapseStorageHook | None:
    if not connection_id:
        return None
    from airflow_synapse.hooks.storage import SynapseStorageHook  # noqa: PLC0415 - for hooks only

    return SynapseStorageHook(connection_id)


def _reject_folder(statement: CopyStatement) -> ExternalLocation:
    """Return where ERRORFILE is, also when it is given as a path in the container of the source files."""
    error_file = statement.error_file
    if error_file is None:
        raise AssertionError("The statement has no ERRORFILE.")
    source = statement.external_locations[0]
    return error_file.location or replace(source, path=error_file.directory.lstrip("/"))
