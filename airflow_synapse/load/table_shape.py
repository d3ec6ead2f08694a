"""What the pool's catalog says of a table, as far as a staging table must follow it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol

from airflow_synapse.copy.identifiers import TableName, quote
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.exceptions import CopyOptionError, StatementError
from airflow_synapse.schema.catalog import TableColumn, columns_query, object_id

_NUMBERS: Final = {"tinyint", "smallint", "int", "bigint", "decimal", "numeric", "money", "smallmoney", "float", "real"}
_TIMES: Final = {"date", "datetime", "datetime2", "smalldatetime", "datetimeoffset"}


class Catalog(Protocol):
    """A session of the pool, as far as it is needed here."""

    def fetch(self, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitioning:
    """How a table is partitioned.

    :param column: The partition column.
    :param type_name: Its type, without length.
    :param is_right: RANGE RIGHT: a boundary value belongs to the partition behind it.
    :param boundaries: The boundary values in order, as the pool writes them (ISO 8601 for times).
    """

    column: str
    type_name: str
    is_right: bool
    boundaries: tuple[str, ...]

    @property
    def clause(self) -> str:
        """The clause of CREATE TABLE."""
        side = "RIGHT" if self.is_right else "LEFT"
        values = ", ".join(map(self._literal, self.boundaries))
        return f"PARTITION ({quote(self.column)} RANGE {side} FOR VALUES ({values}))"

    def number_of(self, value: str) -> int:
        """Return the number of the partition that holds a value; from 1.

        A time without an offset is one in UTC where the column has offsets.

        :raises CopyOptionError: The value is none of the column's type, or has an offset that it has not; or, for text,
            whose order is the collation's, it is no boundary value.
        """
        if self.type_name not in _NUMBERS | _TIMES:
            if value not in self.boundaries:
                raise CopyOptionError(
                    f"partition_values: {value!r} is no boundary value of the text column {quote(self.column)}; its "
                    f"boundary values are {', '.join(self.boundaries)}."
                )
            return self.boundaries.index(value) + (2 if self.is_right else 1)
        keys = [self._key(boundary) for boundary in self.boundaries]
        return (bisect_right if self.is_right else bisect_left)(keys, self._key(value)) + 1

    def predicate(self, number: int) -> str:
        """Return the condition that a row is in a partition."""
        column = quote(self.column)
        above, below = (">=", "<") if self.is_right else (">", "<=")
        bounds = []
        if number > 1:
            bounds.append(f"{column} {above} {self._literal(self.boundaries[number - 2])}")
        if number <= len(self.boundaries):
            bounds.append(f"{column} {below} {self._literal(self.boundaries[number - 1])}")
        condition = f"({' AND '.join(bounds) or '1 = 1'})"
        return f"({column} IS NULL OR {condition})" if number == 1 else condition  # NULL is below every value

    def _literal(self, boundary: str) -> str:
        return boundary if self.type_name in _NUMBERS else string_literal(boundary)

    def _key(self, value: str) -> Decimal | datetime:
        try:
            if self.type_name in _NUMBERS:
                return _number(value)
            moment = datetime.fromisoformat(value)
        except (ValueError, InvalidOperation):
            raise CopyOptionError(
                f"partition_values: {value!r} is no {self.type_name}, the type of {quote(self.column)}; write times as "
                "in 2013-01-31 or 2013-01-31T00:00:00."
            ) from None
        if self.type_name == "datetimeoffset":
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # as the pool converts one without offset
        if moment.utcoffset():
            raise CopyOptionError(
                f"partition_values: {value!r} has an offset from UTC, which {quote(self.column)}, a {self.type_name}, "
                "has not: leave it out, or give the time in UTC."
            )
        return moment.replace(tzinfo=None)  # as templates of Airflow write UTC


def _number(value: str) -> Decimal:
    number = Decimal(value)
    if number.is_nan():  # which no other number can be compared with
        raise InvalidOperation
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table as a staging table must follow it, to be switched in.

    :param columns: All columns, in order.
    :param distribution: Such as ``HASH([a])``, ``ROUND_ROBIN`` or ``REPLICATE``.
    :param index: Such as ``HEAP``, ``CLUSTERED COLUMNSTORE INDEX`` or ``CLUSTERED INDEX ([a] DESC)``.
    :param partitioning: None for a table without partitions.
    """

    columns: tuple[TableColumn, ...]
    distribution: str
    index: str
    partitioning: Partitioning | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The WITH clause of CREATE TABLE."""
        partitions = (self.partitioning.clause,) if self.partitioning else ()
        return (f"DISTRIBUTION = {self.distribution}", self.index, *partitions)


def read_columns(session: Catalog, table: TableName) -> tuple[TableColumn, ...]:
    """Return the columns of a table.

    :raises StatementError: There is no such table, or the login may not see it.
    """
    columns = TableColumn.from_rows(session.fetch(columns_query(table)))
    if not columns:
        raise StatementError(
            f"There is no table {table}, or the user of the connection may not see it. Create it first, or check its "
            "name and schema."
        )
    return columns


def read_shape(session: Catalog, table: TableName) -> TableShape:
    """Return the shape of a table.

    :raises StatementError: There is no such table, or it has an index that a staging table cannot be given.
    """
    return TableShape(
        columns=read_columns(session, table),
        distribution=_read_distribution(session, table),
        index=_read_index(session, table),
        partitioning=_read_partitioning(session, table),
    )


def _read_distribution(session: Catalog, table: TableName) -> str:
    rows = session.fetch(
        "SELECT p.distribution_policy_desc, c.name\nFROM sys.pdw_table_distribution_properties AS p\n"
        "LEFT JOIN sys.pdw_column_distribution_properties AS d\n"
        "    ON d.object_id = p.object_id AND d.distribution_ordinal > 0\n"
        "LEFT JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id\n"
        f"WHERE p.object_id = {object_id(table)}\nORDER BY d.distribution_ordinal"
    )
    policy = str(rows[0][0])
    return f"HASH({', '.join(quote(name) for _, name in rows)})" if policy == "HASH" else policy


def _read_index(session: Catalog, table: TableName) -> str:
    rows = session.fetch(
        "SELECT i.type_desc, c.name, x.is_descending_key\nFROM sys.indexes AS i\n"
        "LEFT JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id\n"
        "    AND (x.key_ordinal > 0 OR x.column_store_order_ordinal > 0)\n"
        "LEFT JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        f"WHERE i.object_id = {object_id(table)}\n"
        "ORDER BY i.index_id, x.key_ordinal, x.column_store_order_ordinal"
    )
    kinds = {str(kind) for kind, _, _ in rows}
    columns = [quote(name) + (" DESC" if descending else "") for _, name, descending in rows if name is not None]
    if kinds == {"HEAP"}:
        return "HEAP"
    if kinds == {"CLUSTERED COLUMNSTORE"}:
        return "CLUSTERED COLUMNSTORE INDEX" + (f" ORDER ({', '.join(columns)})" if columns else "")
    if kinds == {"CLUSTERED"}:
        return f"CLUSTERED INDEX ({', '.join(columns)})"
    raise StatementError(
        f"{table} has indexes of the kinds {', '.join(sorted(kinds))}. A staging table can be switched in only where "
        "the table's one index is a heap, a clustered columnstore or a clustered index: drop the others, or use "
        "write_disposition replace_slice."
    )


def _read_partitioning(session: Catalog, table: TableName) -> Partitioning | None:
    rows = session.fetch(
        "SELECT c.name, t.name AS type_name, f.boundary_value_on_right, CONVERT(nvarchar(100), v.value, 126) AS value\n"
        "FROM sys.indexes AS i\n"
        "JOIN sys.partition_schemes AS s ON s.data_space_id = i.data_space_id\n"
        "JOIN sys.partition_functions AS f ON f.function_id = s.function_id\n"
        "JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id\n"
        "    AND x.partition_ordinal = 1\n"
        "JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        "JOIN sys.types AS t ON t.user_type_id = c.user_type_id\n"
        "LEFT JOIN sys.partition_range_values AS v ON v.function_id = f.function_id\n"
        f"WHERE i.object_id = {object_id(table)} AND i.index_id <= 1\nORDER BY v.boundary_id"
    )
    if not rows:
        return None
    column, type_name, is_right, _ = rows[0]
    boundaries = tuple(str(value) for *_, value in rows if value is not None)
    return Partitioning(column=column, type_name=type_name, is_right=bool(is_right), boundaries=boundaries)
