"""Log how far a COPY is, while it runs, from a session of its own."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Final, Self

from airflow_synapse.exceptions import StatementCancelledError, SynapseError
from airflow_synapse.hooks.pool_session import PoolSession
from airflow_synapse.load.preflight import Preflight
from airflow_synapse.load.progress import PROGRESS_OF_COPY, ProgressLog, ProgressReading

_SHOWN: Final = {"Running", "Suspended"}
#: Seconds that the session gets to close; the load does not wait longer for it.
_CLOSE_SECONDS: Final = 1.0

log: Final = logging.getLogger(__name__)


class ProgressReporter:
    """Asks once an interval for as long as the ``with`` block runs. A load that is over before it costs no session.

    :param open_session: Returns a session, which a ``with`` block opens and closes.
    :param label: Label of the COPY.
    :param session_id: Returns the pool's name of the session that loads; empty while there is none.
    :param sources: Returns what is known of the source files; None for nothing.
    :param interval: Seconds between two queries; None or 0 for no progress.
    """

    def __init__(
        self,
        open_session: Callable[[], PoolSession],
        *,
        label: str,
        session_id: Callable[[], str],
        sources: Callable[[], Preflight | None],
        interval: float | None,
    ) -> None:
        self._open_session = open_session
        self._label = label
        self._session_id = session_id
        self._sources = sources
        self._interval = interval or 0.0
        self._stopped = threading.Event()
        self._session: PoolSession | None = None
        context = contextvars.copy_context()  # Airflow finds the task of a log line by it
        # A daemon: a query that cannot be stopped must not keep the process alive.
        self._thread = threading.Thread(target=context.run, args=(self._work,), name="synapse-progress", daemon=True)

    def __enter__(self) -> Self:
        if self._interval > 0:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        if session := self._session:
            session.cancel()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)

    def _work(self) -> None:
        if self._stopped.wait(self._interval):
            return
        self._session = self._open_session()
        try:
            with self._session as session:
                self._report(session)
        except StatementCancelledError:
            return
        except SynapseError as error:
            log.warning("No more progress is shown; VIEW DATABASE STATE is needed. %s", error)

    def _report(self, session: PoolSession) -> None:
        sources = self._sources()
        progress = ProgressLog(
            sources.bytes if sources else None, is_plain_text=bool(sources and sources.is_plain_text)
        )
        while not self._stopped.is_set():
            reading = ProgressReading.from_rows(session.fetch(PROGRESS_OF_COPY, self._label, self._session_id()))
            if reading is not None and reading.status in _SHOWN:
                log.info("%s", progress.line(reading, monotonic()))
            self._stopped.wait(self._interval)
