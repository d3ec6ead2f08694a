"""What Airflow remembers for a task between its tries, where it has a place for that: Airflow 3.3 and later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_synapse.load.record import StateStore
from airflow_synapse.load.runner import MemoryStore
from airflow_synapse.version_compat import NEVER_EXPIRE, conf

if TYPE_CHECKING:
    from airflow.sdk import Context


class TaskStateStore:
    """The task state store, with values that live as long as the DAG run.

    :param accessor: ``task_state_store`` of the context.
    """

    def __init__(self, accessor: Any) -> None:  # noqa: ANN401 - Airflow before 3.3 has no such class
        self._accessor = accessor

    def get(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return what was stored; None when there is nothing."""
        return self._accessor.get(key)

    def set(self, key: str, value: dict[str, Any]) -> None:
        """Store a value without an end: a run that is cleared after a year must not load twice either."""
        self._accessor.set(key, value, retention=NEVER_EXPIRE)


def find_state_store(context: Context, clear_number: int) -> tuple[StateStore, bool]:
    """Return a store for a task, and whether it remembers every earlier try.

    Airflow before 3.3 has none. One that is told to forget what succeeded ([state_store] clear_on_success) cannot
    say what a run had loaded before it was cleared.
    """
    accessor = context.get("task_state_store")
    if accessor is None:
        return MemoryStore(), False
    forgets = conf.getboolean("state_store", "clear_on_success", fallback=False)
    return TaskStateStore(accessor), not (forgets and clear_number)
