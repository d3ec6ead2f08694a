"""The COPY statement of a dedicated SQL pool as a value.

Build a :class:`CopyStatement` from typed parts, or from plain arguments with :func:`build_statement`. Both check every
rule of :mod:`airflow_synapse.copy.rules` before anything connects. Nothing here imports Airflow, Azure or a driver.

A name is imported from its module when it is first asked for: a DAG file that needs a credential does not pay for the
rules and the renderer.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from airflow_synapse.copy.file_options import (
        CsvOptions,
        ExternalFileFormat,
        FileOptions,
        OrcOptions,
        ParquetOptions,
    )
    from airflow_synapse.copy.identifiers import ColumnName, TableName
    from airflow_synapse.copy.location import ExternalLocation
    from airflow_synapse.copy.options import build_statement
    from airflow_synapse.copy.rules import check_identity_column
    from airflow_synapse.copy.statement import CopyStatement

#: Where each public name is defined.
_MODULES = {
    "ColumnName": "identifiers",
    "CopyColumn": "columns",
    "CopyStatement": "statement",
    "CsvOptions": "file_options",
    "EntraPassthrough": "credentials",
    "ErrorFile": "error_output",
    "ExternalFileFormat": "file_options",
    "ExternalLocation": "location",
    "FileOptions": "file_options",
    "ManagedIdentity": "credentials",
    "OrcOptions": "file_options",
    "ParquetOptions": "file_options",
    "PublicAccess": "credentials",
    "ServicePrincipal": "credentials",
    "SharedAccessSignature": "credentials",
    "StorageAccountKey": "credentials",
    "StorageCredential": "credentials",
    "TableName": "identifiers",
    "build_statement": "options",
    "check_identity_column": "rules",
}

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


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each public name has its own type, above
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
