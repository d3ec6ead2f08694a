"""A table to create, as a value, and the only place where CREATE TABLE text is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from airflow_synapse.copy.identifiers import ColumnName, TableName
from airflow_synapse.copy.literals import DefaultValue, code_units, default_literal, is_text
from airflow_synapse.copy.rules import show
from airflow_synapse.schema.catalog import object_id
from airflow_synapse.schema.rules import refuse
from airflow_synapse.schema.sql_types import MAX, SqlType
from airflow_synapse.schema.storage_options import Distribution, Partitioning, TableIndex

_MOST_COLUMNS = 1024
_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDefinition:
    """A column of a table to create.

    :param nullable: None to write nothing: the pool's default is NULL.
    :param default: What INSERT writes where it names no value; a constant. None for no default.
    :param identity: Seed and increment of an identity column.
    :raises CopyOptionError: Rules ``column-name-length``, ``default-*``, ``identity-*``.
    """

    name: ColumnName
    type: SqlType
    nullable: bool | None = None
    default: DefaultValue | None = None
    identity: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        where = f"column {show(self.name.name)}"
        if not 1 <= code_units(self.name.name) <= _LONGEST_NAME:
            raise refuse("column-name-length", option=where)
        if self.default is not None and not _is_constant(self.default):
            raise refuse("default-value", option=where)
        if self.identity is not None:
            if self.default is not None:
                raise refuse("default-identity", option=where)
            if self.type.name not in {"int", "bigint"}:
                raise refuse("identity-type", shown=str(self.type), option=where)
            if self.nullable:
                raise refuse("identity-nullable", option=where)

    def to_sql(self) -> str:
        """Return the column as CREATE TABLE writes it."""
        parts = [str(self.name), str(self.type)]
        if self.identity is not None:
            parts.append("IDENTITY ({:d}, {:d})".format(*self.identity))
        if self.nullable is not None:
            parts.append("NULL" if self.nullable else "NOT NULL")
        if self.default is not None:
            parts.append(f"DEFAULT {default_literal(self.default)}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDefinition:
    """A table to create when it is missing. What is None is not written, and the pool's own default counts.

    A staging table of the same shape is made with ``dataclasses.replace(definition, name=..., index=...)``.

    :param distribution: The pool's default: ROUND_ROBIN.
    :param index: The pool's default: CLUSTERED COLUMNSTORE INDEX.
    :param partition: None for a table without partitions.
    :raises CopyOptionError: A rule of :mod:`airflow_synapse.schema.rules` is broken.
    """

    name: TableName
    columns: tuple[ColumnDefinition, ...]
    distribution: Distribution | None = None
    index: TableIndex | None = None
    partition: Partitioning | None = None

    def __post_init__(self) -> None:
        self._check_columns()
        if self.distribution and self.distribution.column:
            column = self._column(self.distribution.column, "distribution")
            if column.default is not None:
                raise refuse("distribution-default", shown=show(column.name.name))
            if column.identity is not None:
                raise refuse("distribution-identity", shown=show(column.name.name))
        self._check_index(self.index or TableIndex("CLUSTERED COLUMNSTORE INDEX"))
        if self.partition:
            self._column(self.partition.column, "partition")
            if self.name.is_temporary:
                raise refuse("partition-temporary", shown=str(self.name))
            if not all(map(_is_constant, self.partition.values)):
                raise refuse("partition", shown="a value that is no constant")

    def _check_columns(self) -> None:
        if not self.columns:
            raise refuse("column-missing")
        if len(self.columns) > _MOST_COLUMNS:
            raise refuse("column-count", shown=str(len(self.columns)))
        seen: set[str] = set()
        for column in self.columns:
            if column.name.name.casefold() in seen:
                raise refuse("column-duplicate", shown=show(column.name.name))
            seen.add(column.name.name.casefold())
        if sum(column.identity is not None for column in self.columns) > 1:
            raise refuse("identity-count")

    def _check_index(self, index: TableIndex) -> None:
        ordered = [self._column(name, "index") for name in index.columns]
        if index.kind != "CLUSTERED COLUMNSTORE INDEX":
            return
        for column in ordered:
            if column.type.is_text:
                raise refuse("index-order-type", shown=show(column.name.name))
        for column in self.columns:
            if column.type.length == MAX:
                raise refuse("index-max-type", shown=f"{show(column.name.name)} is {column.type}")

    def _column(self, name: ColumnName, option: str) -> ColumnDefinition:
        for column in self.columns:
            if column.name.name.casefold() == name.name.casefold():
                return column
        raise refuse("column-unknown", shown=show(name.name), option=option)

    def to_sql(self) -> str:
        """Return a statement that creates the table unless there is one of its name."""
        return f"IF {object_id(self.name)} IS NULL\n{self.create_sql()}"

    def create_sql(self) -> str:
        """Return a statement that creates the table, and fails where there is one of its name."""
        columns = ",\n".join(f"    {column.to_sql()}" for column in self.columns)
        options = ",\n".join(f"    {option}" for option in self._options())
        return f"CREATE TABLE {self.name.quoted} (\n{columns}\n)" + (f"\nWITH (\n{options}\n)" if options else "")

    def redacted_sql(self) -> str:
        """Return the same: it holds no secret."""
        return self.to_sql()

    def _options(self) -> Iterator[str]:
        for option in (self.distribution, self.index, self.partition):
            if option is not None:
                yield option.to_sql()


def _is_constant(value: DefaultValue) -> bool:
    """Return whether a value can be written as a constant of T-SQL."""
    if isinstance(value, str):
        return is_text(value)
    if isinstance(value, float | Decimal):
        return math.isfinite(value)
    return isinstance(value, int | bytes)
