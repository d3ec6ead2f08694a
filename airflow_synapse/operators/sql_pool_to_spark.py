"""Give Spark what a dedicated SQL pool has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_synapse.operators.spark_transfer import SparkTransferOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.spark_exporting import SparkExporting


class SqlPoolToSparkOperator(SparkTransferOperator):
    """Export a table or a query of the SQL pool to Parquet, and let a Spark job write the rows to a table or files.

    The arguments that are not listed here are those of
    :class:`~airflow_synapse.operators.spark_transfer.SparkTransferOperator`.

    The pool exports by CREATE EXTERNAL TABLE AS SELECT to a folder of this batch; the external table is dropped again
    at once. The job writes only if the files hold as many rows as the pool has exported. Afterwards they are removed.

    The login of the pool needs the rights to do so: CREATE TABLE, ALTER and SELECT on the schema, ALTER ANY EXTERNAL
    DATA SOURCE, ALTER ANY EXTERNAL FILE FORMAT and ADMINISTER DATABASE BULK OPERATIONS.

    The task returns ``rows_exported``, ``rows_delivered`` (as many rows as the files hold that Spark has written to the
    target; 0 where ``ignore`` has left it as it was), ``batch``, ``batch_id``, ``application_id``,
    ``spark_seconds`` and ``reused``.

    :param table: What to export: a table or an external table of the SQL pool. Columns of types that Parquet or Spark
        lack become texts, and money becomes decimal. Or (templated)
    :param sql: a SELECT of the SQL pool; render no text into it that others choose. (templated)
    :param data_source: Name of the EXTERNAL DATA SOURCE that ``staging_folder`` is below. (templated)
    :param file_format: Name of an EXTERNAL FILE FORMAT for Parquet. (templated)
    :param spark_table: Where the rows go: a table that Spark knows or makes, or (templated)
    :param spark_files: a folder, as an ``abfss://`` URL. (templated)
    :param spark_file_type: What Spark writes: ``parquet``, ``delta``, ``csv`` or ``json``. (templated)
    :param save_mode: What to do when the target is there: ``errorifexists``, ``append``, ``overwrite`` or ``ignore``.
        Default: ``errorifexists``. A job that dies while it writes is repeated for ``overwrite`` only: otherwise nobody
        can know what it has written, and the task says so. (templated)
    :param reload: Whether a task that is cleared writes its rows again; without it, it returns the result of before,
        unless ``save_mode`` is ``overwrite``.
    """

    template_fields: Sequence[str] = (
        "table",
        "sql",
        "data_source",
        "file_format",
        "spark_table",
        "spark_files",
        "spark_file_type",
        "save_mode",
        *SparkTransferOperator.template_fields,
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "tsql", "spark_conf": "json"}

    def __init__(
        self,
        *,
        table: str | None = None,
        sql: str | None = None,
        data_source: str,
        file_format: str,
        spark_table: str | None = None,
        spark_files: str | None = None,
        spark_file_type: str = "parquet",
        save_mode: str | None = None,
        reload: bool = False,
        **kwargs: Any,  # noqa: ANN401 - the arguments of SparkTransferOperator
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.sql = sql
        self.data_source = data_source
        self.file_format = file_format
        self.spark_table = spark_table
        self.spark_files = spark_files
        self.spark_file_type = spark_file_type
        self.save_mode = save_mode
        self.reload = reload

    def _work(self, context: Context) -> SparkExporting:
        from airflow_synapse.operators.loading import task_try_of  # noqa: PLC0415 - slow to import
        from airflow_synapse.operators.spark_exporting import SparkExporting  # noqa: PLC0415 - slow to import

        return SparkExporting(self, task_try_of(context, str(self.spark_table or self.spark_files)))
