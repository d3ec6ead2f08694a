"""The load of a trigger. Only a triggerer that has one to run imports this: it is slow."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.exceptions import SynapseError
from airflow_synapse.execution import load_event
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.copy_load import CopyLoad
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import MemoryStore, record_key

if TYPE_CHECKING:
    from airflow_synapse.triggers.copy_load import SynapseCopyTrigger

log: Final = logging.getLogger(__name__)


class DeferredLoad:
    """A load, or the reason why there is none. The constructor reads the connections.

    :param trigger: Whose load it is.
    """

    def __init__(self, trigger: SynapseCopyTrigger) -> None:
        self._store = store = MemoryStore()
        identity = LoadIdentity(**trigger.identity)
        self._key = record_key(identity.load_id)
        store.set(self._key, trigger.record)
        task_try = TaskTry(
            identity=identity,
            try_number=trigger.try_number,
            store=store,
            has_store=trigger.has_store,
            first_attempt=2,  # the worker has made the first
        )
        self._has_timed_out = False
        self._copy_load: CopyLoad | None = None
        self._error: SynapseError | None = None
        try:
            self._copy_load = CopyLoad(CopyArguments.from_json(trigger.arguments), task_try)
            self._copy_load.read_connection()
        except SynapseError as error:  # somebody has changed a connection since the worker read it
            self._error = error

    def run(self) -> dict[str, Any]:
        """Load, and return the event with the record for the task's store."""
        event = load_event.failed(self._error) if self._error else self._event()
        return self._with_record(event)

    def given_up(self) -> dict[str, Any]:
        """Return the event of a load that does not end though it was cancelled."""
        return self._with_record(load_event.timed_out())

    def _with_record(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "record": self._store.get(self._key)}

    def cancel(self) -> None:
        """Cancel the load; see :meth:`CopyLoad.cancel`."""
        if self._copy_load:
            self._copy_load.cancel()

    def time_out(self) -> None:
        """Cancel the load because it takes too long."""
        self._has_timed_out = True
        self.cancel()

    def _event(self) -> dict[str, Any]:
        assert self._copy_load  # noqa: S101 - the caller made it
        try:
            return load_event.loaded(self._copy_load.run())
        except SynapseError as error:
            if self._has_timed_out:
                log.warning("The load was cancelled because it took longer than execution_timeout. %s", error)
                return load_event.timed_out()
            return load_event.failed(error)
