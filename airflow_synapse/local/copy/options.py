"""The fifteen options of COPY, each with the form of its value and what the documents allow.

Source: COPY reference 2026-05; ScriptDOM's CopyIdentifierOrValueOptionsHelper for lengths and hexadecimal notation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from airflow_synapse.local.copy.errors import invalid_option
from airflow_synapse.local.copy.request import Compression, CsvFormat, FileType


class OptionForm(Enum):
    """How the value is written."""

    STRING = auto()
    NUMBER = auto()
    NAME = auto()
    CREDENTIAL = auto()


OPTIONS: Final[Mapping[str, OptionForm]] = {
    "FILE_TYPE": OptionForm.STRING,
    "FILE_FORMAT": OptionForm.NAME,
    "CREDENTIAL": OptionForm.CREDENTIAL,
    "ERRORFILE": OptionForm.STRING,
    "ERRORFILE_CREDENTIAL": OptionForm.CREDENTIAL,
    "MAXERRORS": OptionForm.NUMBER,
    "COMPRESSION": OptionForm.STRING,
    "FIELDQUOTE": OptionForm.STRING,
    "FIELDTERMINATOR": OptionForm.STRING,
    "ROWTERMINATOR": OptionForm.STRING,
    "FIRSTROW": OptionForm.NUMBER,
    "DATEFORMAT": OptionForm.STRING,
    "ENCODING": OptionForm.STRING,
    "IDENTITY_INSERT": OptionForm.STRING,
    "AUTO_CREATE_TABLE": OptionForm.STRING,
}
#: Source: COPY reference 2026-05, the Fabric version of the page.
FABRIC_ONLY: Final = frozenset({"PARSER_VERSION", "MATCH_COLUMN_COUNT"})
CSV_ONLY: Final = (
    "ERRORFILE",
    "ERRORFILE_CREDENTIAL",
    "FIELDQUOTE",
    "FIELDTERMINATOR",
    "ROWTERMINATOR",
    "FIRSTROW",
    "DATEFORMAT",
    "ENCODING",
)

_DATE_FORMATS: Final = ("mdy", "dmy", "ymd", "ydm", "myd", "dym")
_MAX_TERMINATOR_LENGTH: Final = 4000
_HEXADECIMAL: Final = re.compile(r"0[xX]([0-9a-fA-F]+)")
_HEXADECIMAL_QUOTE: Final = re.compile(r"0[xX]([0-9a-fA-F]{1,2})")
_ESCAPES: Final = {"t": "\t", "r": "\r", "0": "\0", "\\": "\\"}


def file_type(value: str) -> FileType:
    """Read FILE_TYPE, in any case."""
    try:
        return FileType(value.upper())
    except ValueError:
        fabric = " JSONL exists in Microsoft Fabric only." if value.upper() == "JSONL" else ""
        raise invalid_option("FILE_TYPE", f"It is 'CSV', 'PARQUET' or 'ORC'.{fabric}") from None


def compression(value: str) -> Compression:
    """Read COMPRESSION, in any case."""
    try:
        return Compression(value.upper())
    except ValueError:
        raise invalid_option("COMPRESSION", "It is 'Gzip', 'DefaultCodec', 'Snappy' or 'None'.") from None


def switch(option: str, value: str) -> bool:
    """Read IDENTITY_INSERT or AUTO_CREATE_TABLE."""
    if value.upper() not in {"ON", "OFF"}:
        raise invalid_option(option, "It is 'ON' or 'OFF'.")
    return value.upper() == "ON"


def csv_format(options: Mapping[str, object]) -> CsvFormat:
    """Read the options that shape a CSV file, with the documented defaults."""
    encoding = _encoding(str(options.get("ENCODING", "UTF8")))
    single_byte = encoding == "UTF8"
    first_row = options.get("FIRSTROW", 1)
    if not isinstance(first_row, int) or first_row < 1:
        raise invalid_option("FIRSTROW", "Rows are counted from 1.")
    quote = _quote(str(options.get("FIELDQUOTE", '"')), ascii_only=single_byte)
    field = _field_terminator(str(options.get("FIELDTERMINATOR", ",")), ascii_only=single_byte)
    rows = _row_terminators(options.get("ROWTERMINATOR"), ascii_only=single_byte)
    if field in rows or quote in {field, *rows}:
        # Assumption: A FIELDTERMINATOR, ROWTERMINATOR and FIELDQUOTE of which two are equal are refused.
        raise invalid_option("FIELDTERMINATOR", "Two of FIELDTERMINATOR, ROWTERMINATOR and FIELDQUOTE are equal.")
    return CsvFormat(quote, field, rows, first_row, _date_format(options.get("DATEFORMAT")), encoding)


def _encoding(value: str) -> str:
    if value.upper() not in {"UTF8", "UTF16"}:
        raise invalid_option("ENCODING", "It is 'UTF8' or 'UTF16'.")
    return value.upper()


def _date_format(value: object) -> str | None:
    if value is None:
        return None
    if str(value).lower() not in _DATE_FORMATS:
        raise invalid_option("DATEFORMAT", "It is one of 'mdy', 'dmy', 'ymd', 'ydm', 'myd' and 'dym'.")
    return str(value).lower()


def _quote(value: str, *, ascii_only: bool) -> str:
    """Read a single character, in hexadecimal too; empty for none (Source: the COPY tutorial)."""
    hexadecimal = _HEXADECIMAL_QUOTE.fullmatch(value)
    quote = chr(int(hexadecimal[1], 16)) if hexadecimal else value
    if len(quote) > 1:
        raise invalid_option("FIELDQUOTE", "It is a single character, which can be given in hexadecimal notation.")
    return _checked_characters("FIELDQUOTE", quote, ascii_only=ascii_only)


def _field_terminator(value: str, *, ascii_only: bool) -> str:
    return _terminator("FIELDTERMINATOR", value, line_feed="\n", ascii_only=ascii_only)


def _row_terminators(value: object, *, ascii_only: bool) -> tuple[str, ...]:
    r"""Without ROWTERMINATOR, rows end with CRLF or LF.

    The documented default is ``\r\n``, but a lab of the service's vendor loads files of LF lines without naming one.
    """
    if value is None:
        return ("\r\n", "\n")
    return (_terminator("ROWTERMINATOR", str(value), line_feed="\r\n", ascii_only=ascii_only),)


def _terminator(option: str, value: str, *, line_feed: str, ascii_only: bool) -> str:
    r"""Read a terminator: characters, BULK INSERT's escapes or hexadecimal notation.

    Source: COPY reference, ROWTERMINATOR: ``\n`` means ``\r\n`` there, and one ``0x`` stands before all characters.
    Assumption: Terminators know the escapes of BULK INSERT: ``\t``, ``\r``, ``\n``, ``\0`` and ``\\``.
    """
    if not value or len(value) > _MAX_TERMINATOR_LENGTH:
        raise invalid_option(option, f"It has 1 to {_MAX_TERMINATOR_LENGTH} characters.")
    if value[:2].lower() == "0x":
        text = _hexadecimal(option, value)
    else:
        escapes = {**_ESCAPES, "n": line_feed}
        text = re.sub(r"\\([tnr0\\])", lambda match: escapes[match[1]], value.replace("\n", line_feed))
    return _checked_characters(option, text, ascii_only=ascii_only)


def _hexadecimal(option: str, value: str) -> str:
    match = _HEXADECIMAL.fullmatch(value)
    if match is None:
        raise invalid_option(option, "In hexadecimal notation, 0x stands once, before pairs of hexadecimal digits.")
    digits = match[1]
    # Assumption: An odd number of hexadecimal digits is read with a leading zero.
    return bytes.fromhex("0" * (len(digits) % 2) + digits).decode("latin-1")


def _checked_characters(option: str, text: str, *, ascii_only: bool) -> str:
    if ascii_only and not text.isascii():
        raise invalid_option(option, "Extended ASCII and multi-byte characters are not supported with UTF-8.")
    return text
