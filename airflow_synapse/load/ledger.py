"""A table in the pool that remembers which loads are done, whatever the pool's views forget.

It has a row for each load and clear number. An attempt first *claims* the rows of its load that are not done, by
writing its name into them. Publishing ends with marking the row as done, in the same transaction, if it still bears
that name. So of two attempts at most one publishes: either the second claims first, and the first finds its name gone
and rolls back; or the first marks first, and the second, whose claim waits for that transaction, finds the load done.

Assumption: An UPDATE in a dedicated SQL pool waits for the end of a transaction that has updated the same table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.exceptions import LoadSupersededError, StatementError
from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.record import LoadedBy
from airflow_synapse.load.statements import PlainStatement, Statement
from airflow_synapse.schema.catalog import object_id


class LedgerSession(Protocol):
    """A session of the pool, as far as it is needed here."""

    def execute(self, statement: Statement) -> int | None:
        """Run a statement to its end."""

    def fetch(self, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The ledger, as one attempt uses it.

    :param table: The table; several targets may share it.
    :param attempt: Who uses it.
    :param target: The table that is loaded, for people who read the ledger.
    :param label: Label of the COPY, for the same.
    """

    table: TableName
    attempt: Attempt
    target: TableName
    label: str

    def create_if_missing(self, session: LedgerSession) -> None:
        """Create the table.

        :raises StatementError: The login may not.
        """
        if self._exists(session):
            return
        try:
            session.execute(PlainStatement(self._create()))
        except StatementError:
            if not self._exists(session):  # another load has not just created it either
                raise

    def created(self, session: LedgerSession) -> str | None:
        """Return when the table was created: one that is dropped and made again remembers nothing of before.

        None where the pool does not show it.
        """
        rows = session.fetch(
            f"SELECT CONVERT(nvarchar(40), create_date, 126) AS created\nFROM sys.tables\n"
            f"WHERE object_id = {object_id(self.table)}"
        )
        return str(rows[0][0]) if rows else None

    def remembers(self, session: LedgerSession) -> bool:
        """Say, before :meth:`claim`, whether an attempt of the load has claimed it: else this may be another ledger."""
        rows = session.fetch(f"SELECT COUNT(*) FROM {self.table.quoted}\nWHERE {self._load}")
        return bool(rows[0][0])

    def claim(self, session: LedgerSession) -> None:
        """Write the attempt's name into the rows of its load that are not done."""
        load, clear_number = self._load, self.attempt.clear_number
        values = ", ".join(
            map(
                string_literal,
                (self.attempt.load_id, self.attempt.correlation_id, self.target.quoted, self.label),
            )
        )
        session.execute(
            PlainStatement(
                f"INSERT INTO {self.table.quoted} (load_id, attempt, target_table, label, clear_number)\n"
                f"SELECT {values}, {clear_number:d}\n"
                f"WHERE NOT EXISTS (SELECT 1 FROM {self.table.quoted} WHERE {load} AND clear_number = {clear_number:d})"
            )
        )
        session.execute(
            PlainStatement(f"UPDATE {self.table.quoted} SET attempt = {self._name}\nWHERE {load} AND loaded_at IS NULL")
        )

    def loaded(self, session: LedgerSession) -> tuple[LoadedBy, ...]:
        """Return the attempts of the load that are marked as done."""
        rows = session.fetch(
            f"SELECT attempt, request_id, rows_loaded FROM {self.table.quoted}\n"
            f"WHERE {self._load} AND loaded_at IS NOT NULL"
        )
        return tuple(
            LoadedBy(attempt=attempt, request_id=request_id, rows_loaded=rows_loaded)
            for name, request_id, rows_loaded in rows
            if (attempt := Attempt.parse(name))
        )

    def reopen(self, session: LedgerSession) -> None:
        """Take back the mark of a load that is about to be repeated under the same clear number."""
        session.execute(
            PlainStatement(
                f"UPDATE {self.table.quoted} SET attempt = {self._name}, loaded_at = NULL\n"
                f"WHERE {self._load} AND clear_number = {self.attempt.clear_number:d}"
            )
        )

    def mark_loaded(self, session: LedgerSession, *, request_id: str | None, rows_loaded: int | None) -> None:
        """Mark the load as done. In the transaction that publishes, this comes last: its lock is held shortly.

        :raises LoadSupersededError: Another attempt has claimed the load: this one must roll back.
        """
        request = "NULL" if request_id is None else string_literal(request_id)
        rows = "NULL" if rows_loaded is None else f"{rows_loaded:d}"
        session.execute(
            PlainStatement(
                f"UPDATE {self.table.quoted} SET loaded_at = GETUTCDATE(), request_id = {request}, "
                f"rows_loaded = {rows}\nWHERE {self._load} AND clear_number = {self.attempt.clear_number:d} "
                f"AND attempt = {self._name}"
            )
        )
        if self.attempt not in {each.attempt for each in self.loaded(session)}:
            raise LoadSupersededError(
                f"Another try of this load has taken over (ledger {self.table}): this one changes nothing."
            )

    @property
    def _load(self) -> str:
        return f"load_id = {string_literal(self.attempt.load_id)}"

    @property
    def _name(self) -> str:
        return string_literal(self.attempt.correlation_id)

    def _exists(self, session: LedgerSession) -> bool:
        return session.fetch(f"SELECT {object_id(self.table)}")[0][0] is not None

    def _create(self) -> str:
        return (
            f"CREATE TABLE {self.table.quoted} (\n"
            "    load_id varchar(32) NOT NULL,\n"
            "    clear_number int NOT NULL,\n"
            "    attempt nvarchar(255) NOT NULL,\n"
            "    target_table nvarchar(400) NOT NULL,\n"
            "    label nvarchar(255) NOT NULL,\n"
            "    request_id nvarchar(32),\n"
            "    rows_loaded bigint,\n"
            "    loaded_at datetime2(0)\n"
            ")\nWITH (DISTRIBUTION = ROUND_ROBIN, HEAP)"
        )
