"""What Airflow remembers for a task between its tries, where it has a place for that: Airflow 3.3 and later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator

from airflow_synapse.load.record import MemoryStore, StateStore
from airflow_synapse.version_compat import NEVER_EXPIRE, conf

if TYPE_CHECKING:
    from airflow.sdk import Context


#: Key of the mark that a first try leaves.
_BEGUN_KEY: Final = "synapse_begun"


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


def clear_number_of(context: Context) -> int:
    """Return how often the DAG run was cleared."""
    return getattr(context["dag_run"], "clear_number", 0) or 0


def find_state_store(context: Context) -> tuple[StateStore, bool]:
    """Return a store for a task, and whether it remembers every earlier try.

    Airflow before 3.3 has none. The first try leaves a mark in it: a run that was cleared, and whose mark is missing,
    ran before Airflow was upgraded, or the store was told to forget what succeeded ([state_store] clear_on_success).
    """
    accessor = context.get("task_state_store")
    if accessor is None:
        return MemoryStore(), False
    store = TaskStateStore(accessor)
    if store.get(_BEGUN_KEY) is None:
        forgets = conf.getboolean("state_store", "clear_on_success", fallback=False)
        if context["ti"].try_number > 1 and (clear_number_of(context) or forgets):
            return store, False
        store.set(_BEGUN_KEY, {})
    return store, True


class RememberedOperator(BaseOperator):
    """A base of operators whose first try leaves its mark before anything can fail, such as a template."""

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:  # noqa: ANN401 - Airflow's own
        """Leave the mark, and render the fields."""
        if "ti" in context:  # else nothing is run
            find_state_store(context)
        super().render_template_fields(context, jinja_env)
