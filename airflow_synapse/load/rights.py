"""The rights that loads and exports need, how to ask the pool for them, and what to do about one that is missing.

Source: COPY reference 2026-05, CREATE EXTERNAL TABLE AS SELECT and TRUNCATE TABLE, Permissions; connector of Spark and
SQL pools of 2020-04, Prerequisites.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from airflow_synapse.copy.identifiers import TableName, quote
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.exceptions import AccessError

_BULK: Final = "ADMINISTER DATABASE BULK OPERATIONS"
DEFAULT_SCHEMA: Final = "dbo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A right in the database of the pool.

    :param name: Permission.
    :param on: What it is for.
    :param securable: Name of that: of a schema as it is, of a table quoted. Empty for the database.
    """

    name: str
    on: Literal["DATABASE", "SCHEMA", "OBJECT"] = "DATABASE"
    securable: str = ""

    def remedy(self, user: str) -> str:
        """Return the statement that gives the right to a user."""
        where = ""
        if self.on == "SCHEMA":
            where = f" ON SCHEMA::{quote(self.securable)}"
        elif self.on == "OBJECT":
            where = f" ON {self.securable}"
        return f"GRANT {self.name}{where} TO {quote(user)}"

    @property
    def question(self) -> str:
        """The expression that is 1 where the user has the right."""
        securable = string_literal(self.securable) if self.securable else "NULL"
        return f"HAS_PERMS_BY_NAME({securable}, {string_literal(self.on)}, {string_literal(self.name)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRight:
    """A right that somebody has not got.

    :param right: The right.
    :param on: What it is for.
    :param remedy: What gives it: a statement, or a sentence.
    """

    right: str
    on: str
    remedy: str


def rights_to_load(
    table: TableName,
    *,
    disposition: str = "append",
    ledger_table: TableName | None = None,
    creates_table: bool = False,
) -> tuple[Right, ...]:
    """Return what the user who loads a table by COPY needs.

    :param disposition: One of :data:`~airflow_synapse.load.disposition.WRITE_DISPOSITIONS`.
    :param ledger_table: The ledger that remembers the load, which is made when missing; None for none.
    :param creates_table: Whether the table is made.
    """
    is_staged = disposition not in {"append", "truncate"} or (disposition == "append" and ledger_table is not None)
    if is_staged or creates_table:
        needed: tuple[str, ...] = ("ALTER", "INSERT")
        if is_staged:
            needed += ("SELECT",)  # of the staging table
        if disposition in {"replace_slice", "upsert"}:
            needed += ("DELETE",)
        rights = (Right(name="CREATE TABLE"), *_in_schema_of(table, needed))
    else:
        on_table = ("INSERT", "ALTER") if disposition == "truncate" else ("INSERT",)
        rights = tuple(Right(name=name, on="OBJECT", securable=table.quoted) for name in on_table)
    if ledger_table is not None:
        of_ledger = _in_schema_of(ledger_table, ("ALTER", "INSERT", "SELECT", "UPDATE"))
        rights += (Right(name="CREATE TABLE"), *of_ledger)
    return Right(name=_BULK), *dict.fromkeys(rights)


def _in_schema_of(table: TableName, names: Iterable[str]) -> tuple[Right, ...]:
    return tuple(Right(name=name, on="SCHEMA", securable=table.schema or DEFAULT_SCHEMA) for name in names)


def rights_to_make_external_table(schema: str) -> tuple[Right, ...]:
    """Return what the user who makes an external table needs.

    :param schema: Schema of the table.
    """
    return (
        Right(name=_BULK),
        Right(name="CREATE TABLE"),
        Right(name="ALTER", on="SCHEMA", securable=schema),
        Right(name="ALTER ANY EXTERNAL DATA SOURCE"),
        Right(name="ALTER ANY EXTERNAL FILE FORMAT"),
    )


def rights_to_export(schema: str) -> tuple[Right, ...]:
    """Return what the user who exports by CREATE EXTERNAL TABLE AS SELECT, and counts what was written, needs.

    What else a query reads, nobody here knows.

    :param schema: Schema of the external table, which is that of the table that is exported.
    """
    return (*rights_to_make_external_table(schema), Right(name="SELECT", on="SCHEMA", securable=schema))


def rights_query(rights: Sequence[Right]) -> str:
    """Return the one query that asks for the user and for every right."""
    return "SELECT " + ", ".join(["USER_NAME()", *(right.question for right in rights)])


def missing_rights(rights: Sequence[Right], row: Sequence[Any]) -> list[MissingRight]:
    """Read the answer to :func:`rights_query`.

    A right on what the user cannot see is missing, too: the pool says NULL there.
    """
    user, *answers = row
    return [
        MissingRight(right=right.name, on=right.securable or right.on.lower(), remedy=right.remedy(str(user)))
        for right, answer in zip(rights, answers, strict=True)
        if answer != 1
    ]


def folder_acls(path: str) -> list[str]:
    """Return the access permissions on a folder and those above it, without which nobody works in it.

    Source: connector of Spark and SQL pools of 2020-04, option 2 of "Allow other users to use ...", whose table gives
    ``--X`` on each folder above; the right to list and to read is added on the last one.

    >>> folder_acls("synapse/staging/")
    ['--X on /', '--X on /synapse', 'RWX on /synapse/staging']
    """
    parts = [part for part in path.split("/") if part]
    above = ["/" + "/".join(parts[:count]) for count in range(len(parts))]
    return [*(f"--X on {folder}" for folder in above), f"RWX on /{'/'.join(parts)}"]


def check_rights(missing: Iterable[MissingRight]) -> None:
    """Check that nothing is missing.

    :raises AccessError: Something is; the message names all of it, and what to do.
    """
    lines = [f"{each.right} on {each.on} is missing: {each.remedy}" for each in missing]
    if lines:
        raise AccessError("\n".join(lines))
