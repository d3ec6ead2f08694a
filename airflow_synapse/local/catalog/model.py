"""Tables and statistics as the catalog keeps them, and as text in the DuckDB file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from airflow_synapse.local.catalog.clock import now
from airflow_synapse.local.catalog.external_objects import ExternalStorage
from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.statements import Distribution, KeyConstraint, Partitioning, TableIndex
from airflow_synapse.local.tsql.typed import quote_name


@dataclass(frozen=True, slots=True)
class Column:
    """A column as declared.

    :param default: DEFAULT constant as T-SQL text in parentheses, None where there is none.
    :param default_sql: The same as DuckDB's SQL, in the type of the column.
    """

    name: str
    type: SqlType
    nullable: bool = True
    identity: Identity | None = None
    default: str | None = None
    default_sql: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    :param temporary: Whether it is a ``#table`` of one session.
    :param external: Where the rows of an external table are: its table in DuckDB stays empty. None for another table.
    """

    object_id: int
    schema: str
    name: str
    columns: tuple[Column, ...]
    distribution: Distribution = field(default_factory=Distribution)
    index: TableIndex = field(default_factory=TableIndex)
    partitioning: Partitioning | None = None
    constraints: tuple[KeyConstraint, ...] = ()
    created: datetime = field(default_factory=now)
    temporary: bool = False
    external: ExternalStorage | None = None

    @property
    def duckdb_name(self) -> str:
        """Quoted name in DuckDB."""
        return f"{'temp.main' if self.temporary else quote_name(self.schema)}.{quote_name(self.name)}"

    @property
    def display_name(self) -> str:
        """Name for messages."""
        return self.name if self.temporary else f"{self.schema}.{self.name}"

    @property
    def identity_column(self) -> Column | None:
        """The column with IDENTITY, None when there is none."""
        return next((column for column in self.columns if column.identity is not None), None)

    def column(self, name: str) -> Column | None:
        """Return the column of that name; case does not matter."""
        folded = name.lower()
        return next((column for column in self.columns if column.name.lower() == folded), None)


@dataclass(frozen=True, slots=True)
class Statistics:
    """A statistics object."""

    stats_id: int
    name: str
    object_id: int
    columns: tuple[str, ...]
    updated: datetime


def table_to_text(table: Table) -> str:
    """Return the table as JSON."""
    return json.dumps(asdict(table), default=datetime.isoformat)


def table_from_text(text: str) -> Table:
    """Return the table that :func:`table_to_text` wrote."""
    document: dict[str, Any] = json.loads(text)
    partitioning, external = document.pop("partitioning"), document.pop("external", None)
    return Table(
        **{
            **document,
            "columns": tuple(_column(column) for column in document["columns"]),
            "distribution": Distribution(**_tuples(document["distribution"])),
            "index": TableIndex(document["index"]["kind"], tuple((n, d) for n, d in document["index"]["columns"])),
            "partitioning": Partitioning(**_tuples(partitioning)) if partitioning else None,
            "constraints": tuple(KeyConstraint(**_tuples(constraint)) for constraint in document["constraints"]),
            "created": datetime.fromisoformat(document["created"]),
            "external": ExternalStorage(**external) if external else None,
        }
    )


def _column(document: dict[str, Any]) -> Column:
    identity = document["identity"]
    return Column(
        **{
            **document,
            "type": SqlType(**document["type"]),
            "identity": Identity(**identity) if identity else None,
        }
    )


def _tuples(document: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}
