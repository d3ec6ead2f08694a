"""Which options go together.

Source: COPY reference 2026-05, where no other is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airflow_synapse.local.copy import options as read
from airflow_synapse.local.copy.errors import copy_failed, invalid_option
from airflow_synapse.local.copy.locations import read_error_file, read_location
from airflow_synapse.local.copy.request import (
    DEFAULT_MAX_ERRORS,
    Compression,
    CopyRequest,
    Credential,
    ErrorFile,
    FileType,
    ListedColumn,
    Location,
    ManagedIdentity,
    SharedAccessSignature,
    StorageAccountKey,
)

_MAX_LABEL_LENGTH: Final = 255
_COMPRESSIONS: Final = {
    FileType.CSV: {Compression.GZIP, Compression.NONE},
    FileType.PARQUET: {Compression.GZIP, Compression.SNAPPY, Compression.NONE},
    FileType.ORC: {Compression.DEFAULT_CODEC, Compression.SNAPPY, Compression.NONE},
}


def build_request(
    target: tuple[str, ...],
    columns: tuple[ListedColumn, ...],
    urls: tuple[str, ...],
    options: Mapping[str, object],
    label: str | None,
) -> CopyRequest:
    """Return the request that the parts of the statement make.

    :param options: Values by name, as the grammar read them.
    :raises PoolError: A value is not allowed, or two options do not go together.
    """
    locations = _same_container([read_location(url) for url in urls])
    file_type = _file_type(options)
    credential = _credential(options, "CREDENTIAL")
    max_errors = options.get("MAXERRORS", DEFAULT_MAX_ERRORS)
    auto_create_table = _switch(options, "AUTO_CREATE_TABLE")
    compression = read.compression(str(options["COMPRESSION"])) if "COMPRESSION" in options else None
    _check_file_type(file_type, options, compression)
    _check_endpoint(file_type, credential, locations)
    if auto_create_table:
        _check_auto_create_table(file_type, columns, options)
    if label is not None and len(label) > _MAX_LABEL_LENGTH:
        raise copy_failed(f"a label has at most {_MAX_LABEL_LENGTH} characters.")
    return CopyRequest(
        target=target,
        locations=locations,
        columns=_distinct(columns),
        file_type=file_type,
        file_format=str(options["FILE_FORMAT"]) if "FILE_FORMAT" in options else None,
        credential=credential,
        error_file=_error_file(options, locations[0], credential),
        max_errors=int(str(max_errors)),
        compression=compression,
        csv=read.csv_format(options),
        identity_insert=_switch(options, "IDENTITY_INSERT"),
        auto_create_table=auto_create_table,
        label=label,
    )


def check_compression(file_type: FileType, compression: Compression | None) -> None:
    """Refuse a compression that the file type does not support.

    :raises PoolError: It does not.
    """
    if compression is not None and compression not in _COMPRESSIONS[file_type]:
        allowed = ", ".join(sorted(member.name for member in _COMPRESSIONS[file_type]))
        raise invalid_option("COMPRESSION", f"{file_type.value} supports {allowed}.")


def _same_container(locations: list[Location]) -> tuple[Location, ...]:
    if len({(location.account, location.container) for location in locations}) > 1:
        raise invalid_option("FROM", "All locations are in the same storage account and container.")
    return tuple(locations)


def _file_type(options: Mapping[str, object]) -> FileType | None:
    """FILE_FORMAT alone leaves the type to the object; without both it is CSV."""
    if "FILE_TYPE" in options:
        return read.file_type(str(options["FILE_TYPE"]))
    return None if "FILE_FORMAT" in options else FileType.CSV


def _check_file_type(
    file_type: FileType | None, options: Mapping[str, object], compression: Compression | None
) -> None:
    if file_type is FileType.CSV:
        if "FILE_FORMAT" in options:
            raise invalid_option("FILE_FORMAT", "It applies to PARQUET and ORC only.")
    else:
        misplaced = [name for name in read.CSV_ONLY if name in options]
        if misplaced:
            raise invalid_option(misplaced[0], "It applies to CSV only.")
    if file_type is not None:
        check_compression(file_type, compression)


def _check_endpoint(file_type: FileType | None, credential: Credential | None, locations: tuple[Location, ...]) -> None:
    """Parquet and ORC: a SAS needs the blob endpoint, a managed identity the dfs endpoint."""
    if file_type is FileType.CSV:
        return
    endpoints = {location.endpoint for location in locations}
    if isinstance(credential, SharedAccessSignature) and endpoints != {"blob"}:
        raise invalid_option("CREDENTIAL", "For PARQUET and ORC, a shared access signature needs the .blob endpoint.")
    if isinstance(credential, ManagedIdentity) and endpoints != {"dfs"}:
        raise invalid_option("CREDENTIAL", "For PARQUET and ORC, a managed identity needs the .dfs endpoint.")


def _check_auto_create_table(
    file_type: FileType | None, columns: tuple[ListedColumn, ...], options: Mapping[str, object]
) -> None:
    if file_type not in {FileType.PARQUET, None}:
        raise invalid_option("AUTO_CREATE_TABLE", "It is available for PARQUET only.")
    if columns:
        raise invalid_option("AUTO_CREATE_TABLE", "A column list cannot be given with it.")
    if "MAXERRORS" in options:
        raise invalid_option("AUTO_CREATE_TABLE", "MAXERRORS cannot be given with it.")


def _error_file(options: Mapping[str, object], source: Location, credential: Credential | None) -> ErrorFile | None:
    """Pair ERRORFILE with ERRORFILE_CREDENTIAL if it is a full path, with CREDENTIAL if it is relative."""
    own = _credential(options, "ERRORFILE_CREDENTIAL")
    if isinstance(own, StorageAccountKey):
        raise invalid_option("ERRORFILE_CREDENTIAL", "A storage account key is not supported.")
    if "ERRORFILE" not in options:
        if own is not None:
            # Assumption: ERRORFILE_CREDENTIAL without ERRORFILE is refused.
            raise invalid_option("ERRORFILE_CREDENTIAL", "There is no ERRORFILE.")
        return None
    value = str(options["ERRORFILE"])
    if "://" in value:
        # Assumption: A full ERRORFILE path without ERRORFILE_CREDENTIAL is opened with the identity of the login.
        return ErrorFile(read_error_file(value, source), own)
    if isinstance(credential, StorageAccountKey):
        raise invalid_option(
            "ERRORFILE", "CREDENTIAL opens this path, and a storage account key is not supported there."
        )
    return ErrorFile(read_error_file(value, source), credential)


def _distinct(columns: tuple[ListedColumn, ...]) -> tuple[ListedColumn, ...]:
    names = [column.name.casefold() for column in columns]
    if len(set(names)) < len(names):
        raise copy_failed("a column is named twice in the column list.")
    return columns


def _credential(options: Mapping[str, object], name: str) -> Credential | None:
    return options.get(name)  # type: ignore[return-value]  # the grammar put nothing else there


def _switch(options: Mapping[str, object], name: str) -> bool:
    return name in options and read.switch(name, str(options[name]))
