"""Write a result as Parquet files, for CREATE EXTERNAL TABLE AS SELECT.

One file after the other is filled on disk and uploaded, so that the size of a result is never a matter of memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Event
from typing import IO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from azure.storage.blob import ContainerClient

from airflow_synapse.local.catalog.external_objects import FileFormat
from airflow_synapse.local.catalog.model import Column
from airflow_synapse.local.copy.storage import storage_errors
from airflow_synapse.local.copy.tsql_values import arrow_type
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.external.locations import access_failed
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES
from airflow_synapse.local.tsql.reader import not_supported, refused

#: Source: T-SQL reference, CREATE EXTERNAL TABLE AS SELECT, Supported data types: all that the pool has but this one.
_REFUSED_TYPES: Final = frozenset({"uniqueidentifier"})
#: Source: sql-docs relational-databases/polybase/polybase-type-mapping.
#: Assumption: CETAS writes the time of day as TIME(MILLIS) and an instant with an offset as INT96 in UTC.
_WRITTEN_TYPES: Final = {"money": pa.float64(), "smallmoney": pa.float64(), "time": pa.time32("ms")}
#: Source: T-SQL reference, CREATE EXTERNAL FILE FORMAT, DATA_COMPRESSION of PARQUET; without it nothing is compressed.
#: Assumption: The files of CETAS end with .parq, .parq.snappy or .parq.gz.
_CODECS: Final = {
    None: ("none", ".parq"),
    "org.apache.hadoop.io.compress.snappycodec": ("snappy", ".parq.snappy"),
    "org.apache.hadoop.io.compress.gzipcodec": ("gzip", ".parq.gz"),
}
#: Source: T-SQL reference, CREATE EXTERNAL TABLE AS SELECT, Limitations: no LOB of more than 1 MB.
_LARGEST_VALUE: Final = 2**20
#: Assumption: CETAS in the local pool begins a new file when the one before has 64 MB, and writes one file without rows
#: for an empty result.
FILE_BYTES: Final = 64 * 2**20


class ParquetExport:
    """Writes the files of one CETAS.

    :param folder: Path in the container, with a slash at its end.
    :param name: What every file name begins with.
    :param cancelled: Ends the writing.
    """

    def __init__(
        self, container: ContainerClient, folder: str, name: str, file_format: FileFormat, cancelled: Event
    ) -> None:
        self._container = container
        self._prefix = folder + name
        self._codec, self._extension = _codec(file_format)
        self._cancelled = cancelled
        self._written: list[str] = []
        self.bytes = 0

    def write(self, columns: Sequence[Column], batches: Iterable[pa.RecordBatch], file_bytes: int = FILE_BYTES) -> int:
        """Write the rows and return their number.

        :raises PoolError: A value is too large, or the storage refuses.
        :raises StatementCancelled: The client cancelled.
        """
        schema = pa.schema([pa.field(column.name, _written_type(column), column.nullable) for column in columns])
        rows = 0
        file: _File | None = None
        try:
            for batch in batches:
                if self._cancelled.is_set():
                    raise StatementCancelled
                _check_sizes(columns, batch)
                file = file or _File(schema, self._codec)
                file.write(batch)
                rows += batch.num_rows
                if file.size >= file_bytes:
                    self._upload(file)
                    file = None
            if file is not None or not self._written:
                file = file or _File(schema, self._codec)
                self._upload(file)
        finally:
            if file is not None:
                file.close()
        return rows

    def _upload(self, file: _File) -> None:
        """Source: T-SQL reference, CREATE EXTERNAL TABLE AS SELECT: QueryID_date_time_ID.format."""
        name = f"{self._prefix}_{len(self._written)}{self._extension}"
        self._written.append(name)
        content = file.finished()
        self.bytes += file.size
        with storage_errors():
            self._container.upload_blob(name, content, length=file.size)
        file.close()

    def remove(self) -> None:
        """Remove what was written, trying once.

        Source: T-SQL reference, CREATE EXTERNAL TABLE AS SELECT, Error handling.
        """
        for name in self._written:
            with suppress(PoolError), storage_errors():
                self._container.delete_blob(name)


class _File:
    """A Parquet file on disk."""

    def __init__(self, schema: pa.Schema, codec: str) -> None:
        self._content: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self._schema = schema
        # Source: polybase-type-mapping: dates with time are Hive timestamps; in Parquet those are INT96, the type that
        # designing ELT maps to datetime2.
        self._writer = pq.ParquetWriter(self._content, schema, compression=codec, use_deprecated_int96_timestamps=True)
        self.size = 0

    def write(self, batch: pa.RecordBatch) -> None:
        arrays = [array.cast(field.type, safe=False) for array, field in zip(batch.columns, self._schema, strict=True)]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self.size = self._content.tell()

    def finished(self) -> IO[bytes]:
        """End the file and return it from its beginning."""
        self._writer.close()
        self.size = self._content.seek(0, 2)
        self._content.seek(0)
        return self._content

    def close(self) -> None:
        self._content.close()


def check_types(columns: Iterable[Column]) -> None:
    """Refuse a type that CETAS does not write.

    :raises PoolError: A column has one.
    """
    for column in columns:
        if column.type.name in _REFUSED_TYPES:
            raise refused(f"CREATE EXTERNAL TABLE AS SELECT of {column.type.name} (column '{column.name}')", "Cast it.")


def file_name(request_id: str, submitted: datetime) -> str:
    """Return what the names of the files of a CETAS begin with, such as ``QID776_20160130_182739``."""
    return f"{request_id}_{submitted:%Y%m%d_%H%M%S}"


def _codec(file_format: FileFormat) -> tuple[str, str]:
    options = dict(file_format.options)
    if options["FORMAT_TYPE"].upper() != "PARQUET":
        raise not_supported(f"CREATE EXTERNAL TABLE AS SELECT to {options['FORMAT_TYPE'].upper()} (only to PARQUET)")
    compression = options.get("DATA_COMPRESSION")
    found = _CODECS.get(None if compression is None else compression.lower())
    if found is None:
        raise refused(f"DATA_COMPRESSION '{compression}' of a PARQUET file format")
    return found


def _written_type(column: Column) -> pa.DataType:
    return _WRITTEN_TYPES.get(column.type.name) or arrow_type(column.type)


def _check_sizes(columns: Sequence[Column], batch: pa.RecordBatch) -> None:
    for column, values in zip(columns, batch.columns, strict=True):
        if column.type.name in CHARACTER_TYPES | BINARY_TYPES:
            largest = pc.max(pc.binary_length(values)).as_py() or 0
            if largest > _LARGEST_VALUE:
                raise access_failed(f"a value of column '{column.name}' has {largest} bytes; 1 MB is allowed.")
