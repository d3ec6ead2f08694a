"""What a load does with the rows that are in the table already: the statements that it consists of, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import CopyOptionError

#: ``append`` adds to the rows of the table; ``truncate`` empties the table first, so that readers see it empty for a
#: while, and it stays empty when COPY fails.
WRITE_DISPOSITIONS: Final = ("append", "truncate")


class Statement(Protocol):
    """A statement that can show itself with and without its secrets."""

    def to_sql(self) -> str:
        """Return the text for the pool."""

    def redacted_sql(self) -> str:
        """Return the text for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncateTable:
    """Empty a table.

    :param target: The table.
    :param may_be_missing: Whether COPY may have to make the table first; then a missing one is no error.
    """

    target: TableName
    may_be_missing: bool = False

    def to_sql(self) -> str:
        """Return the text for the pool."""
        truncate = f"TRUNCATE TABLE {self.target.quoted}"
        if self.may_be_missing:
            return f"IF OBJECT_ID({string_literal(self.target.quoted)}) IS NOT NULL {truncate}"
        return truncate

    def redacted_sql(self) -> str:
        """Return the same: it holds no secret."""
        return self.to_sql()


def check_disposition(write_disposition: str) -> None:
    """Refuse what is no write disposition.

    :raises CopyOptionError: It is none of :data:`WRITE_DISPOSITIONS`.
    """
    if write_disposition not in WRITE_DISPOSITIONS:
        known = ", ".join(WRITE_DISPOSITIONS)
        raise CopyOptionError(f"write_disposition is {write_disposition!r}, which is none of {known}.")


def load_statements(write_disposition: str, copy: CopyStatement) -> tuple[Statement, ...]:
    """Return the statements of a load, the COPY last.

    :param write_disposition: One of :data:`WRITE_DISPOSITIONS`.
    :raises CopyOptionError: It is none of them.
    """
    check_disposition(write_disposition)
    if write_disposition == "truncate":
        return TruncateTable(target=copy.target, may_be_missing=bool(copy.auto_create_table)), copy
    return (copy,)


def is_repeatable(write_disposition: str) -> bool:
    """Say whether running the load twice leaves the table as running it once does."""
    return write_disposition == "truncate"
