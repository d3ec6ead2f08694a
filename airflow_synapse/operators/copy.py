"""Load files into a table of a dedicated SQL pool with COPY INTO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_synapse.exceptions import NoSourceFilesError, TooManyRejectedRowsError
from airflow_synapse.operators.state_store import RememberedOperator
from airflow_synapse.version_compat import conf

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context

    from airflow_synapse.copy import StorageCredential
    from airflow_synapse.copy.options import ColumnEntry
    from airflow_synapse.execution.copy_load import CopyLoad


class SynapseCopyOperator(RememberedOperator):
    """Load files of a storage account into a table with COPY INTO, and return what came of it.

    The arguments named after a T-SQL keyword are those of the statement; they are checked, after rendering and before
    anything connects, by the rules of the COPY reference. What is None is not written: the pool's own default counts.

    The task returns the fields of :class:`~airflow_synapse.load.result.LoadResult`; the events of assets that are its
    outlets carry them too. An error that a repetition cannot mend fails the task without retry.

    The login of the pool needs ADMINISTER DATABASE BULK OPERATIONS and, for an ``append``, INSERT on the table; for a
    ``truncate`` also ALTER on it. Where a table is made, be it for staging, it needs CREATE TABLE, and ALTER and INSERT
    on the schema; to publish what was staged also SELECT, and for ``replace_slice`` and ``upsert`` DELETE.
    :func:`~airflow_synapse.load.rights.rights_to_load` returns them for a load.

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
        from those of others, and are not counted. (templated)
    :param max_errors: MAXERRORS: rejected rows that the load survives. The pool's default: 0. (templated)
    :param max_rejected_rows: Rejected rows that the table survives unchanged: with more of them the task fails without
        retry before anything is published. For the dispositions that stage, and with ``error_file`` and a storage
        connection. COPY itself must allow as many by ``max_errors``. Default: any number. (templated)
    :param max_rejected_ratio: The same as a part of all rows that were read, loaded or rejected: 0.02 is 2 %.
        (templated)
    :param rejected_rows_sample: Rejected rows to show in the result, each with its reason; 0 for none: they are
        customers' data. (templated)
    :param compression: COMPRESSION. The pool's default: by the extension of each file. (templated)
    :param field_quote: FIELDQUOTE: a character, its form ``0x22``, or empty. The pool's default: ``"``. (templated)
    :param field_terminator: FIELDTERMINATOR. The pool's default: a comma. (templated)
    :param row_terminator: ROWTERMINATOR; files with bare line feeds need a line feed, which is kept as ``0x0A``. A DAG
        with ``render_template_as_native_obj=True`` takes that for the number 10: write ``"'0x0A'"`` there. (templated)
    :param first_row: FIRSTROW, in every file; 2 skips a header. The pool's default: 1. (templated)
    :param date_format: DATEFORMAT, such as ``ymd``. The pool's default: ``mdy``. (templated)
    :param encoding: ENCODING: UTF8 or UTF16. The pool's default: UTF8. (templated)
    :param identity_insert: IDENTITY_INSERT, ON or OFF. The pool's default: OFF. (templated)
    :param auto_create_table: AUTO_CREATE_TABLE, ON or OFF, for Parquet. The pool's default: OFF. (templated)
    :param request_label: OPTION (LABEL = ...), which the pool's views and workload classifiers see. Default: made of
        the names of the task instance. (templated)
    :param write_disposition: What becomes of the rows that are in the table: ``append``, ``truncate``, ``replace``,
        ``replace_slice``, ``replace_partition`` or ``upsert``; see
        :data:`~airflow_synapse.load.disposition.WRITE_DISPOSITIONS`. ``truncate`` empties the table before COPY: what
        only the pool finds out, such as a credential that it refuses or more rejected rows than ``max_errors``, leaves
        the table empty. (templated)
    :param slice_predicate: For ``replace_slice``: the condition over columns of the table that says which rows to
        replace, such as ``flight_date = '2013-01-31'``. Rows of the files for which it does not hold fail the load.
        It is SQL: render no text into it that others choose. (templated)
    :param partition_values: For ``replace_partition``: a value of the partition column, or several, one for each
        partition to replace; times in UTC. (templated)
    :param upsert_keys: For ``upsert``: the columns of the key. A key that the files have twice fails the load.
        (templated)
    :param staging_distribution: ``ROUND_ROBIN`` or ``HASH(column, ...)``: distribution of the staging table, for
        ``replace_slice``, ``upsert`` and ``append`` with ``ledger_table``. Default: ROUND_ROBIN. (templated)
    :param staging_index: ``HEAP`` or ``CLUSTERED COLUMNSTORE INDEX``, for the same. Default: HEAP. (templated)
    :param ledger_table: Table in which the pool itself remembers which loads are done; made when missing. With it, an
        ``append`` goes through a staging table, and its outcome can always be known. (templated)
    :param reload: For ``append``: whether a task that is cleared adds the rows of the files again. By default it
        returns the result of the load before the clear, whose rows are in the table. A try that died is looked at
        first: the result of what it has loaded is returned once, and a clear after that adds the rows again.
        (templated)
    :param update_statistics: Whether to update the statistics of the table after the load, which COPY does not.
        (templated)
    :param create_table: Makes the table when it is missing: a mapping with, if wanted, ``columns`` (names to types, or
        a list of mappings; default: the columns of the Parquet files), ``distribution``, ``index``, ``partition`` and
        ``string_type``; see :func:`~airflow_synapse.schema.create_table.build_table`. (templated)
    :param on_empty: What a load without a file does: ``fail`` without retry, ``skip`` the task, or ``succeed`` with
        zero rows, which leaves the table as it is whatever ``write_disposition`` says. Files are looked for only with
        ``storage_conn_id``. (templated)
    :param progress_interval: Seconds between two lines in the log that say how far COPY is, each for a query in a
        session of its own; None for none.
    :param deferrable: Whether to give up the worker while the load runs in the triggerer. Credentials with a secret
        must then come from connections. Default: ``[operators] default_deferrable``.
    :param cancel_on_kill: Whether to cancel the statement when a user clears or marks the task while it is deferred,
        which Airflow tells since 3.3. Otherwise it goes on, and a new try waits for it or ends it.
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
        "error_file_per_load",
        "max_errors",
        "max_rejected_rows",
        "max_rejected_ratio",
        "rejected_rows_sample",
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
        "slice_predicate",
        "partition_values",
        "upsert_keys",
        "staging_distribution",
        "staging_index",
        "ledger_table",
        "reload",
        "update_statistics",
        "create_table",
        "on_empty",
        "synapse_conn_id",
        "storage_conn_id",
        "error_storage_conn_id",
        "copy_statement",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "external_locations": "json",
        "columns": "json",
        "create_table": "json",
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
        error_file_per_load: bool | str = True,
        max_errors: int | str | None = None,
        max_rejected_rows: int | str | None = None,
        max_rejected_ratio: float | str | None = None,
        rejected_rows_sample: int | str = 10,
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
        slice_predicate: str | None = None,
        partition_values: str | Sequence[str] | None = None,
        upsert_keys: str | Sequence[str] | None = None,
        staging_distribution: str | None = None,
        staging_index: str | None = None,
        ledger_table: str | None = None,
        reload: bool | str = False,
        update_statistics: bool | str = False,
        create_table: Mapping[str, Any] | None = None,
        on_empty: str = "fail",
        progress_interval: float | None = 30.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        cancel_on_kill: bool = True,
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
        self.max_rejected_rows = max_rejected_rows
        self.max_rejected_ratio = max_rejected_ratio
        self.rejected_rows_sample = rejected_rows_sample
        self.compression = compression
        self.field_quote = field_quote
        self.field_terminator = _kept_by_rendering(field_terminator)
        self.row_terminator = _kept_by_rendering(row_terminator)
        self.first_row = first_row
        self.date_format = date_format
        self.encoding = encoding
        self.identity_insert = identity_insert
        self.auto_create_table = auto_create_table
        self.request_label = request_label
        self.write_disposition = write_disposition
        self.slice_predicate = slice_predicate
        self.partition_values = partition_values
        self.upsert_keys = upsert_keys
        self.staging_distribution = staging_distribution
        self.staging_index = staging_index
        self.ledger_table = ledger_table
        self.reload = reload
        self.update_statistics = update_statistics
        self.create_table = create_table
        self.on_empty = on_empty
        self.progress_interval = progress_interval
        self.deferrable = deferrable
        self.cancel_on_kill = cancel_on_kill
        self.synapse_conn_id = synapse_conn_id
        self.storage_conn_id = storage_conn_id
        self.error_storage_conn_id = error_storage_conn_id
        #: The statement without its secrets, once it is known. Shown as a rendered field.
        self.copy_statement: str | None = None
        #: What the load has come to, for OpenLineage: fields of its result.
        self.load_result: dict[str, Any] | None = None
        #: The load that runs in this process.
        self.copy_load: CopyLoad | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Load the files, or hand that over to the triggerer.

        :return: The fields of :class:`~airflow_synapse.load.result.LoadResult`.
        :raises AirflowFailException: An error that no retry can mend; it says what to do.
        :raises SynapseError: An error that may pass.
        """
        from airflow_synapse.operators.loading import begin, tell_assets  # noqa: PLC0415 - slow to import

        result = self._answering(lambda: begin(self, context).to_json())
        tell_assets(self, context, result)
        return result

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take over what a deferred load has come to.

        :param event: What the trigger said, with what :attr:`copy_statement` was when the task was deferred.
        :raises AirflowFailException: As :meth:`execute`.
        :raises SynapseError: As :meth:`execute`.
        """
        from airflow_synapse.operators.loading import complete, tell_assets  # noqa: PLC0415 - slow to import

        self.copy_statement = event["copy_statement"]
        result = self._answering(lambda: complete(context, self.table, event))
        tell_assets(self, context, result)
        return result

    def on_kill(self) -> None:
        """Cancel the running statement, and end its session where that does not help. Takes four seconds at most."""
        if self.copy_load:
            self.copy_load.cancel()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any]:  # noqa: ANN401, ARG002 - Airflow's
        """Return what the load read and wrote, with the rows of both and what was rejected."""
        from airflow_synapse.execution.arguments import CopyArguments  # noqa: PLC0415 - not for DAG files
        from airflow_synapse.lineage import lineage_of  # noqa: PLC0415 - needs OpenLineage, which calls this

        return lineage_of(CopyArguments.of(self), self.load_result or {})

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> OperatorLineage[Any, Any]:  # noqa: ANN401 - Airflow's
        """Return the same of a load that has failed, which has written nothing that is known."""
        return self.get_openlineage_facets_on_complete(task_instance)

    def _answering(self, load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Turn errors of a load into what Airflow understands."""
        from airflow_synapse.operators.outcome import or_fail  # noqa: PLC0415 - for running tasks only
        from airflow_synapse.version_compat import AirflowSkipException  # noqa: PLC0415 - for running tasks only

        def load_or_skip() -> dict[str, Any]:
            try:
                return load()
            except NoSourceFilesError as error:
                if self.on_empty != "skip":
                    raise
                raise AirflowSkipException(str(error)) from error
            except TooManyRejectedRowsError as error:
                self.load_result = {"rejected_rows_report": error.report}
                raise

        self.load_result = or_fail(load_or_skip)
        return self.load_result


def _kept_by_rendering(delimiter: str | None) -> str | None:
    """Return a delimiter that rendering leaves alone: Jinja rewrites line ends, and drops one at the end."""
    from airflow_synapse.copy.literals import delimiter_text, holds_template  # noqa: PLC0415 - seldom needed

    if not isinstance(delimiter, str) or not set("\r\n") & set(delimiter) or holds_template(delimiter):
        return delimiter
    return delimiter_text(delimiter)
