"""The statements of a load around COPY: each as the text that a dedicated SQL pool takes.

``OPTION (LABEL = ...)`` stands where the pool allows it: with SELECT, INSERT, DELETE and UPDATE, not with DDL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from airflow_synapse.copy.identifiers import TableName, quote
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.schema.catalog import object_id

#: Longest label: ``sys.dm_pdw_exec_requests.label`` is nvarchar(255).
LABEL_CHARACTERS: Final = 255

BEGIN_TRANSACTION: Final = "BEGIN TRANSACTION"
COMMIT_TRANSACTION: Final = "COMMIT TRANSACTION"
#: For after an error, when the pool may have ended the transaction by itself.
ROLLBACK_TRANSACTION: Final = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"


class Statement(Protocol):
    """A statement that can show itself with and without its secrets."""

    def to_sql(self) -> str:
        """Return the text for the pool."""

    def redacted_sql(self) -> str:
        """Return the text for people."""


@dataclass(frozen=True, slots=True)
class PlainStatement:
    """A statement without a secret."""

    sql: str

    def to_sql(self) -> str:
        """Return the text for the pool."""
        return self.sql

    def redacted_sql(self) -> str:
        """Return the same: it holds no secret."""
        return self.sql


def step_label(label: str, step: str) -> str:
    """Return the label of a statement beside COPY, cut to what the pool keeps."""
    suffix = f": {step}"
    return label[: LABEL_CHARACTERS - len(suffix)] + suffix


def truncate_table(table: TableName, *, may_be_missing: bool = False) -> str:
    """Empty a table.

    :param may_be_missing: Whether COPY may have to make the table first; then a missing one is no error.
    """
    truncate = f"TRUNCATE TABLE {table.quoted}"
    return f"IF {object_id(table)} IS NOT NULL {truncate}" if may_be_missing else truncate


def drop_table(table: TableName) -> str:
    """Drop a table if it is there."""
    return f"IF {object_id(table)} IS NOT NULL DROP TABLE {table.quoted}"


def create_like(staging: TableName, target: TableName, *, columns: Sequence[str], options: Sequence[str]) -> str:
    """Create an empty table with the columns of another, their types, nullability and identity.

    Source: CREATE TABLE AS SELECT for a dedicated SQL pool; a selected column keeps these as SELECT INTO does.

    :param options: The WITH clause: distribution, index, partitions.
    """
    return (
        f"CREATE TABLE {staging.quoted}\nWITH ({', '.join(options)})\n"
        f"AS SELECT {_list(columns)} FROM {target.quoted} WHERE 1 = 2"
    )


def insert_from(staging: TableName, target: TableName, *, columns: Sequence[str], label: str) -> str:
    """Insert the rows of the staging table; columns that are not named get their defaults and identity values."""
    return (
        f"INSERT INTO {target.quoted} ({_list(columns)})\nSELECT {_list(columns)} FROM {staging.quoted}\n"
        f"OPTION (LABEL = {string_literal(label)})"
    )


def delete_where(target: TableName, predicate: str, *, label: str) -> str:
    """Delete the rows for which a condition holds."""
    return f"DELETE FROM {target.quoted}\nWHERE {predicate}\nOPTION (LABEL = {string_literal(label)})"


def same_key(staging: TableName, target: TableName, keys: Iterable[str]) -> str:
    """Return the condition that the staging table has a row with the key of a row of the target."""
    pairs = " AND ".join(f"staged.{quote(key)} = {quote(target.name)}.{quote(key)}" for key in keys)
    return f"EXISTS (SELECT 1 FROM {staging.quoted} AS staged WHERE {pairs})"


def switch_table(staging: TableName, target: TableName, *, partition: int | None = None) -> str:
    """Put the data of the staging table, or of one partition, in the place of those of the target, at once.

    :param partition: Number of the partition, the same in both tables; None for tables without partitions.
    """
    part = "" if partition is None else f" PARTITION {partition:d}"
    return f"ALTER TABLE {staging.quoted} SWITCH{part} TO {target.quoted}{part} WITH (TRUNCATE_TARGET = ON)"


def update_statistics(table: TableName) -> str:
    """Refresh all statistics of a table. COPY updates none. Source: statistics in a dedicated SQL pool."""
    return f"UPDATE STATISTICS {table.quoted}"


def count_rows(table: TableName) -> str:
    """Count the rows."""
    return f"SELECT COUNT_BIG(*) FROM {table.quoted}"


def count_outside(table: TableName, predicate: str) -> str:
    """Count the rows for which a condition does not hold, those where it is unknown included."""
    return f"SELECT COUNT_BIG(*) FROM {table.quoted} WHERE CASE WHEN {predicate} THEN 1 ELSE 0 END = 0"


def count_repeated_keys(table: TableName, keys: Sequence[str]) -> str:
    """Count the keys that more than one row has."""
    names = _list(keys)
    return (
        f"SELECT COUNT_BIG(*) FROM (SELECT {names} FROM {table.quoted} GROUP BY {names} HAVING COUNT_BIG(*) > 1) "
        "AS repeated"
    )


def count_missing_keys(table: TableName, keys: Sequence[str]) -> str:
    """Count the rows that lack a part of their key: NULL equals nothing, so they would be added again and again."""
    missing = " OR ".join(f"{quote(key)} IS NULL" for key in keys)
    return f"SELECT COUNT_BIG(*) FROM {table.quoted} WHERE {missing}"


def tables_of_load(prefix: str) -> str:
    """Find the staging tables of a load, whichever attempt left them."""
    return (
        "SELECT s.name AS schema_name, t.name FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
        f"WHERE LEFT(t.name, {len(prefix)}) = {string_literal(prefix)}"
    )


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(quote, columns))
