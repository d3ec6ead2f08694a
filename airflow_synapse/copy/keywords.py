"""The options of COPY: what each is called in T-SQL and in Python, where it applies, what the pool does without it.

Source: COPY reference 2026-05, Syntax and Arguments; its 2022 edition has the same fifteen options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

FileType = Literal["CSV", "PARQUET", "ORC"]
Compression = Literal["GZIP", "Snappy", "DefaultCodec", "NONE"]
DateFormat = Literal["mdy", "dmy", "ymd", "ydm", "myd", "dym"]
Encoding = Literal["UTF8", "UTF16"]
Endpoint = Literal["blob", "dfs"]

FILE_TYPES: Final[tuple[FileType, ...]] = get_args(FileType)
COMPRESSIONS: Final[tuple[Compression, ...]] = get_args(Compression)
DATE_FORMATS: Final[tuple[DateFormat, ...]] = get_args(DateFormat)
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)

#: Largest value of the whole numbers in a COPY statement. Source: SqlScriptDOM reads them as 32-bit integers.
LARGEST_INTEGER: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOption:
    """One option.

    :param keyword: Its T-SQL keyword.
    :param argument: Its keyword argument in :func:`airflow_synapse.copy.build_statement`.
    :param values: What it takes, in words.
    :param without: What the pool does when it is left out.
    :param file_types: The file types that it applies to.
    """

    keyword: str
    argument: str
    values: str
    without: str
    file_types: tuple[FileType, ...] = FILE_TYPES


_CSV: Final[tuple[FileType, ...]] = ("CSV",)

#: In the order of the reference's syntax.
OPTIONS: Final = (
    CopyOption(keyword="FILE_TYPE", argument="file_type", values="'CSV', 'PARQUET' or 'ORC'", without="'CSV'"),
    CopyOption(
        keyword="FILE_FORMAT",
        argument="file_format",
        values="name of an external file format object",
        without="FILE_TYPE and COMPRESSION count",
        file_types=("PARQUET", "ORC"),
    ),
    CopyOption(
        keyword="CREDENTIAL",
        argument="credential",
        values="a storage credential",
        without="the login's own Entra identity, or public access",
    ),
    CopyOption(
        keyword="ERRORFILE",
        argument="error_file",
        values="a directory: '/path' inside the source's container, or a whole URL",
        without="rejected rows are not written anywhere",
        file_types=_CSV,
    ),
    CopyOption(
        keyword="ERRORFILE_CREDENTIAL",
        argument="error_file_credential",
        values="a storage credential, but no account key",
        without="CREDENTIAL, for a directory inside the source's container",
        file_types=_CSV,
    ),
    CopyOption(
        keyword="MAXERRORS", argument="max_errors", values=f"a whole number, 0 to {LARGEST_INTEGER}", without="0"
    ),
    CopyOption(
        keyword="COMPRESSION",
        argument="compression",
        values="CSV: 'GZIP'; Parquet: 'GZIP', 'Snappy'; ORC: 'DefaultCodec', 'Snappy'; any: 'NONE'",
        without="found by the extension: .gz, .snappy, .deflate",
    ),
    CopyOption(
        keyword="FIELDQUOTE",
        argument="field_quote",
        values="one character, its hexadecimal form, or '' for none",
        without="'\"'",
        file_types=_CSV,
    ),
    CopyOption(
        keyword="FIELDTERMINATOR",
        argument="field_terminator",
        values="one or more characters, or their hexadecimal form",
        without="','",
        file_types=_CSV,
    ),
    CopyOption(
        keyword="ROWTERMINATOR",
        argument="row_terminator",
        values="one or more characters, or their hexadecimal form; '0x0A' or a real newline for a line feed alone",
        without="carriage return and line feed",
        file_types=_CSV,
    ),
    CopyOption(
        keyword="FIRSTROW",
        argument="first_row",
        values=f"a whole number, 1 to {LARGEST_INTEGER}; 2 skips a header line of each file",
        without="1",
        file_types=_CSV,
    ),
    CopyOption(
        keyword="DATEFORMAT",
        argument="date_format",
        values=", ".join(f"'{name}'" for name in DATE_FORMATS),
        without="the session's, which is 'mdy'",
        file_types=_CSV,
    ),
    CopyOption(keyword="ENCODING", argument="encoding", values="'UTF8' or 'UTF16'", without="'UTF8'", file_types=_CSV),
    CopyOption(
        keyword="IDENTITY_INSERT", argument="identity_insert", values="'ON' or 'OFF', True or False", without="'OFF'"
    ),
    CopyOption(
        keyword="AUTO_CREATE_TABLE",
        argument="auto_create_table",
        values="'ON' or 'OFF', True or False",
        without="'OFF'",
        file_types=("PARQUET",),
    ),
)
