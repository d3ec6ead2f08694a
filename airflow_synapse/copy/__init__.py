"""The COPY statement of a dedicated SQL pool as a value.

Build a :class:`CopyStatement` from typed parts, or from plain arguments with :func:`build_statement`. Both check every
rule of :mod:`airflow_synapse.copy.rules` before anything connects. Nothing here imports Airflow, Azure or a driver.
"""

from airflow_synapse.copy.columns import CopyColumn
from airflow_synapse.copy.credentials import (
    EntraPassthrough,
    ManagedIdentity,
    PublicAccess,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
    StorageCredential,
)
from airflow_synapse.copy.error_output import ErrorFile
from airflow_synapse.copy.file_options import CsvOptions, ExternalFileFormat, FileOptions, OrcOptions, ParquetOptions
from airflow_synapse.copy.identifiers import ColumnName, TableName
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.options import build_statement
from airflow_synapse.copy.rules import check_identity_column
from airflow_synapse.copy.statement import CopyStatement

__all__ = [
    "ColumnName",
    "CopyColumn",
    "CopyStatement",
    "CsvOptions",
    "EntraPassthrough",
    "ErrorFile",
    "ExternalFileFormat",
    "ExternalLocation",
    "FileOptions",
    "ManagedIdentity",
    "OrcOptions",
    "ParquetOptions",
    "PublicAccess",
    "ServicePrincipal",
    "SharedAccessSignature",
    "StorageAccountKey",
    "StorageCredential",
    "TableName",
    "build_statement",
    "check_identity_column",
]
