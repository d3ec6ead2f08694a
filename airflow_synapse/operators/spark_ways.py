"""The ways from a Spark pool to a SQL pool. Only running tasks import this: it is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.operators.spark_connecting import ConnectorWork
from airflow_synapse.operators.spark_external import ExternalTableWork
from airflow_synapse.operators.spark_loading import SparkLoading
from airflow_synapse.transfer.arguments import one_of

if TYPE_CHECKING:
    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator

_METHODS: Final = ("copy", "connector")
_TABLE_TYPES: Final = ("internal", "external")
#: What an argument is that nobody has given; the text is the default of ``compression``.
_LEFT_OUT: Final = (None, False, "", "snappy")
#: Arguments of a load by COPY into a table, which nothing else takes.
_OF_COPY: Final = (
    "slice_predicate",
    "partition_values",
    "upsert_keys",
    "staging_distribution",
    "staging_index",
    "ledger_table",
    "update_statistics",
    "credential",
    "request_label",
)


def way_of(task: SparkToSqlPoolOperator) -> type[SparkLoading | ExternalTableWork | ConnectorWork]:
    """Return the way that the arguments of an operator describe.

    :raises TransferOptionError: There is no such way, or it has not all of these arguments.
    """
    is_external = one_of(task.table_type, _TABLE_TYPES, "table_type") == "external"
    if one_of(task.method, _METHODS, "method") == "connector":
        names = ("write_disposition", *_OF_COPY, "create_table", "compression")
        _refuse(task, names, "method='copy'. The connector has a save_mode only")
        return ConnectorWork
    _refuse(task, ("server", "connector_login"), "method='connector'. Otherwise synapse_conn_id says which pool it is")
    if is_external:
        _refuse(task, _OF_COPY, "table_type='INTERNAL'")
        return ExternalTableWork
    _refuse(task, ("data_source", "file_format", "location"), "table_type='EXTERNAL'")
    return SparkLoading


def _refuse(task: SparkToSqlPoolOperator, names: tuple[str, ...], belong_to: str) -> None:
    if given := [name for name in names if getattr(task, name) not in _LEFT_OUT]:
        raise TransferOptionError(f"{', '.join(given)}: for {belong_to}.")
