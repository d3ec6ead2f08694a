"""The table of a load: one that must not be there before, told apart from the one that the load itself has made."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.exceptions import ConnectionLostError, StatementError, TableExistsError
from airflow_synapse.execution.copy_load import ALREADY_AN_OBJECT
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.load.statements import PlainStatement
from airflow_synapse.load.submission import Session
from airflow_synapse.schema.catalog import object_id
from airflow_synapse.schema.table import TableDefinition

#: Key of the task state store.
RECORD_KEY: Final = "synapse_new_table"

log: Final = logging.getLogger(__name__)


class NewTable:
    """The table of a load that may have to make it.

    :param table: Its name.
    :param open_session: Returns a session of the pool, which a ``with`` block opens and closes.
    :param task_try: Who loads.
    :param reload: Whether a load from before the task was cleared is made again: the table has its rows, and is not one
        for this load then.
    """

    def __init__(
        self,
        table: TableName,
        open_session: Callable[[], AbstractContextManager[Session]],
        task_try: TaskTry,
        *,
        reload: bool,
    ) -> None:
        self._table = table
        self._open_session = open_session
        self._try = task_try
        self._reload = reload

    def is_taken(self) -> bool:
        """Say whether the table is there, and no earlier try of this load has made it.

        :raises TableExistsError: It is there, and nobody can know who made it: Airflow has kept nothing.
        """
        if self._is_ours:
            return False
        is_there = self.is_there()
        is_first = (self._try.try_number, self._try.identity.clear_number) == (1, 0)
        if is_there and not is_first and not self._try.has_store:
            raise TableExistsError(
                f"{self.message} An earlier try of this load may have made it, and Airflow keeps nothing of that. Look "
                "what is in the table; drop it if it is of no use, and clear the task."
            )
        return is_there

    def is_there(self) -> bool:
        """Say whether there is a table of that name, whoever made it."""
        with self._open_session() as session:
            return session.fetch(f"SELECT {object_id(self._table)}")[0][0] is not None

    def create(self, definition: TableDefinition) -> None:
        """Make the table, unless an earlier try has.

        :raises TableExistsError: Somebody else has made it meanwhile.
        :raises StatementError: The pool refuses.
        """
        if self._is_ours:
            return
        identity = self._try.identity
        mark = {"load_id": identity.load_id, "clear_number": identity.clear_number, "table": self._table.quoted}
        self._try.store.set(RECORD_KEY, mark)
        try:
            with self._open_session() as session:
                session.execute(PlainStatement(definition.create_sql()))
        except ConnectionLostError:
            raise  # it may be made
        except StatementError as error:
            self._try.store.set(RECORD_KEY, {})  # whoever makes it now, it is not this load
            if error.number != ALREADY_AN_OBJECT:
                raise
            raise TableExistsError(self.message) from error

    @property
    def message(self) -> str:
        """What to say when the table is there. Source: Spark connector reference of 2020, Write API."""
        return f"There is already an object named {self._table} in the pool, and save_mode is errorifexists."

    @property
    def _is_ours(self) -> bool:
        kept = self._try.store.get(RECORD_KEY) or {}
        identity = self._try.identity
        is_from_now = not self._reload or kept.get("clear_number") == identity.clear_number
        is_same = (kept.get("load_id"), kept.get("table")) == (identity.load_id, self._table.quoted)
        return is_same and is_from_now
