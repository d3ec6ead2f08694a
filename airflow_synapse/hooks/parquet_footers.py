"""Read the footers of Parquet files in a container: the end of each file, never the rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.load.source_survey import SourceFile
from airflow_synapse.schema.parquet_types import ParquetColumn, ParquetFile

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

#: Bytes of the first request: the footers of most files are within.
_TAIL_BYTES: Final = 64 * 1024
#: What stands behind the footer: its length, in four bytes, and the magic number. Source: Parquet format, file format.
_TRAILER_BYTES: Final = 8
_MAGIC: Final = b"PAR1"
_ENCRYPTED_MAGIC: Final = b"PARE"
#: A footer that is larger is not worth reading for the names and types of its columns.
_LARGEST_FOOTER: Final = 64 * 1024 * 1024
_THREADS: Final = 5


def read_footers(container: ContainerClient, files: Sequence[SourceFile]) -> tuple[ParquetFile, ...]:
    """Return what the footers of some files say, with one request for most files, and two for the others.

    :raises AzureError: A file cannot be read.
    """
    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="parquet-footer") as threads:
        return tuple(threads.map(lambda file: _read_footer(container, file), files))


def _read_footer(container: ContainerClient, file: SourceFile) -> ParquetFile:
    tail = _read_end(container, file, _TAIL_BYTES)
    magic = tail[-len(_MAGIC) :]
    if magic == _ENCRYPTED_MAGIC:
        return ParquetFile(name=file.name, unreadable="its footer is encrypted")
    if len(tail) < _TRAILER_BYTES or magic != _MAGIC:
        return ParquetFile(name=file.name, unreadable="it does not end with PAR1")
    length = int.from_bytes(tail[-_TRAILER_BYTES : -len(_MAGIC)], "little")
    whole = length + _TRAILER_BYTES
    if whole > min(file.size, _LARGEST_FOOTER):
        return ParquetFile(name=file.name, unreadable=f"its footer claims {length:,} bytes")
    if whole > len(tail):
        tail = _read_end(container, file, whole)
    return parse_footer(file.name, tail[-whole:])


def _read_end(container: ContainerClient, file: SourceFile, length: int) -> bytes:
    if file.size == 0:
        return b""  # a range of nothing is an error
    offset = max(0, file.size - length)
    return container.download_blob(file.name, offset=offset, length=file.size - offset).readall()


def parse_footer(name: str, footer: bytes) -> ParquetFile:
    """Return what a footer says.

    :param footer: The last bytes of a file: footer, length, magic number.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415 - slow to import

    try:
        # Arrow looks at the end only, but wants the beginning of a file.
        metadata = parquet.read_metadata(pa.BufferReader(_MAGIC + footer))
        columns = _top_columns(metadata.schema)
    except (pa.ArrowException, OSError) as error:
        return ParquetFile(name=name, unreadable=str(error).partition("\n")[0])
    return ParquetFile(name=name, columns=columns, rows=metadata.num_rows)


def _top_columns(schema: Any) -> tuple[ParquetColumn, ...]:  # noqa: ANN401 - pyarrow ships no type information
    """Return the columns at the top of a schema, whose leaves Arrow lists in a row."""
    columns = []
    position = 0
    for field in schema.to_arrow_schema():
        leaf = schema.column(position)
        group = _group(field.type)
        if group:
            columns.append(ParquetColumn(name=field.name, logical=group))
        else:
            logical = json.loads(leaf.logical_type.to_json())
            columns.append(ParquetColumn.of_leaf(field.name, leaf.physical_type, leaf.length, logical))
        position += _leaves(field.type)
    return tuple(columns)


def _group(kind: Any) -> str:  # noqa: ANN401 - pyarrow ships no type information
    from pyarrow import types  # noqa: PLC0415 - slow to import

    kind = getattr(kind, "storage_type", kind)
    if types.is_map(kind):
        return "MAP"
    if types.is_struct(kind):
        return "STRUCT"
    return "LIST" if types.is_nested(kind) else ""


def _leaves(kind: Any) -> int:  # noqa: ANN401 - pyarrow ships no type information
    """Return how many leaves of the Parquet schema an Arrow type stands for."""
    from pyarrow import types  # noqa: PLC0415 - slow to import

    kind = getattr(kind, "storage_type", kind)
    if types.is_map(kind):
        return _leaves(kind.key_type) + _leaves(kind.item_type)
    if types.is_struct(kind):
        return sum(_leaves(field.type) for field in kind)
    return _leaves(kind.value_type) if types.is_nested(kind) else 1
