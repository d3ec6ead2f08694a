"""Whether the pool takes logins: it may be paused, warming up, or told to refuse some."""

from __future__ import annotations

import threading
import time

from airflow_synapse.local.errors import PoolError


class Availability:
    """Decides over each login. Every method may be called from any thread.

    Source of 42108 and 42109 and their texts: the "transient errors" reference of Microsoft SqlClient, which names
    dedicated SQL pools.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused = False
        self._warm_at = 0.0
        self._warming_logins = 0
        self._refusals: list[PoolError] = []

    @property
    def paused(self) -> bool:
        """Whether the pool is paused."""
        return self._paused

    def pause(self) -> None:
        """Refuse every login with 42108 from now on."""
        with self._lock:
            self._paused = True

    def resume(self) -> None:
        """Take logins again."""
        with self._lock:
            self._paused = False

    def warm_up(self, *, seconds: float = 0.0, logins: int = 0) -> None:
        """Refuse logins with 42109: for that long, or the next so many, whichever ends later."""
        with self._lock:
            self._warm_at = time.monotonic() + seconds
            self._warming_logins = logins

    def refuse(self, number: int, times: int, message: str | None = None) -> None:
        """Refuse the next logins with an error of any number."""
        text = message or f"The login was refused with number {number}, as the local pool was told to."
        with self._lock:
            self._refusals.extend([PoolError(number, text, severity=14)] * times)

    def clear(self) -> None:
        """Forget what was told, but stay paused if the pool is."""
        self.warm_up()
        with self._lock:
            self._refusals.clear()

    def check_login(self) -> None:
        """Let a login pass.

        :raises PoolError: It is refused: 42108, the pool is paused; 42109, it warms up; any other that was asked for.
        """
        with self._lock:
            if self._paused:
                message = "Cannot connect to the SQL pool since it is paused. Resume the SQL pool and try again."
                raise PoolError(42108, message, severity=14)
            if time.monotonic() < self._warm_at or self._warming_logins > 0:
                self._warming_logins = max(self._warming_logins - 1, 0)
                raise PoolError(42109, "The SQL pool is warming up. Please try again.", severity=14)
            if self._refusals:
                raise self._refusals.pop(0)
