"""Writers of one table wait for each other.

DuckDB fails the second of two transactions that change the same rows; a dedicated pool lets it wait. So a session takes
a lock on a table before it begins the DuckDB transaction that writes to it, and keeps it to the end of its transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterable

from airflow_synapse.local.errors import PoolError, StatementCancelled


class TableLocks:
    """Exclusive locks on tables, by any key, held by any owner."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[Hashable, Hashable] = {}
        self._waiting: dict[Hashable, Hashable] = {}

    def acquire(
        self, owner: Hashable, keys: Iterable[Hashable], cancelled: threading.Event, timeout: float | None = None
    ) -> None:
        """Take all the locks, waiting for those that others hold.

        :param cancelled: Ends the wait; whoever sets it calls :meth:`wake` afterwards.
        :param timeout: Seconds to wait, as SET LOCK_TIMEOUT says; None for ever.
        :raises StatementCancelled: ``cancelled`` was set.
        :raises PoolError: 1205, waiting would never end; 1222, the time is over.
        """
        end = None if timeout is None else time.monotonic() + timeout
        for key in sorted(keys, key=str):
            with self._changed:
                try:
                    self._wait_for(owner, key, cancelled, end)
                finally:
                    self._waiting.pop(owner, None)

    def _wait_for(self, owner: Hashable, key: Hashable, cancelled: threading.Event, end: float | None) -> None:
        while self._holders.setdefault(key, owner) != owner:
            self._waiting[owner] = key
            if cancelled.is_set():
                raise StatementCancelled
            if self._waits_for_itself(owner):
                message = (
                    "The transaction was deadlocked on lock resources with another one and has been chosen as the "
                    "deadlock victim. Rerun the transaction."
                )
                raise PoolError(1205, message, severity=13)
            remaining = None if end is None else end - time.monotonic()
            if remaining is not None and remaining <= 0:
                raise PoolError(1222, "Lock request time out period exceeded.")
            self._changed.wait(remaining)

    def _waits_for_itself(self, owner: Hashable) -> bool:
        """Follow who waits for whom; a circle that returns to ``owner`` is a deadlock."""
        current: Hashable = owner
        for _ in range(len(self._waiting) + 1):
            key = self._waiting.get(current)
            if key is None or key not in self._holders:
                return False
            current = self._holders[key]
            if current == owner:
                return True
        return False

    def holds(self, owner: Hashable) -> bool:
        """Return whether ``owner`` holds any lock."""
        with self._changed:
            return owner in self._holders.values()

    def release(self, owner: Hashable) -> None:
        """Give up every lock of ``owner``."""
        with self._changed:
            for key in [key for key, holder in self._holders.items() if holder == owner]:
                del self._holders[key]
            self._changed.notify_all()

    def wake(self) -> None:
        """Let waiting sessions look whether they were cancelled."""
        with self._changed:
            self._changed.notify_all()
