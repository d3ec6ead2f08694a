"""Names that a query can see."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.typed import Typed, quote_name


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a table, a view or a query. ``type`` is None when it only holds the literal NULL."""

    name: str
    type: SqlType | None
    nullable: bool = True
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Something in a FROM clause, with the name that its columns are qualified by."""

    alias: str
    columns: tuple[SourceColumn, ...]

    def column(self, name: str) -> SourceColumn | None:
        """Return the column of that name; case does not matter."""
        folded = name.lower()
        return next((column for column in self.columns if column.name.lower() == folded), None)

    def typed(self, column: SourceColumn) -> Typed:
        """Return the column as an expression."""
        sql = f"{quote_name(self.alias)}.{quote_name(column.name)}"
        return Typed(sql, column.type, nullable=column.nullable, identity=column.identity)


@dataclass(slots=True)
class Scope:
    """The sources of one SELECT, and those of the queries around it."""

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None

    def add(self, source: Source) -> None:
        """Add a source.

        :raises PoolError: 1013, there is one of that name already.
        """
        if any(known.alias.lower() == source.alias.lower() for known in self.sources):
            raise PoolError(1013, f"The objects '{source.alias}' in the FROM clause have the same exposed names.")
        self.sources.append(source)

    def column(self, name: str, qualifier: str | None) -> Typed:
        """Return the column as an expression.

        :raises PoolError: 4104, the qualifier is unknown; 207, the column is unknown; 209, several sources have it.
        """
        found = self._find(name, qualifier)
        if len(found) > 1:
            raise PoolError(209, f"Ambiguous column name '{name}'.")
        if found:
            source, column = found[0]
            return source.typed(column)
        if self.outer is not None:
            return self.outer.column(name, qualifier)
        if qualifier is not None:
            raise PoolError(4104, f'The multi-part identifier "{qualifier}.{name}" could not be bound.')
        raise PoolError(207, f"Invalid column name '{name}'.")

    def _find(self, name: str, qualifier: str | None) -> list[tuple[Source, SourceColumn]]:
        folded = None if qualifier is None else qualifier.lower()
        matches = [source for source in self.sources if folded is None or source.alias.lower() == folded]
        found = [(source, column) for source in matches if (column := source.column(name)) is not None]
        if folded is not None and matches and not found:
            raise PoolError(207, f"Invalid column name '{name}'.")
        return found

    def star(self, qualifier: str | None) -> list[tuple[str, Typed]]:
        """Return every column, or those of one source, with its name.

        :raises PoolError: 107, there is no such source.
        """
        folded = None if qualifier is None else qualifier.lower()
        matches = [source for source in self.sources if folded is None or source.alias.lower() == folded]
        if not matches:
            what = f"The column prefix '{qualifier}' does not match with a table name or alias name used in the query."
            raise PoolError(107, what, severity=15)
        return [(column.name, source.typed(column)) for source in matches for column in source.columns]
