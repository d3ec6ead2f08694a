"""Read Parquet and ORC files from storage, a bounded number of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from airflow_synapse.local.copy.download import BlobFile, Downloader
from airflow_synapse.local.copy.errors import copy_failed
from airflow_synapse.local.copy.request import FileType
from airflow_synapse.local.copy.source_columns import SourceColumn, orc_columns, parquet_columns
from airflow_synapse.local.copy.storage import SourceFile

_BATCH_ROWS: Final = 2**18
#: As Arrow names them. Source: COPY reference 2026-05, COMPRESSION; the DefaultCodec of ORC is zlib.
_CODECS: Final = {FileType.PARQUET: {"GZIP", "SNAPPY"}, FileType.ORC: {"ZLIB", "SNAPPY"}}


class ColumnarFile(Protocol):
    """A file that stores columns."""

    columns: list[SourceColumn]

    def tables(self) -> Iterator[pa.Table]:
        """Yield its rows, in order."""


def open_columnar_file(file_type: FileType, downloader: Downloader, file: SourceFile) -> ColumnarFile:
    """Open a file and read what columns it has.

    :raises PoolError: It is not a file of that type.
    """
    with _invalid_file(file_type, file):
        return _ParquetFile(downloader, file) if file_type is FileType.PARQUET else _OrcFile(downloader, file)


@contextmanager
def _invalid_file(file_type: FileType, file: SourceFile) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if not isinstance(error, pa.ArrowException) and type(error) is not OSError:
            raise
        raise copy_failed(f"file '{file.name}' is not a valid {file_type.value} file.") from None


def _check_codecs(file_type: FileType, file: SourceFile, codecs: set[str]) -> None:
    """Assumption: A Parquet or ORC file with a codec that COMPRESSION cannot name fails the load."""
    for codec in sorted(codecs - _CODECS[file_type] - {"UNCOMPRESSED"}):
        supported = " and ".join(sorted(_CODECS[file_type]))
        raise copy_failed(f"file '{file.name}' is compressed with {codec}; {file_type.value} supports {supported}.")


class _ParquetFile:
    """Fetches a row group in parallel while the one before is worked on."""

    def __init__(self, downloader: Downloader, file: SourceFile) -> None:
        self._downloader = downloader
        self._file = file
        self._blob = BlobFile(downloader, file)
        # Arrow's own buffers for what it reads ahead live as long as the file; ours hold one row group.
        self._parquet = pq.ParquetFile(
            pa.PythonFile(self._blob, "r"), coerce_int96_timestamp_unit="us", pre_buffer=False
        )
        groups = map(self._parquet.metadata.row_group, range(self._parquet.num_row_groups))
        codecs = {group.column(number).compression for group in groups for number in range(group.num_columns)}
        _check_codecs(FileType.PARQUET, file, codecs)
        self.columns = parquet_columns(self._parquet)

    def tables(self) -> Iterator[pa.Table]:
        with ThreadPoolExecutor(1) as ahead, _invalid_file(FileType.PARQUET, self._file):
            groups = range(self._parquet.num_row_groups)
            windows = {group: self._extent(group) for group in groups}
            fetched = self._fetch(ahead, windows.get(0))
            for group in groups:
                self._blob.use(windows[group][0], fetched.result())
                fetched = self._fetch(ahead, windows.get(group + 1))
                for batch in self._parquet.iter_batches(_BATCH_ROWS, row_groups=[group]):
                    yield pa.Table.from_batches([batch])

    def _fetch(self, ahead: ThreadPoolExecutor, extent: tuple[int, int] | None) -> Future[bytes]:
        start, end = extent or (0, 0)
        return ahead.submit(self._downloader.read_range, self._file, start, end)

    def _extent(self, group: int) -> tuple[int, int]:
        metadata = self._parquet.metadata.row_group(group)
        chunks = [metadata.column(number) for number in range(metadata.num_columns)]
        starts = [
            min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset) for chunk in chunks
        ]
        ends = [start + chunk.total_compressed_size for start, chunk in zip(starts, chunks, strict=True)]
        return min(starts), max(ends)


class _OrcFile:
    def __init__(self, downloader: Downloader, file: SourceFile) -> None:
        self._file = file
        self._orc = orc.ORCFile(pa.PythonFile(BlobFile(downloader, file), "r"))
        _check_codecs(FileType.ORC, file, {self._orc.compression})
        self.columns = orc_columns(self._orc.schema)

    def tables(self) -> Iterator[pa.Table]:
        with _invalid_file(FileType.ORC, self._file):
            for stripe in range(self._orc.nstripes):
                rows = pa.Table.from_batches([self._orc.read_stripe(stripe)])
                for start in range(0, rows.num_rows, _BATCH_ROWS):
                    yield rows.slice(start, _BATCH_ROWS)
