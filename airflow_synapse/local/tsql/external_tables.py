"""Run CREATE EXTERNAL TABLE, CREATE EXTERNAL TABLE AS SELECT and DROP EXTERNAL TABLE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

from airflow_synapse.local.catalog.external_objects import DataSource, ExternalStorage, FileFormat
from airflow_synapse.local.catalog.model import Column, Table
from airflow_synapse.local.catalog.requests import Request, Worker
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.definitions import (
    create_in_duckdb,
    declared_columns,
    drop_in_duckdb,
    new_table,
    selected_columns,
    stored_query,
    wrong_drop,
)
from airflow_synapse.local.tsql.external_scan import external_files
from airflow_synapse.local.tsql.external_statements import (
    CreateExternalTable,
    CreateExternalTableAsSelect,
    DropExternalTable,
    ExternalTableOptions,
)
from airflow_synapse.local.tsql.query_binder import BoundColumn, BoundQuery
from airflow_synapse.local.tsql.reader import not_supported, refused
from airflow_synapse.local.tsql.results import run_query
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import Name, TableIndex, TableOptions

#: Rows of a batch on its way to a file.
_BATCH_ROWS: Final = 2**17


def create(state: SessionState, statement: CreateExternalTable) -> None:
    """Run CREATE EXTERNAL TABLE. Its files are looked for, and not read.

    Source: T-SQL reference, CREATE EXTERNAL DATA SOURCE: an external table validates the data source.

    :raises PoolError: 2714, the name is taken; 105002, there is no such path; 105019, the storage refuses.
    """
    columns = declared_columns(state, statement.columns)
    for column in columns:
        if column.type.name == "uniqueidentifier":
            raise not_supported(f"A uniqueidentifier column of an external table ('{column.name}')")
    table, source, file_format = _table(state, statement.name, columns, statement.options)
    external_files(state.database, source, file_format, statement.options.location).list()
    with state.writing(table, defining=True) as cursor:
        create_in_duckdb(state, cursor, table)


def create_as_select(state: SessionState, request: Request, statement: CreateExternalTableAsSelect) -> int:
    """Run CREATE EXTERNAL TABLE AS SELECT and return the number of rows.

    If it fails or is cancelled, the files that were written are removed, trying once. ORDER BY is accepted: it has no
    effect on the table. Source: its reference, Error handling and Arguments.

    :raises PoolError: 2714, the name is taken; 105019, the storage refuses.
    """
    from airflow_synapse.local.copy.storage import open_container  # noqa: PLC0415 - it needs storage libraries
    from airflow_synapse.local.external.export import ParquetExport, check_types, file_name  # noqa: PLC0415 - as well

    bound = state.bind(statement.query)
    columns = selected_columns(bound, statement.column_names)
    check_types(columns)
    table, source, file_format = _table(state, statement.name, columns, statement.options)
    if not source.hadoop:
        raise refused("CREATE EXTERNAL TABLE AS SELECT to a native data source", "Create it with TYPE = HADOOP.")
    files = external_files(state.database, source, file_format, statement.options.location)
    sql = stored_query(bound, columns)
    parameters = state.take_parameters(sql)
    query = BoundQuery(sql, tuple(BoundColumn(column.name, column.type, column.nullable) for column in columns))
    worker = Worker("EXTERNAL_WRITER")
    request.workers.append(worker)
    with files.errors():
        container = open_container(files.location, files.credential, files.storage)
        export = ParquetExport(
            container,
            files.location.path.rstrip("/") + "/" if files.location.path else "",
            file_name(request.request_id, request.submitted),
            file_format,
            state.cancelled,
        )
        try:
            with state.writing(table, defining=True) as cursor:
                create_in_duckdb(state, cursor, table)
                worker.rows = export.write(columns, run_query(cursor, query, parameters, rows=_BATCH_ROWS).batches)
                worker.bytes = export.bytes
        except BaseException:
            export.remove()
            raise
    return worker.rows


def drop(state: SessionState, statement: DropExternalTable) -> None:
    """Run DROP EXTERNAL TABLE; the files stay.

    :raises PoolError: 3701, there is no such table; 3705, it is not external.
    """
    table = state.find_table(statement.name)
    if table is None:
        what = ".".join(part for part in statement.name if part)
        message = f"Cannot drop the external table '{what}', because it does not exist or you do not have permission."
        raise PoolError(3701, message, severity=11)
    if table.external is None:
        raise wrong_drop("DROP EXTERNAL TABLE", table, "DROP TABLE")
    drop_in_duckdb(state, table)


def _table(
    state: SessionState, name: Name, columns: Sequence[Column], options: ExternalTableOptions
) -> tuple[Table, DataSource, FileFormat]:
    """Return the table with its data source and file format.

    :raises PoolError: 2714, the name is taken; 15151, there is no such data source or file format.
    """
    table = new_table(state, name, columns, TableOptions(index=TableIndex("HEAP")))
    source = state.database.catalog.find_named(DataSource, options.data_source)
    if source is None:
        raise _unknown("data source", options.data_source)
    file_format = state.database.catalog.find_named(FileFormat, options.file_format)
    if file_format is None:
        raise _unknown("file format", options.file_format)
    given = {key: value for key, value in asdict(options).items() if key not in {"data_source", "file_format"}}
    storage = ExternalStorage(data_source_id=source.object_id, file_format_id=file_format.object_id, **given)
    return replace(table, external=storage), source, file_format


def _unknown(what: str, name: str) -> PoolError:
    """Assumption: An external table on an unknown data source or file format is refused with number 15151."""
    return PoolError(15151, f"Cannot find the external {what} '{name}', because it does not exist.")
