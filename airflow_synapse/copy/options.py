"""Build a statement from plain arguments, named after the T-SQL keywords.

Templating renders every field to text, so numbers and switches are read from text here; Python values work too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, cast

from airflow_synapse.copy.columns import CopyColumn
from airflow_synapse.copy.credentials import EntraPassthrough, StorageCredential
from airflow_synapse.copy.error_output import ErrorFile
from airflow_synapse.copy.file_options import (
    CsvOptions,
    ExternalFileFormat,
    FileOptions,
    OrcOptions,
    ParquetOptions,
)
from airflow_synapse.copy.identifiers import ColumnName, TableName, read_name
from airflow_synapse.copy.keywords import COMPRESSIONS, DATE_FORMATS, ENCODINGS, FILE_TYPES, OPTIONS, FileType
from airflow_synapse.copy.literals import DefaultValue
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import read_text, refuse, show
from airflow_synapse.copy.statement import CopyStatement

Choice = TypeVar("Choice", bound=str)
ColumnEntry = str | ColumnName | CopyColumn | Mapping[str, object]

_DIGITS: Final = re.compile(r"\s*([0-9]+)\s*")
#: ON and OFF in any case, and what templates make of Python's values.
_SWITCHES: Final[Mapping[object, bool]] = {"ON": True, "OFF": False, "True": True, "False": False}
_FABRIC_OPTIONS: Final = frozenset({"PARSERVERSION", "MATCHCOLUMNCOUNT"})
_FILE_OPTIONS: Final[Mapping[FileType, type[ParquetOptions | OrcOptions]]] = {
    "PARQUET": ParquetOptions,
    "ORC": OrcOptions,
}


def build_statement(
    *,
    table: str | TableName,
    external_locations: str | ExternalLocation | Sequence[str | ExternalLocation],
    file_type: str | None = None,
    file_format: str | None = None,
    credential: StorageCredential | None = None,
    error_file: str | None = None,
    error_file_credential: StorageCredential | None = None,
    max_errors: str | int | None = None,
    compression: str | None = None,
    field_quote: str | None = None,
    field_terminator: str | None = None,
    row_terminator: str | None = None,
    first_row: str | int | None = None,
    date_format: str | None = None,
    encoding: str | None = None,
    identity_insert: str | bool | None = None,
    auto_create_table: str | bool | None = None,
    columns: Sequence[ColumnEntry] | None = None,
    label: str | None = None,
    **unknown: object,
) -> CopyStatement:
    """Return the statement that the arguments describe. An argument that is None is not written.

    The options are described at :data:`airflow_synapse.copy.keywords.OPTIONS`. Values of fixed lists are read without
    regard to case; whole numbers may be text; switches take ON, OFF, True and False.

    :param table: ``table``, ``schema.table`` or ``database.schema.table``; parts may stand in brackets.
    :param external_locations: One URL or several, all in one container.
    :param file_format: Name of an external file format. With it, ``file_type`` is not written, but says what it holds.
    :param columns: Names, or mappings with ``name`` and, if wanted, ``default`` and ``field_number``. A default that is
        a text is written as a text.
    :param unknown: Refused by name, with the reason where the option exists elsewhere.
    :raises CopyOptionError: A value cannot be read, or a rule is broken.
    """
    _refuse_unknown(unknown)
    kind = _file_type(file_type)
    csv_arguments: dict[str, object] = {
        "field_quote": _text("FIELDQUOTE", field_quote),
        "field_terminator": _text("FIELDTERMINATOR", field_terminator),
        "row_terminator": _text("ROWTERMINATOR", row_terminator),
        "first_row": _whole_number("FIRSTROW", first_row),
        "date_format": _choice("date-format", date_format, DATE_FORMATS),
        "encoding": _choice("encoding", encoding, ENCODINGS),
    }
    csv_only = {**csv_arguments, "error_file": error_file, "error_file_credential": error_file_credential}
    return CopyStatement(
        target=table if isinstance(table, TableName) else TableName.parse(table),
        external_locations=_locations(external_locations),
        file_options=_file_options(kind, file_format, compression, csv_arguments, csv_only),
        credential=_credential("CREDENTIAL", credential) or EntraPassthrough(),
        columns=_columns(columns),
        error_file=_error_file(error_file, error_file_credential),
        max_errors=_whole_number("MAXERRORS", max_errors),
        identity_insert=read_switch("IDENTITY_INSERT", identity_insert),
        auto_create_table=read_switch("AUTO_CREATE_TABLE", auto_create_table),
        label=_text("LABEL", label),
    )


def _refuse_unknown(unknown: Mapping[str, object]) -> None:
    for name in unknown:
        keyword = name.replace("_", "").upper()
        if keyword in _FABRIC_OPTIONS:
            raise refuse("fabric-option", option=name.upper())
        if keyword == "MAXDOP":
            raise refuse("max-degree-hint")
        same = [option.argument for option in OPTIONS if option.keyword.replace("_", "") == keyword]
        raise refuse("unknown-option", shown=show(name) + (f", which is written {same[0]}" if same else ""))


def _file_type(value: str | None) -> FileType | None:
    if isinstance(value, str) and value.upper() == "JSONL":
        raise refuse("fabric-file-type")
    return _choice("file-type", value, FILE_TYPES)


def _file_options(
    file_type: FileType | None,
    file_format: str | None,
    compression: str | None,
    csv_arguments: Mapping[str, object],
    csv_only: Mapping[str, object],
) -> FileOptions | None:
    """Return the options object of the file type; the options of another type are refused by name."""
    compression = _choice("compression", compression, COMPRESSIONS)
    if file_format is None and file_type in {None, "CSV"}:
        arguments = {**csv_arguments, "compression": compression}
        if file_type is None and all(value is None for value in arguments.values()):
            return None
        return CsvOptions(**arguments)  # type: ignore[arg-type]  # each value was read above, and the rules check it
    for option in OPTIONS:
        if csv_only.get(option.argument) is not None and file_type != "CSV":
            raise refuse("option-file-type", shown=file_type or "FILE_FORMAT", option=option.keyword)
    if file_format is None:
        return _FILE_OPTIONS[cast(FileType, file_type)](compression=compression)  # type: ignore[arg-type]  # a rule checks it
    if compression is not None:
        raise refuse("file-format-compression")
    parts = read_name(file_format, "FILE_FORMAT")
    if len(parts) > 1:
        raise refuse("name-syntax", shown=show(file_format), option="FILE_FORMAT")
    return ExternalFileFormat(name=parts[0], file_type=file_type)  # type: ignore[arg-type]  # a rule refuses CSV


def _locations(value: object) -> tuple[ExternalLocation, ...]:
    entries = [value] if isinstance(value, str | ExternalLocation) or not isinstance(value, Sequence) else value
    return tuple(
        entry if isinstance(entry, ExternalLocation) else ExternalLocation.parse(read_text(entry, "FROM"))
        for entry in entries
    )


def _credential(keyword: str, value: object) -> StorageCredential | None:
    if value is not None and not isinstance(value, StorageCredential):
        raise refuse("credential-kind", option=keyword)  # nothing of the value is shown: it may be the secret itself
    return value


def _error_file(directory: object, credential: object) -> ErrorFile | None:
    own = _credential("ERRORFILE_CREDENTIAL", credential)
    if directory is not None:
        return ErrorFile(directory=read_text(directory, "ERRORFILE"), credential=own)
    if own is not None:
        raise refuse("error-file-missing")
    return None


def _columns(entries: object) -> tuple[CopyColumn, ...]:
    if entries is None:
        return ()
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise refuse("column-entry", shown="the list itself must be a list")
    return tuple(map(_column, entries))


def _column(entry: object) -> CopyColumn:
    if isinstance(entry, CopyColumn):
        return entry
    fields = entry if isinstance(entry, Mapping) else {"name": entry}
    name, default, number = fields.get("name"), fields.get("default"), fields.get("field_number")
    if set(fields) - {"name", "default", "field_number"} or not isinstance(name, str | ColumnName):
        raise refuse("column-entry", shown=show(", ".join(map(str, fields))))
    if isinstance(number, str) and number.startswith("$"):
        raise refuse("fabric-json-path", shown=show(number))
    if default is not None and not isinstance(default, DefaultValue):
        raise refuse("default-value", shown=f"a {type(default).__name__} for {show(str(name))}")
    return CopyColumn(
        name=name if isinstance(name, ColumnName) else ColumnName.parse(name),
        default=default,
        field_number=_whole_number("column list", number),
    )


def _text(keyword: str, value: object) -> str | None:
    return None if value is None else read_text(value, keyword)


def _whole_number(keyword: str, value: object) -> int | None:
    """Read digits; ``int`` would also take 1_000, digits of other scripts, and True."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    match = _DIGITS.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[1]) > 20:
        raise refuse("whole-number", shown=show(str(value)), option=keyword)
    return int(match[1])


def read_switch(keyword: str, value: object) -> bool | None:
    """Read ON, OFF, True or False, also as text; None stays None.

    :raises CopyOptionError: Rule ``on-off``.
    """
    if value is None or isinstance(value, bool):
        return value
    switch = _SWITCHES.get(value, _SWITCHES.get(value.upper())) if isinstance(value, str) else None
    if switch is None:
        raise refuse("on-off", shown=show(str(value)), option=keyword)
    return switch


def _choice(code: str, value: object, choices: tuple[Choice, ...]) -> Choice | None:
    """Return the choice that ``value`` names, whatever its case.

    :param code: The rule that a value outside of the list breaks.
    """
    if value is None:
        return None
    for choice in choices:
        if isinstance(value, str) and value.upper() == choice.upper():
            return choice
    raise refuse(code, shown=show(str(value)))
