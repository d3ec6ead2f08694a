"""Put the rows that COPY has rejected into a table of the pool, for whoever has to look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_synapse.operators.state_store import RememberedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.copy import StorageCredential
    from airflow_synapse.execution.quarantine import Quarantine


class RejectedRowsToTableOperator(RememberedOperator):
    """Load the rejected rows of a load into a table, each with its reason. Run again, it replaces what it had loaded.

    The rows are staged as one CSV file beside their own folder, by the same connection; COPY reads it, and then it is
    removed. (Parquet would take a library of 170 MB in every worker to write.) The table changes in one transaction:
    the rows replace those of the same folder, and those that this task instance had put there before its run was
    cleared, when the load wrote to another folder. A first try without a rejected row changes nothing.

    A table that is missing is made, with these columns:

    ===============  ====================  ==========================================================================
    reject_folder    nvarchar(1200)        URL of the folder of the load
    load_label       nvarchar(255)         label of the load, where ``load_result`` is given
    quarantined_by   char(12)              stands for the task instance that has put the row here
    load_folder      nvarchar(1024)        ``YYYYMMDD-HHMMSS``, when the pool says that the load was submitted
    file_prefix      nvarchar(1024)        what the names of the two files of the row begin with
    row_number       bigint                row in these files, from 1
    source_file      nvarchar(4000)        the file that the row comes from, where the reason names it
    source_row       bigint                the row in it, as the pool counts
    reason           nvarchar(4000)        why it was rejected
    raw_row          nvarchar(4000)        the row as it was
    is_cut           bit                   whether one of these texts was longer; the files have all of it
    ===============  ====================  ==========================================================================

    An empty text is NULL, as COPY has it. Bytes that are no text are U+FFFD. Where the two files of a pair have other
    numbers of lines, as with a line feed in quotes, nothing says which belong together: each line of rows, and each
    reason, is a row of its own in the table, and the log says so.

    The login of the pool needs ADMINISTER DATABASE BULK OPERATIONS and CREATE TABLE, and ALTER, INSERT, SELECT and
    DELETE on the schema of the table.

    The task returns the fields of :class:`~airflow_synapse.load.result.LoadResult`; the events of assets that are its
    outlets carry them too.

    :param table: ``table``, ``schema.table`` or ``database.schema.table``. (templated)
    :param load_result: What a SynapseCopyOperator has returned, such as ``load.output``. (templated)
    :param error_file: Instead of it, the folder that the load wrote to: a URL, or a path in ``container``. (templated)
    :param container: The container, where the folder is given as a path. (templated)
    :param storage_conn_id: Connection of type ``wasb`` or ``adls`` for the account of the folder; it must be able to
        write and delete there. (templated)
    :param synapse_conn_id: Connection of type ``azure_synapse_sql_pool``. (templated)
    :param credential: How the pool reads the staged file: one of the classes of :mod:`airflow_synapse.copy`. Default:
        what ``storage_conn_id`` holds.
    :param request_label: OPTION (LABEL = ...). Default: made of the names of the task instance. (templated)
    """

    template_fields: Sequence[str] = (
        "table",
        "load_result",
        "error_file",
        "container",
        "storage_conn_id",
        "synapse_conn_id",
        "request_label",
        "copy_statement",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"load_result": "json", "copy_statement": "sql"}
    ui_color = "#cfe5f7"
    #: Lets the rendered fields be stored again after the task has run: ``copy_statement`` is known only then.
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        table: str,
        storage_conn_id: str,
        load_result: Mapping[str, Any] | str | None = None,
        error_file: str | None = None,
        container: str | None = None,
        synapse_conn_id: str = "synapse_default",
        credential: StorageCredential | None = None,
        request_label: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - the arguments of every operator
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.load_result = load_result
        self.error_file = error_file
        self.container = container
        self.storage_conn_id = storage_conn_id
        self.synapse_conn_id = synapse_conn_id
        self.credential = credential
        self.request_label = request_label
        #: The statement without its secrets, once it is known. Shown as a rendered field.
        self.copy_statement: str | None = None
        #: What runs in this process.
        self.quarantine: Quarantine | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Load the rows.

        :raises AirflowFailException: An error that no retry can mend; it says what to do.
        :raises SynapseError: An error that may pass.
        """
        from airflow_synapse.operators.loading import tell_assets  # noqa: PLC0415 - slow to import
        from airflow_synapse.operators.outcome import or_fail  # noqa: PLC0415 - for running tasks only

        result = or_fail(lambda: self._load(context))
        tell_assets(self, context, result)
        return result

    def on_kill(self) -> None:
        """Cancel the running statement, and end its session where that does not help. Takes four seconds at most."""
        if self.quarantine:
            self.quarantine.cancel()

    def _load(self, context: Context) -> dict[str, Any]:
        from airflow_synapse.copy import TableName  # noqa: PLC0415 - for running tasks only
        from airflow_synapse.execution.quarantine import Quarantine, no_rows  # noqa: PLC0415 - slow to import
        from airflow_synapse.execution.reject_folder import RejectFolder  # noqa: PLC0415 - slow to import
        from airflow_synapse.operators.loading import target_table, task_try_of  # noqa: PLC0415 - slow to import

        task_try = task_try_of(context, target_table(self.table))
        folder = RejectFolder.find(
            error_file=self.error_file,
            load_result=self.load_result,
            container=self.container,
            storage_conn_id=self.storage_conn_id,
        )
        if folder is None:
            label = self.request_label or task_try.identity.label
            return no_rows(str(TableName.parse(self.table)), label, "The load").to_json()
        self.quarantine = Quarantine(
            folder,
            task_try,
            table=self.table,
            synapse_conn_id=self.synapse_conn_id,
            storage_conn_id=self.storage_conn_id,
            credential=self.credential,
            request_label=self.request_label,
        )
        self.copy_statement = self.quarantine.copy_statement
        return self.quarantine.run().to_json()
