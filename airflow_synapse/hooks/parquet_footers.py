"""Read the footers of Parquet files in a container: the end of each file, never the rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from airflow_synapse.load.source_survey import SourceFile
from airflow_synapse.schema.parquet_footer import parse_footer
from airflow_synapse.schema.parquet_types import ParquetFile

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
    return parse_footer(file.name, tail[-whole:-_TRAILER_BYTES])


def _read_end(container: ContainerClient, file: SourceFile, length: int) -> bytes:
    if file.size == 0:
        return b""  # a range of nothing is an error
    offset = max(0, file.size - length)
    return container.download_blob(file.name, offset=offset, length=file.size - offset).readall()
