"""The columns of a table, as the pool's catalog has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.schema.sql_types import SqlType

#: Lists the columns of a table; one parameter, the table's quoted name. No rows: there is no such table, or the login
#: may not see it. Source: sys.columns and sys.types, which dedicated pools have.
TABLE_COLUMNS: Final = """\
SELECT c.name, t.name AS type_name, c.max_length, c.precision, c.scale, c.is_nullable, c.is_identity
FROM sys.columns AS c
JOIN sys.types AS t ON t.user_type_id = c.user_type_id
WHERE c.object_id = OBJECT_ID(?)
ORDER BY c.column_id"""


def catalog_name(table: TableName) -> str:
    """Return the parameter of :data:`TABLE_COLUMNS`. A session sees its own temporary tables only."""
    return f"tempdb..{table.quoted}" if table.is_temporary else table.quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """A column of a table that is there."""

    name: str
    type: SqlType
    is_nullable: bool = True
    is_identity: bool = False

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Any]]) -> tuple[Self, ...]:
        """Read the answer to :data:`TABLE_COLUMNS`."""
        return tuple(
            cls(
                name=str(name),
                type=SqlType.from_catalog(str(type_name), int(max_length), int(precision), int(scale)),
                is_nullable=bool(is_nullable),
                is_identity=bool(is_identity),
            )
            for name, type_name, max_length, precision, scale, is_nullable, is_identity in rows
        )
