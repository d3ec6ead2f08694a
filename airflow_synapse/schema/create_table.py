"""Read the operator's ``create_table`` argument, whose texts templating has rendered, and make a table of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Literal, cast

from airflow_synapse.copy.identifiers import ColumnName, TableName
from airflow_synapse.copy.literals import DefaultValue
from airflow_synapse.copy.rules import show
from airflow_synapse.schema.parquet_types import DEFAULT_STRING_TYPE, ParquetFile
from airflow_synapse.schema.rules import refuse
from airflow_synapse.schema.sql_types import SqlType
from airflow_synapse.schema.storage_options import Distribution, Partitioning, TableIndex
from airflow_synapse.schema.table import ColumnDefinition, TableDefinition

_OPTIONS: Final = frozenset({"columns", "distribution", "index", "partition", "string_type"})
_COLUMN_FIELDS: Final = frozenset({"name", "type", "nullable", "default", "identity"})
_PARTITION_FIELDS: Final = frozenset({"column", "values", "range"})
_NULLABILITY: Final = re.compile(r"(.*?)\s+(NOT\s+)?NULL\s*", re.IGNORECASE | re.DOTALL)
_SWITCHES: Final[Mapping[object, bool]] = {"ON": True, "TRUE": True, "OFF": False, "FALSE": False}


def needs_files(create_table: Mapping[str, object]) -> bool:
    """Return whether the columns are to be taken from the footers of Parquet files.

    :raises CopyOptionError: Rule ``table-entry``.
    """
    if not isinstance(create_table, Mapping):
        raise refuse("table-entry", shown=f"it is a {type(create_table).__name__}, and no mapping")
    return create_table.get("columns") is None


def check_ahead(table: TableName, create_table: Mapping[str, object]) -> None:
    """Check what :func:`build_table` will be given, as far as that goes before there are files.

    :raises CopyOptionError: As :func:`build_table`.
    """
    if needs_files(create_table):
        _storage(create_table)
        _string_type(create_table)
    else:
        build_table(table, create_table)


def build_table(
    table: TableName, create_table: Mapping[str, object], files: Sequence[ParquetFile] = ()
) -> TableDefinition:
    """Return the table that ``create_table`` describes.

    :param create_table: A mapping with these entries, all optional:
        ``columns``: a mapping of names to types such as ``{"origin": "char(3) NOT NULL"}``, or a list of mappings with
        ``name``, ``type`` and, if wanted, ``nullable``, ``default`` and ``identity`` (True, or seed and increment);
        default: the columns of the files.
        ``distribution``: ``ROUND_ROBIN``, ``REPLICATE`` or ``HASH(column)``.
        ``index``: ``CLUSTERED COLUMNSTORE INDEX``, that with ``ORDER (columns)``, ``HEAP`` or
        ``CLUSTERED INDEX (columns)``.
        ``partition``: a mapping with ``column``, ``values`` and, if wanted, ``range`` (``LEFT`` or ``RIGHT``).
        ``string_type``: type of the texts of the files; default: nvarchar(4000).
    :param files: The footers that were read; used where no columns are listed.
    :raises CopyOptionError: It cannot be read, or a rule of :mod:`airflow_synapse.schema.rules` is broken.
    """
    from_files = needs_files(create_table)
    distribution, index, partition = _storage(create_table)
    return TableDefinition(
        name=table,
        columns=_columns_of_files(files, _string_type(create_table))
        if from_files
        else _columns(create_table["columns"]),
        distribution=distribution,
        index=index,
        partition=partition,
    )


def _storage(
    create_table: Mapping[str, object],
) -> tuple[Distribution | None, TableIndex | None, Partitioning | None]:
    """Return how the table is stored; an entry that it cannot have is refused, too."""
    for entry in create_table.keys() - _OPTIONS:
        raise refuse("table-option", shown=show(str(entry)))
    distribution, index = _text(create_table, "distribution"), _text(create_table, "index")
    return (
        Distribution.parse(distribution) if distribution else None,
        TableIndex.parse(index) if index else None,
        _partition(create_table.get("partition")),
    )


def _string_type(create_table: Mapping[str, object]) -> SqlType:
    text = _text(create_table, "string_type")
    return SqlType.parse(text, option="string_type") if text else DEFAULT_STRING_TYPE


def _columns_of_files(files: Sequence[ParquetFile], text: SqlType) -> tuple[ColumnDefinition, ...]:
    """Return the columns of the files. NULL is allowed in all: a footer speaks for one file only.

    :param text: Type of their texts.
    """
    readable = [file for file in files if not file.unreadable]
    for file in readable[1:]:
        if file.columns != readable[0].columns:
            raise refuse("parquet-files-differ", shown=f"{show(readable[0].name)} and {show(file.name)}")
    definitions = []
    for column in readable[0].columns if readable else ():
        found = column.sql_type(text)
        if found is None:
            raise refuse("parquet-type", shown=f"{show(column.name)} is {column}")
        definitions.append(ColumnDefinition(name=ColumnName(column.name), type=found))
    return tuple(definitions)


def _columns(value: object) -> tuple[ColumnDefinition, ...]:
    if isinstance(value, Mapping):
        return tuple(_column({"name": name, "type": text}) for name, text in value.items())
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise refuse("table-entry", shown="columns")
    return tuple(map(_column, value))


def _column(fields: object) -> ColumnDefinition:
    if not isinstance(fields, Mapping) or fields.keys() - _COLUMN_FIELDS:
        raise refuse("column-entry", shown=show(", ".join(map(str, fields))) if isinstance(fields, Mapping) else "")
    name, text = fields.get("name"), fields.get("type")
    if not isinstance(name, str) or not isinstance(text, str):
        raise refuse("column-entry", shown="name and type must be texts")
    where = f"column {show(name)}"
    nullable = _switch(fields.get("nullable"), where)
    if match := _NULLABILITY.fullmatch(text):
        if nullable is not None:
            raise refuse("column-entry", shown="nullable is in its type too", option=where)
        text, nullable = match[1], not match[2]
    return ColumnDefinition(
        name=ColumnName.parse(name, option=where),
        type=SqlType.parse(text, option=f"type of {where}"),
        nullable=nullable,
        default=_constant(fields.get("default"), "default-value", where),
        identity=_identity(fields.get("identity"), where),
    )


def _switch(value: object, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    found = _SWITCHES.get(str(value).upper())
    if found is None:
        raise refuse("column-entry", shown="nullable is neither true nor false", option=where)
    return found


def _constant(value: object, code: str, where: str) -> DefaultValue | None:
    """Return the value; a date, or date and time, as ISO 8601 writes it."""
    if isinstance(value, date):
        return value.isoformat()
    if value is not None and not isinstance(value, DefaultValue):
        raise refuse(code, shown=f"a {type(value).__name__}", option=where)
    return value


def _identity(value: object, where: str) -> tuple[int, int] | None:
    """Read True, or seed and increment; numbers may be texts."""
    if value is None or value is False:
        return None
    if value is True:
        return 1, 1
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        try:
            seed, increment = (int(str(number)) for number in value)
        except ValueError:
            increment = 0
        if increment:
            return seed, increment
    raise refuse("column-entry", shown="identity is neither true nor [seed, increment]", option=where)


def _partition(value: object) -> Partitioning | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or value.keys() - _PARTITION_FIELDS:
        raise refuse("partition")
    column, values, side = value.get("column"), value.get("values"), value.get("range")
    if not isinstance(column, str) or isinstance(values, str) or not isinstance(values, Sequence):
        raise refuse("partition")
    if side is not None and str(side).upper() not in {"LEFT", "RIGHT"}:
        raise refuse("partition", shown=f"range {show(str(side))}")
    boundaries = [_constant(boundary, "partition", "partition") for boundary in values]
    if any(boundary is None for boundary in boundaries):
        raise refuse("partition", shown="a value is NULL")
    return Partitioning(
        column=ColumnName.parse(column, option="partition"),
        values=cast(tuple[DefaultValue, ...], tuple(boundaries)),
        side=cast(Literal["LEFT", "RIGHT"], str(side).upper()) if side is not None else None,
    )


def _text(create_table: Mapping[str, object], entry: str) -> str | None:
    value = create_table.get(entry)
    if value is not None and not isinstance(value, str):
        raise refuse("table-entry", shown=f"{entry} is a {type(value).__name__}")
    return value
