"""What the files are: one class for each file type, holding just the options that apply to it.

An option that is None is not written, and the pool's own default counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from airflow_synapse.copy.keywords import Compression, DateFormat, Encoding, FileType


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    r"""Delimited text.

    :param field_quote: FIELDQUOTE: the character around fields, or its form ``0x22``; empty for none. Default: ``"``.
    :param field_terminator: FIELDTERMINATOR: what ends a field. Default: a comma.
    :param row_terminator: ROWTERMINATOR: what ends a row. Default: carriage return and line feed. How Python's
        ``"\n"``, ``"\\n"`` and ``"0x0A"`` are written: see :func:`airflow_synapse.copy.literals.delimiter_text`.
    :param first_row: FIRSTROW: number of the first row that is read in each file. Default: 1.
    :param date_format: DATEFORMAT: order of day, month and year. Default: the session's, ``mdy``.
    :param encoding: ENCODING. Default: UTF8.
    :param compression: COMPRESSION: GZIP or NONE. Default: by the extension of each file.
    """

    file_type: ClassVar[FileType] = "CSV"
    compressions: ClassVar[tuple[Compression, ...]] = ("GZIP", "NONE")

    field_quote: str | None = None
    field_terminator: str | None = None
    row_terminator: str | None = None
    first_row: int | None = None
    date_format: DateFormat | None = None
    encoding: Encoding | None = None
    compression: Literal["GZIP", "NONE"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetOptions:
    """Parquet files.

    :param compression: COMPRESSION: GZIP, Snappy or NONE. Default: by the extension of each file.
    """

    file_type: ClassVar[FileType] = "PARQUET"
    compressions: ClassVar[tuple[Compression, ...]] = ("GZIP", "Snappy", "NONE")

    compression: Literal["GZIP", "Snappy", "NONE"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrcOptions:
    """ORC files.

    :param compression: COMPRESSION: DefaultCodec, Snappy or NONE. Default: by the extension; ORC's own is Zlib.
    """

    file_type: ClassVar[FileType] = "ORC"
    compressions: ClassVar[tuple[Compression, ...]] = ("DefaultCodec", "Snappy", "NONE")

    compression: Literal["DefaultCodec", "Snappy", "NONE"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFileFormat:
    """An external file format object of the database: it holds the file type and the compression.

    :param name: Name of the object. It is not qualified by a schema.
    :param file_type: What the object holds, when known: it lets the rules check more. It is never written, because no
        document shows FILE_TYPE beside FILE_FORMAT.
    """

    compressions: ClassVar[tuple[Compression, ...]] = ()
    compression: ClassVar[None] = None

    name: str
    file_type: Literal["PARQUET", "ORC"] | None = None


FileOptions = CsvOptions | ParquetOptions | OrcOptions | ExternalFileFormat
