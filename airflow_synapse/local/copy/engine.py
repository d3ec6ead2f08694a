"""Run a COPY statement.

Files flow through in parts: a few ranges are downloaded ahead while the part before is cut into rows, converted and
inserted, so that the size of a file is never a matter of memory. Everything happens in the transaction of the session;
rejected rows are written at the very end, when nothing else can fail.
"""

from __future__ import annotations

from airflow_synapse.local.copy import rules
from airflow_synapse.local.copy.columnar_load import load_columnar
from airflow_synapse.local.copy.columns import plan_columns
from airflow_synapse.local.copy.csv_load import load_csv
from airflow_synapse.local.copy.environment import CopyEnvironment, CopyOutcome
from airflow_synapse.local.copy.errors import invalid_object, invalid_option
from airflow_synapse.local.copy.request import CopyRequest, FileType


def run_copy(request: CopyRequest, environment: CopyEnvironment) -> CopyOutcome:
    """Load the files of ``request`` into its table.

    :raises PoolError: It cannot be done; the session rolls back.
    :raises StatementCancelled: The client cancelled; the session rolls back.
    """
    file_type = _file_type(request, environment)
    if file_type is not FileType.CSV:
        return load_columnar(request, file_type, environment)
    table = environment.find_table(request.target)
    if table is None:
        raise invalid_object(".".join(request.target))
    plan = plan_columns(request, table, request.csv.date_format or environment.date_format)
    return load_csv(request, plan, environment)


def _file_type(request: CopyRequest, environment: CopyEnvironment) -> FileType:
    """Return FILE_TYPE or what the external file format says.

    Assumption: FILE_TYPE beside FILE_FORMAT is accepted if both say the same.
    """
    if request.file_format is None:
        return request.file_type or FileType.CSV
    file_format = environment.external_file_format(request.file_format)
    if file_format is None:
        raise invalid_option("FILE_FORMAT", f"There is no external file format '{request.file_format}'.")
    types = {FileType.PARQUET.value: FileType.PARQUET, FileType.ORC.value: FileType.ORC}
    file_type = types.get(file_format.format_type.upper())
    if file_type is None:
        raise invalid_option("FILE_FORMAT", "It applies to PARQUET and ORC only.")
    if request.file_type not in {None, file_type}:
        raise invalid_option("FILE_FORMAT", f"It says {file_type.value}, and FILE_TYPE says something else.")
    if request.auto_create_table and file_type is not FileType.PARQUET:
        raise invalid_option("AUTO_CREATE_TABLE", "It is available for PARQUET only.")
    rules.check_compression(file_type, request.compression)
    return file_type
