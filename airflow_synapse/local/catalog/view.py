"""What a system view is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from airflow_synapse.local.catalog.catalog import Catalog
from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.requests import RequestLog
from airflow_synapse.local.sql_types import SqlType

INT: Final = SqlType("int")
BIGINT: Final = SqlType("bigint")
SMALLINT: Final = SqlType("smallint")
TINYINT: Final = SqlType("tinyint")
BIT: Final = SqlType("bit")
DATETIME: Final = SqlType("datetime")
SYSNAME: Final = SqlType("nvarchar", 128)


def nvarchar(length: int) -> SqlType:
    """Return nvarchar of that length."""
    return SqlType("nvarchar", length)


@dataclass(frozen=True, slots=True)
class ViewContext:
    """What views and catalog procedures are made of.

    :param row_counts: Returns the number of rows of a table by partition number.
    """

    database: str
    catalog: Catalog
    requests: RequestLog
    row_counts: Callable[[Table], dict[int, int]]
    temporary_tables: tuple[Table, ...] = ()

    def tables(self) -> list[Table]:
        """Return every table that the session sees, its temporary ones last."""
        return [*self.catalog.tables(), *self.temporary_tables]

    def stored_tables(self) -> list[Table]:
        """Return the tables whose rows are in the pool: no external ones."""
        return [table for table in self.tables() if table.external is None]

    def schema_id(self, table: Table) -> int:
        """Return the id of the table's schema."""
        numbers = {name.lower(): number for number, name in self.catalog.schemas()}
        return numbers.get(table.schema.lower(), 1)


Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class SystemView:
    """A view: names and types of its columns, and what makes its rows."""

    columns: tuple[tuple[str, SqlType], ...]
    make: Callable[[ViewContext], Iterable[Row]]

    def rows(self, context: ViewContext) -> list[Row]:
        """Return the rows of the view now."""
        return list(self.make(context))


def empty(*columns: tuple[str, SqlType]) -> SystemView:
    """Return a view that has no rows here: what it lists does not exist in the local pool."""
    return SystemView(columns, lambda _: ())
