"""Who executes a task, and what it keeps between its tries."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_synapse.load.identity import LoadIdentity, new_process
from airflow_synapse.load.record import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTry:
    """Who loads.

    :param identity: Whose load it is.
    :param try_number: Airflow's number of this try.
    :param store: Where the task keeps what later tries must know.
    :param has_store: Whether ``store`` outlives this try, and remembers every earlier one.
    :param first_attempt: Number of the first attempt of this process within the try.
    :param process: Stands for this process.
    """

    identity: LoadIdentity
    try_number: int
    store: StateStore
    has_store: bool
    first_attempt: int = 1
    process: str = field(default_factory=new_process)

    @property
    def is_first(self) -> bool:
        """Whether nothing of this load can have come before."""
        return (self.try_number, self.identity.clear_number, self.first_attempt) == (1, 0, 1)
