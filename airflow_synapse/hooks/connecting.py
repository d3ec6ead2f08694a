"""Connect to the pool, again and again while the reason is one that passes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from airflow_synapse.exceptions import DriverNotFoundError
from airflow_synapse.hooks.driver_errors import connection_error, driver_text
from airflow_synapse.hooks.entra import PoolTokens, token_attribute
from airflow_synapse.hooks.odbc_driver import find_driver, is_freetds, load_pyodbc
from airflow_synapse.hooks.pool_settings import PoolSettings
from airflow_synapse.load.error_numbers import ErrorKind, classify, native_numbers

#: Seconds before the second attempt, and the most between two. Source: Azure SQL, "troubleshoot common errors".
FIRST_DELAY: Final = 5.0
LONGEST_DELAY: Final = 60.0
#: Seconds after which no further attempt is made: a pool that was resumed is reachable after two to three minutes.
#: Source: Synapse, "manage compute with REST APIs".
PATIENCE: Final = 300.0
#: Error 40501 says "retry after 10 seconds".
_BUSY: Final = 40501
_BUSY_DELAY: Final = 10.0
#: Repeats of an attempt whose error is also what a wrong server or database name looks like.
_DOUBTFUL_REPEATS: Final = 2

_PASSING: Final = {ErrorKind.WARMING_UP, ErrorKind.TRANSIENT, ErrorKind.PERHAPS_TRANSIENT, ErrorKind.LINK_LOST}

log = logging.getLogger(__name__)


class Connector:
    """Opens connections of the driver to one pool, in autocommit mode.

    :param settings: Where to, and how to log in.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._tokens = PoolTokens(settings)

    def connect(
        self,
        *,
        patience: float = PATIENCE,
        login_timeout: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> Any:  # noqa: ANN401 - pyodbc ships no type information
        """Return an open connection.

        :param patience: Seconds within which errors that pass are answered by another attempt.
        :param login_timeout: Seconds for one attempt; None takes the connection's own.
        :param pause: Waits for that many seconds; it may raise to end the attempts.
        :raises SynapseConnectionError: The pool cannot be reached, or refuses the login; its subclasses say that it is
            paused or warming up.
        :raises DriverNotFoundError: There is no driver that can do it.
        """
        driver = self._driver()
        deadline = time.monotonic() + patience
        delay = FIRST_DELAY
        doubtful_repeats = 0
        while True:
            connection, text = self._attempt(driver, login_timeout or self._settings.login_timeout)
            if connection is not None:
                return connection
            kind = classify(text)
            doubtful_repeats += kind is ErrorKind.PERHAPS_TRANSIENT
            wanted = max(delay, _BUSY_DELAY) if _BUSY in native_numbers(text) else delay
            out_of_time = time.monotonic() + wanted > deadline
            if kind not in _PASSING or out_of_time or doubtful_repeats > _DOUBTFUL_REPEATS:
                raise connection_error(text, self._settings.address)
            log.warning("Cannot connect yet, next attempt in %d s: %s", wanted, text)
            pause(wanted)
            delay = min(delay * 2, LONGEST_DELAY)

    def statement_text(self, error: Exception) -> str:
        """Return what the driver says in an error, without what the connection keeps secret."""
        return driver_text(error, self._settings.secrets)

    def _driver(self) -> str:
        driver = find_driver(self._settings.driver)
        if is_freetds(driver) and self._tokens.needed:
            raise DriverNotFoundError(
                f"The driver {driver!r} cannot log in with an access token, which authentication "
                f"{self._settings.authentication.value!r} needs: use Microsoft's driver, or a SQL login."
            )
        return driver

    def _attempt(self, driver: str, login_timeout: int) -> tuple[Any, str]:
        token = self._tokens.current()
        pyodbc = load_pyodbc()
        try:
            return pyodbc.connect(
                self._settings.connection_string(driver),
                autocommit=True,
                timeout=login_timeout,
                attrs_before=token_attribute(token) if token else {},
            ), ""
        except pyodbc.Error as error:
            return None, driver_text(error, (*self._settings.secrets, *filter(None, [token])))
