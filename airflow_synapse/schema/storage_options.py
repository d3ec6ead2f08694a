"""How a table is stored: its distribution, its index and its partitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, Self, cast

from airflow_synapse.copy.identifiers import ColumnName, read_name
from airflow_synapse.copy.literals import DefaultValue, default_literal
from airflow_synapse.copy.rules import show
from airflow_synapse.schema.rules import refuse

IndexKind = Literal["CLUSTERED COLUMNSTORE INDEX", "HEAP", "CLUSTERED INDEX"]

_DISTRIBUTION: Final = re.compile(r"\s*(?:(ROUND_ROBIN|REPLICATE)|HASH\s*\((.*)\))\s*", re.IGNORECASE | re.DOTALL)
_INDEX: Final = re.compile(
    r"\s*(?:(?P<heap>HEAP)|CLUSTERED\s+COLUMNSTORE(?:\s+INDEX)?(?:\s+ORDER\s*\((?P<order>.*)\))?"
    r"|CLUSTERED\s+INDEX\s*\((?P<keys>.*)\))\s*",
    re.IGNORECASE | re.DOTALL,
)
#: One name of a list, in brackets, in double quotes or bare, with what may follow it.
_ENTRY: Final = re.compile(
    r'\s*(?P<name>\[(?:[^\]]|\]\])+\]|"(?:[^"]|"")+"|[^\s,\[\]"]+)(?:\s+(?P<direction>ASC|DESC))?\s*(?:,|\Z)',
    re.IGNORECASE,
)


DistributionKind = Literal["ROUND_ROBIN", "REPLICATE", "HASH"]


def read_distribution(text: str) -> tuple[DistributionKind, tuple[ColumnName, ...]]:
    """Read ``ROUND_ROBIN``, ``REPLICATE`` or ``HASH(column, ...)``.

    :return: The kind, and the columns of HASH.
    :raises CopyOptionError: Rule ``distribution``.
    """
    match = _DISTRIBUTION.fullmatch(text)
    if match is None:
        raise refuse("distribution", shown=show(text))
    if match[1]:
        return cast(DistributionKind, match[1].upper()), ()
    columns = tuple(name for name, direction in _names(match[2], "distribution") if not direction)
    if not columns:
        raise refuse("distribution", shown=show(text))
    return "HASH", columns


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where each row of a table goes.

    :param kind: The pool's default: ``ROUND_ROBIN``.
    :param column: The column that ``HASH`` distributes by.
    """

    kind: DistributionKind
    column: ColumnName | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``ROUND_ROBIN``, ``REPLICATE`` or ``HASH(column)``.

        :raises CopyOptionError: Rules ``distribution``, ``distribution-columns``.
        """
        kind, columns = read_distribution(text)
        if len(columns) > 1:
            raise refuse("distribution-columns", shown=show(text))
        return cls(kind, *columns)

    def to_sql(self) -> str:
        """Return the option as CREATE TABLE writes it."""
        return "DISTRIBUTION = " + (self.kind if self.column is None else f"HASH ({self.column})")


@dataclass(frozen=True, slots=True)
class TableIndex:
    """How the rows of a table are kept.

    :param kind: The pool's default: ``CLUSTERED COLUMNSTORE INDEX``.
    :param columns: The key of a clustered index, or the order of a columnstore.
    :param descending: Those of the key that count down.
    """

    kind: IndexKind
    columns: tuple[ColumnName, ...] = ()
    descending: frozenset[ColumnName] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HEAP``, ``CLUSTERED COLUMNSTORE INDEX [ORDER (columns)]`` or ``CLUSTERED INDEX (columns)``.

        :raises CopyOptionError: Rule ``index``.
        """
        match = _INDEX.fullmatch(text)
        if match is None:
            raise refuse("index", shown=show(text))
        if match["heap"]:
            return cls("HEAP")
        names = tuple(_names(match["keys"] or match["order"] or "", "index"))
        columns, descending = tuple(name for name, _ in names), frozenset(name for name, way in names if way == "DESC")
        if match["keys"] is not None and columns:
            return cls("CLUSTERED INDEX", columns, descending)
        if match["keys"] is not None or any(way for _, way in names) or (match["order"] is not None and not columns):
            raise refuse("index", shown=show(text))
        return cls("CLUSTERED COLUMNSTORE INDEX", columns)

    def to_sql(self) -> str:
        """Return the option as CREATE TABLE writes it."""
        names = ", ".join(f"{name} DESC" if name in self.descending else str(name) for name in self.columns)
        if not names:
            return self.kind
        return f"{self.kind} ({names})" if self.kind == "CLUSTERED INDEX" else f"{self.kind} ORDER ({names})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitioning:
    """The partitions of a table.

    :param column: The column that the boundaries are values of.
    :param values: Boundaries, constants; n of them make n + 1 partitions.
    :param side: The partition that a boundary belongs to. The pool's default: LEFT, the lower one.
    """

    column: ColumnName
    values: tuple[DefaultValue, ...]
    side: Literal["LEFT", "RIGHT"] | None = None

    def to_sql(self) -> str:
        """Return the option as CREATE TABLE writes it."""
        side = f" {self.side}" if self.side else ""
        values = ", ".join(map(default_literal, self.values))
        return f"PARTITION ({self.column} RANGE{side} FOR VALUES ({values}))"


def _names(text: str, code: str) -> Iterator[tuple[ColumnName, str]]:
    """Yield each name of a list with ASC, DESC or nothing.

    :param code: The rule that a broken list breaks.
    """
    position = 0
    while position < len(text):
        match = _ENTRY.match(text, position)
        if match is None:
            raise refuse(code, shown=show(text))
        parts = read_name(match["name"], code)
        if len(parts) > 1:
            raise refuse(code, shown=show(text))
        yield ColumnName(parts[0]), (match["direction"] or "").upper()
        position = match.end()
