"""Make sure that no other attempt of a load runs any more, before anything is decided.

Every attempt first announces itself by a labelled request in a session that bears its name, and then looks who else is
there. So of two attempts at the same time at least one sees the other. The one that Airflow wants (the higher clear
number and try number; among equals, the later) ends the other's session, or waits for its COPY; the other one gives up.
Only then does "not listed" mean "never submitted": a session that is closed submits nothing any more.

Assumption: A request that a view lists as running ends by itself, also when its client is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from airflow_synapse.exceptions import LoadBusyError, LoadSupersededError, StatementError
from airflow_synapse.load.identity import Attempt, correlation_prefix
from airflow_synapse.load.record import LoadRecord
from airflow_synapse.load.request import (
    REQUESTS_OF_LOAD,
    AttemptRequests,
    kill_session,
    open_sessions_query,
    read_open_sessions,
    read_requests,
)
from airflow_synapse.load.statements import PlainStatement, Statement

#: Seconds between two looks, at first and at most. Each look is itself a request, of which the pool keeps 10,000.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
#: Seconds that an ended session gets to close; rolling back takes about as long as the work took.
_PATIENCE: Final = 600.0

log: Final = logging.getLogger(__name__)


class WaitingSession(Protocol):
    """A session of the pool, as far as it is needed here."""

    def execute(self, statement: Statement) -> int | None:
        """Run a statement to its end."""

    def fetch(self, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""

    def pause(self, seconds: float) -> None:
        """Wait; raise when the load is cancelled meanwhile."""


@dataclass(kw_only=True)
class Settlement:
    """The way of one attempt to be the only one.

    :param session: The attempt's session, in which it has announced itself.
    :param attempt: The attempt.
    :param record: What Airflow remembers of earlier ones.
    :param is_repeatable: Whether the load may be repeated, so that a COPY from before a clear need not be waited for.
    """

    session: WaitingSession
    attempt: Attempt
    record: LoadRecord
    is_repeatable: bool
    _killed: set[str] = field(default_factory=set)

    def run(self) -> tuple[AttemptRequests, ...]:
        """Wait until every other attempt is over, ending those that must not go on, and return what the pool lists.

        :raises LoadSupersededError: A later try is there.
        :raises LoadBusyError: An earlier one does not end.
        """
        delay, waited = _FIRST_PAUSE, 0.0
        while True:
            listed = self._look()
            awaited = next((each for each in listed if self._is_awaited(each)), None)
            if awaited is None:
                running = self._end_sessions(listed)
                if not running and not any(each.is_running for each in self._others(listed)):
                    return self._look() if len(listed) > 1 or self.record.attempts else listed
                if waited >= _PATIENCE:
                    raise LoadBusyError(
                        f"An earlier try of this load still runs in session {', '.join(running) or 'that is closing'}: "
                        "see sys.dm_pdw_exec_sessions. The load is tried again later."
                    )
                waited += delay
            else:
                log.info("Waiting for the COPY of an earlier try: %s.", _describe(awaited))
            self.session.pause(delay)
            delay = min(delay * 2, _LONGEST_PAUSE)

    def _look(self) -> tuple[AttemptRequests, ...]:
        listed = read_requests(self.session.fetch(REQUESTS_OF_LOAD, correlation_prefix(self.attempt.load_id) + "%"))
        attempts = [each.attempt for each in listed]
        behind = attempts[attempts.index(self.attempt) + 1 :] if self.attempt in attempts else []
        for other in attempts:
            if other.rank > self.attempt.rank or (other.rank == self.attempt.rank and other in behind):
                raise LoadSupersededError(
                    f"Try {other.try_number} (clear number {other.clear_number}) of this load has begun: try "
                    f"{self.attempt.try_number} (clear number {self.attempt.clear_number}) gives up."
                )
        return listed

    def _others(self, listed: Iterable[AttemptRequests]) -> list[AttemptRequests]:
        return [each for each in listed if each.attempt != self.attempt]

    def _is_awaited(self, other: AttemptRequests) -> bool:
        """Whether to wait for a COPY into the table, and take its outcome, rather than to end it."""
        deciding = other.deciding
        return (
            other.attempt.path == "direct"
            and deciding is not None
            and deciding.is_running
            and (not self.is_repeatable or other.attempt.clear_number == self.attempt.clear_number)
        )

    def _end_sessions(self, listed: Iterable[AttemptRequests]) -> list[str]:
        """End the open sessions of other attempts, and return those that are still open."""
        others = self._others(listed)
        own = {each.session_id for each in listed if each.attempt == self.attempt}
        logins = {each.session_id: each.login_time for each in self.record.attempts if each.session_id}
        logins.update({each.session_id: None for each in others})  # their names were just seen: no need to compare
        candidates = logins.keys() - own
        if not candidates:
            return []
        found = read_open_sessions(self.session.fetch(open_sessions_query(candidates)))
        still_open = sorted(
            session_id for session_id, login_time in found.items() if logins[session_id] in {None, login_time}
        )
        for session_id in still_open:
            self._kill(session_id)
        return still_open

    def _kill(self, session_id: str) -> None:
        if session_id in self._killed:
            return
        self._killed.add(session_id)
        log.info("Ending session %s of an earlier try.", session_id)
        try:
            self.session.execute(PlainStatement(kill_session(session_id)))
        except StatementError as error:  # it may have closed just now
            log.warning("Session %s of an earlier try: %s", session_id, error)


def _describe(other: AttemptRequests) -> str:
    request = other.deciding
    what = f"request {request.request_id} ({request.status})" if request else "no request"
    return f"try {other.attempt.try_number}, {what}, session {other.session_id}"
