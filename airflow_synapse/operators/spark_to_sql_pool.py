"""Load what a Spark pool has into a table of a dedicated SQL pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_synapse.operators.spark_transfer import SparkTransferOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.copy import StorageCredential
    from airflow_synapse.operators.spark_work import SparkWork


class SparkToSqlPoolOperator(SparkTransferOperator):
    """Run a Spark job that writes a table, a query's rows or files as Parquet; load these with COPY INTO; remove them.

    The arguments that are not listed here are those of
    :class:`~airflow_synapse.operators.spark_transfer.SparkTransferOperator`.

    What is loaded is what the job's manifest names, with as many rows as it says, or the task fails. A retry goes on
    where the last try was: it waits for the batch that runs, loads what a batch has staged, or returns the result of a
    load that is done. The load itself is that of :class:`~airflow_synapse.operators.copy.SynapseCopyOperator`: each row
    arrives once.

    A table that is missing is made, with the columns of the job; see ``create_table``. Fields of the files go to the
    columns of their names.

    The login of the pool needs the rights of that load, or those to make an external table: CREATE TABLE, ALTER on the
    schema, ALTER ANY EXTERNAL DATA SOURCE, ALTER ANY EXTERNAL FILE FORMAT and ADMINISTER DATABASE BULK OPERATIONS.

    The task returns the fields of :class:`~airflow_synapse.load.result.LoadResult` with ``rows_staged``, ``batch``,
    ``batch_id``, ``application_id`` and ``spark_seconds``.

    :param table: Table of the SQL pool: ``table``, ``schema.table`` or ``database.schema.table``. (templated)
    :param spark_table: What to load: a table that Spark knows, or (templated)
    :param spark_sql: a query of Spark, into which no text is to be rendered that others choose, or (templated)
    :param spark_files: files: one ``abfss://`` URL, or several. (templated)
    :param spark_file_type: What the files are: ``parquet``, ``delta``, ``csv`` or ``json``. (templated)
    :param spark_file_options: Options of Spark's reader, such as ``{"header": "true"}``. (templated)
    :param save_mode: What to do when the table is there: ``errorifexists``, ``append``, ``overwrite`` (readers see the
        old rows, then the new ones, never none) or ``ignore``, which leaves it as it is. Default: ``errorifexists``.
        (templated)
    :param write_disposition: Instead of ``save_mode``: one of
        :data:`~airflow_synapse.load.disposition.WRITE_DISPOSITIONS`. (templated)
    :param slice_predicate: As in SynapseCopyOperator, like the next six. (templated)
    :param partition_values: As there. (templated)
    :param upsert_keys: As there. (templated)
    :param staging_distribution: As there. (templated)
    :param staging_index: As there. (templated)
    :param ledger_table: As there. (templated)
    :param reload: As there. Without it, a task that is cleared and had added its rows does not run Spark again. With it
        and ``errorifexists``, the table that the task had made counts as one that is there: drop it first.
    :param update_statistics: Whether to update the statistics of the table after the load.
    :param create_table: How a table that is missing is made: a mapping with, if wanted, ``distribution``, ``index``,
        ``partition``, ``columns`` and ``string_type``. Default: the pool's, and types by the job's schema, with texts
        as long as those that the job has seen, rounded up to a power of two. (templated)
    :param table_type: ``INTERNAL``, or ``EXTERNAL`` for an external table over the files of the job, which then stay.
        (templated)
    :param data_source: For ``EXTERNAL``: the EXTERNAL DATA SOURCE that ``staging_folder`` is below. (templated)
    :param file_format: For ``EXTERNAL``: an EXTERNAL FILE FORMAT for Parquet. (templated)
    :param location: For ``EXTERNAL``: folder of the table's files, below ``staging_folder``. Default: the parts of the
        table's name. With ``method="connector"``: that of the connector. (templated)
    :param method: ``copy``: what is said above. ``connector``: the job calls ``synapsesql``, the connector in the
        runtime of Synapse, which stages and loads by itself. Then nobody knows how many rows were loaded, and a job
        that died while it wrote is repeated for ``overwrite`` only. Never run but with a stand-in for the connector.
        (templated)
    :param server: For ``connector``: the server of a pool outside of the workspace. (templated)
    :param connector_login: For ``connector``: a SQL login instead of the identity of the batch: ``user``,
        ``key_vault``, ``linked_service`` and, as names of secrets in that Key Vault, ``password`` and
        ``staging_storage_account_key``. It needs ``server``. (templated)
    :param compression: Of the staged files: ``snappy``, ``gzip`` or ``none``. (templated)
    :param file_bytes: Size that staged files should come near to. Source of 256 MB: COPY reference, FAQ.
    :param nested: Arrays, maps and structs: ``json`` makes JSON texts of them, ``refuse`` fails. (templated)
    :param not_a_number: NaN and infinity, which the pool has not: ``null`` or ``refuse``. (templated)
    :param credential: How the pool reads the staged files: one of the classes of :mod:`airflow_synapse.copy`. Default:
        what ``storage_conn_id`` holds.
    :param request_label: OPTION (LABEL = ...) of the COPY. Default: made of the names of the task instance. (templated)
    :param progress_interval: Seconds between two lines in the log that say how far COPY is; None for none.
    """

    template_fields: Sequence[str] = (
        "table",
        "spark_table",
        "spark_sql",
        "spark_files",
        "spark_file_type",
        "spark_file_options",
        "save_mode",
        "write_disposition",
        "slice_predicate",
        "partition_values",
        "upsert_keys",
        "staging_distribution",
        "staging_index",
        "ledger_table",
        "create_table",
        "table_type",
        "data_source",
        "file_format",
        "location",
        "method",
        "server",
        "connector_login",
        "compression",
        "nested",
        "not_a_number",
        "request_label",
        "copy_statement",
        *SparkTransferOperator.template_fields,
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "spark_sql": "sql",
        "spark_files": "json",
        "create_table": "json",
        "spark_conf": "json",
        "copy_statement": "sql",
    }
    #: Lets the rendered fields be stored again after the task has run: ``copy_statement`` is known only then.
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        table: str,
        spark_table: str | None = None,
        spark_sql: str | None = None,
        spark_files: str | Sequence[str] | None = None,
        spark_file_type: str = "parquet",
        spark_file_options: Mapping[str, str] | None = None,
        save_mode: str | None = None,
        write_disposition: str | None = None,
        slice_predicate: str | None = None,
        partition_values: str | Sequence[str] | None = None,
        upsert_keys: str | Sequence[str] | None = None,
        staging_distribution: str | None = None,
        staging_index: str | None = None,
        ledger_table: str | None = None,
        reload: bool = False,
        update_statistics: bool = False,
        create_table: Mapping[str, Any] | None = None,
        table_type: str = "INTERNAL",
        data_source: str | None = None,
        file_format: str | None = None,
        location: str | None = None,
        method: str = "copy",
        server: str | None = None,
        connector_login: Mapping[str, str] | None = None,
        compression: str = "snappy",
        file_bytes: int = 268_435_456,
        nested: str = "refuse",
        not_a_number: str = "refuse",
        credential: StorageCredential | None = None,
        request_label: str | None = None,
        progress_interval: float | None = 30.0,
        **kwargs: Any,  # noqa: ANN401 - the arguments of every operator
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.spark_table = spark_table
        self.spark_sql = spark_sql
        self.spark_files = spark_files
        self.spark_file_type = spark_file_type
        self.spark_file_options = spark_file_options
        self.save_mode = save_mode
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
        self.table_type = table_type
        self.data_source = data_source
        self.file_format = file_format
        self.location = location
        self.method = method
        self.server = server
        self.connector_login = connector_login
        self.compression = compression
        self.file_bytes = file_bytes
        self.nested = nested
        self.not_a_number = not_a_number
        self.credential = credential
        self.request_label = request_label
        self.progress_interval = progress_interval
        #: The COPY without its secrets, once it is known. Shown as a rendered field.
        self.copy_statement: str | None = None

    def execute_loaded(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on when a load is over that the task was deferred for.

        :param event: What the trigger said, with what :attr:`copy_statement` was when the task was deferred.
        :raises AirflowFailException: As :meth:`execute`.
        :raises SynapseError: As :meth:`execute`.
        """
        from airflow_synapse.operators.loading import target_table, task_try_of  # noqa: PLC0415 - slow to import
        from airflow_synapse.operators.spark_loading import SparkLoading  # noqa: PLC0415 - slow to import

        self.copy_statement = event["copy_statement"]
        return self._answering(
            context, lambda: SparkLoading(self, task_try_of(context, target_table(self.table))).finish(context, event)
        )

    def _work(self, context: Context) -> SparkWork:
        from airflow_synapse.operators.loading import target_table, task_try_of  # noqa: PLC0415 - slow to import
        from airflow_synapse.operators.spark_ways import way_of  # noqa: PLC0415 - slow to import

        return way_of(self)(self, task_try_of(context, target_table(self.table)))
