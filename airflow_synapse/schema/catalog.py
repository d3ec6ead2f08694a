"""The columns of a table, as the pool's catalog has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.schema.sql_types import SqlType


def object_id(table: TableName) -> str:
    """Return T-SQL for the number of a table, NULL where there is none. A session finds its own temporary tables."""
    return f"OBJECT_ID({string_literal(f'tempdb..{table.quoted}' if table.is_temporary else table.quoted)})"


def columns_query(table: TableName) -> str:
    """Return a query for the columns of a table, for :meth:`TableColumn.from_rows`.

    No row: there is no such table, or the login may not see it. Source: sys.columns and sys.types, which apply to
    dedicated SQL pools.
    """
    return f"""\
SELECT c.name, t.name AS type_name, c.max_length, c.precision, c.scale, c.is_nullable, c.is_identity,
    c.default_object_id
FROM sys.columns AS c
JOIN sys.types AS t ON t.user_type_id = c.user_type_id
WHERE c.object_id = {object_id(table)}
ORDER BY c.column_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """A column of a table that is there. ``has_default``: whether a DEFAULT constraint fills it when it is left out."""

    name: str
    type: SqlType
    is_nullable: bool = True
    is_identity: bool = False
    has_default: bool = False

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Any]]) -> tuple[Self, ...]:
        """Read the answer to :func:`columns_query`."""
        return tuple(
            cls(
                name=str(name),
                type=SqlType.from_catalog(str(type_name), int(max_length), int(precision), int(scale)),
                is_nullable=bool(is_nullable),
                is_identity=bool(is_identity),
                has_default=bool(default),
            )
            for name, type_name, max_length, precision, scale, is_nullable, is_identity, default in rows
        )
