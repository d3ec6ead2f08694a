"""Load Parquet and ORC files."""

from __future__ import annotations

import pyarrow as pa

from airflow_synapse.local.copy.ahead import run_ahead
from airflow_synapse.local.copy.columnar_files import ColumnarFile, open_columnar_file
from airflow_synapse.local.copy.columnar_values import convert_column
from airflow_synapse.local.copy.columns import LoadPlan, plan_columns
from airflow_synapse.local.copy.download import Downloader
from airflow_synapse.local.copy.environment import CopyEnvironment, CopyOutcome, TargetColumn, TargetTable
from airflow_synapse.local.copy.errors import copy_failed, invalid_object
from airflow_synapse.local.copy.insertion import Insertion
from airflow_synapse.local.copy.request import CopyRequest, FileType
from airflow_synapse.local.copy.storage import SourceFile, list_source_files, open_container
from airflow_synapse.local.copy.tsql_values import arrow_type


def load_columnar(request: CopyRequest, file_type: FileType, environment: CopyEnvironment) -> CopyOutcome:
    """Load the files of ``request``, into a new table if AUTO_CREATE_TABLE says so and there is none.

    :raises PoolError: It cannot be done.
    :raises StatementCancelled: The client cancelled.
    """
    source = open_container(request.locations[0], request.credential, environment.storage)
    files = list_source_files(source, request.locations)
    bytes_read = 0
    with Downloader(source, environment.cancelled) as downloader:
        insertion: Insertion | None = None
        for source_file in files:
            file = open_columnar_file(file_type, downloader, source_file)
            if insertion is None:
                plan = plan_columns(request, _target(request, environment, file), environment.date_format)
                insertion = Insertion(plan, environment)
            _check_columns(plan, file, source_file, discovery=request.auto_create_table)
            for rows in run_ahead(_converted(rows, plan, source_file) for rows in file.tables()):
                insertion.add(rows)
                environment.progress(insertion.rows, bytes_read)
            bytes_read += source_file.size
            environment.progress(insertion.rows, bytes_read)
        if insertion is not None:
            insertion.flush()
            environment.progress(insertion.rows, bytes_read)
    return CopyOutcome(insertion.rows if insertion else 0, 0, bytes_read, len(files))


def _target(request: CopyRequest, environment: CopyEnvironment, first_file: ColumnarFile) -> TargetTable:
    table = environment.find_table(request.target)
    if table is not None:
        return table
    if not request.auto_create_table:
        raise invalid_object(".".join(request.target))
    columns = [TargetColumn(column.name, column.type) for column in first_file.columns]
    return environment.create_table(request.target, columns)


def _check_columns(plan: LoadPlan, file: ColumnarFile, source_file: SourceFile, *, discovery: bool) -> None:
    """Compare the columns of a file with those of the table, by position.

    Assumption: A Parquet or ORC file whose number of columns is not that of the table fails the load; with a column
    list it needs as many as the highest field number.
    """
    needed, found = max(plan.field_numbers), len(file.columns)
    if found < needed or (found > needed and not plan.has_list):
        raise copy_failed(f"file '{source_file.name}' has {found} columns, {needed} are expected.")
    for column in plan.columns:
        if column.field_number is not None:
            file.columns[column.field_number - 1].check_fits(column.target, discovery=discovery)


def _converted(rows: pa.Table, plan: LoadPlan, source_file: SourceFile) -> pa.Table:
    arrays = []
    for column in plan.columns:
        if column.field_number is None:
            values = pa.chunked_array([pa.nulls(rows.num_rows, arrow_type(column.target.type))])
        else:
            values = rows.column(column.field_number - 1)
        arrays.append(convert_column(values, column, source_file.name))
    return pa.table(arrays, names=[column.target.name for column in plan.columns])
