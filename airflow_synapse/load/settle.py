"""Make sure that no other attempt of a load runs any more, before anything is decided.

Every attempt first announces itself by a labelled request in a session that bears its name, and then looks who else is
there. So of two attempts at the same time at least one sees the other. The one that Airflow wants (the higher clear
number and try number; among equals, that of the process which began last) ends the other's session, or waits for its
COPY; the other one gives up. Only then does "not listed" mean "never submitted": a session that is closed submits
nothing any more.

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
    BEGIN_MARKER,
    REQUESTS_OF_LOAD,
    AttemptRequests,
    kill_session,
    open_sessions_query,
    read_open_sessions,
    read_requests,
    set_correlation_id,
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

    #: The pool's name of the session; the load sets it.
    session_id: str

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
    :param is_repeatable: Whether the load may be repeated, so that only a COPY that Airflow remembers is waited for,
        and none from before a clear.
    :param is_first: Whether the attempt is the first of its process, so that a later try cannot have ended it.
    """

    session: WaitingSession
    attempt: Attempt
    is_repeatable: bool
    is_first: bool = True
    _is_listed: bool = False
    _shows_sessions: bool = True
    _killed: set[str] = field(default_factory=set)

    def announce(self) -> None:
        """Name the session after the attempt, and send its first request."""
        self.session.execute(PlainStatement(set_correlation_id(self.attempt)))
        self.session.session_id = str(self.session.fetch(BEGIN_MARKER)[0][0])

    def run(self, record: LoadRecord) -> tuple[AttemptRequests, ...]:
        """Wait until every other attempt is over, ending those that must not go on, and return what the pool lists.

        :param record: What Airflow remembers of earlier attempts, read after :meth:`announce`.
        :raises LoadSupersededError: A later try is there.
        :raises LoadBusyError: An earlier one does not end.
        """
        listed = self._first_look()
        recorded = {each.attempt for each in record.attempts}
        delay, waited = _FIRST_PAUSE, 0.0
        while self._is_listed:
            awaited = next((each for each in listed if self._is_awaited(each, recorded)), None)
            if awaited is None:
                still_open = self._end_sessions(listed, record)
                if not still_open and not any(each.is_running for each in listed):
                    # Once more: a session may have submitted something before it closed.
                    return self._look() if len(listed) > 1 or record.attempts else listed
                if waited >= _PATIENCE:
                    raise LoadBusyError(
                        f"An earlier try of this load still runs (session {', '.join(still_open) or 'closed'}): see "
                        "sys.dm_pdw_exec_requests. The load is tried again later."
                    )
                waited += delay
            else:
                log.info("Waiting for the COPY of an earlier try: %s.", _describe(awaited))
            self.session.pause(delay)
            delay = min(delay * 2, _LONGEST_PAUSE)
            listed = self._look()
        return listed

    def is_shown(self) -> bool:
        """Say whether the pool shows the attempt, after :meth:`announce`.

        :raises LoadSupersededError: A later try is there.
        """
        self._first_look()
        return self._is_listed

    def check(self) -> None:
        """Look again, after the record was written and before anything is submitted.

        An attempt that began meanwhile and has not read that record is seen here; if the views have dropped its
        announcement, they have dropped that of this attempt too.

        :raises LoadSupersededError: A later try is there.
        :raises LoadBusyError: The pool has forgotten that this attempt began.
        """
        if self._is_listed and not self._began(self._look()):
            raise LoadBusyError("The pool has forgotten that this try began. The load is tried again later.")

    def _first_look(self) -> tuple[AttemptRequests, ...]:
        """Look, and find out whether the views can be relied on."""
        try:
            listed = self._look()
            if not self._began(listed):  # forgotten already, or never shown
                self.announce()
                listed = self._look()
        except StatementError as error:
            if error.retryable:
                raise
            reason = str(error)
            listed = ()
        else:
            reason = "Its own request is not listed."
        self._is_listed = self._began(listed)
        if not self._is_listed:
            log.warning(
                "The pool does not show the requests of this load, so that a later try may be unable to know what "
                "became of it; VIEW DATABASE STATE is needed. %s",
                reason,
            )
        return listed

    def _look(self) -> tuple[AttemptRequests, ...]:
        listed = read_requests(self.session.fetch(REQUESTS_OF_LOAD, correlation_prefix(self.attempt.load_id) + "%"))
        behind = False
        for each in listed:
            other = each.attempt
            is_later = other.rank > self.attempt.rank and (behind or each.is_running or not self._may_be_of_old)
            if is_later:
                raise self._superseded(other)
            behind = behind or other == self.attempt
        # Among equals that process goes on which began last, whichever of them has made another attempt since: a
        # trigger that a second triggerer has taken over, while the first one was only slow.
        processes = [each.attempt.process for each in listed if each.attempt.rank == self.attempt.rank]
        newest = max(processes, key=processes.index, default=self.attempt.process)
        if self.attempt.process in processes and newest != self.attempt.process:
            raise self._superseded(next(each.attempt for each in listed if each.attempt.process == newest))
        return listed

    @property
    def _may_be_of_old(self) -> bool:
        """Whether a later try that is listed before this attempt may be one of a DAG run that was deleted.

        A new run of the same name counts its tries from 1 again. Where the load may be repeated, that is no reason to
        give up, as long as nothing of that try goes on.
        """
        return self.is_repeatable and self.is_first

    def _superseded(self, other: Attempt) -> LoadSupersededError:
        return LoadSupersededError(
            f"Try {other.try_number} (clear number {other.clear_number}) of this load has begun: try "
            f"{self.attempt.try_number} (clear number {self.attempt.clear_number}) gives up. Where Airflow shows no "
            "such try, it is one of a DAG run of this name that was deleted: trigger a run with another run_id."
        )

    def _began(self, listed: Iterable[AttemptRequests]) -> bool:
        return any(each.attempt == self.attempt and each.began for each in listed)

    def _others(self, listed: Iterable[AttemptRequests]) -> list[AttemptRequests]:
        return [each for each in listed if each.attempt != self.attempt]

    def _is_awaited(self, other: AttemptRequests, recorded: set[Attempt]) -> bool:
        """Whether to wait for a COPY into the table, and take its outcome, rather than to end it."""
        deciding = other.deciding
        is_wanted = other.attempt.clear_number == self.attempt.clear_number and other.attempt in recorded
        return (
            other.attempt.path == "direct"
            and deciding is not None
            and deciding.is_running
            and (not self.is_repeatable or is_wanted)
        )

    def _end_sessions(self, listed: Iterable[AttemptRequests], record: LoadRecord) -> list[str]:
        """End the open sessions of other attempts, and return those that are still open."""
        others = self._others(listed)
        # After a pause, the id alone may be that of somebody else's session.
        logins: dict[str, str | None] = {
            each.session_id: each.login_time for each in record.attempts if each.session_id and each.login_time
        }
        logins.update({each.session_id: None for each in others})  # their names were just seen: no need to compare
        candidates = logins.keys() - {self.session.session_id}
        if not candidates:
            return []
        found = self._open_sessions(candidates)
        if found is None:
            # Which sessions are open is not shown: the requests are. One that is listed is of this load for sure.
            for each in others:
                if each.attempt.rank > self.attempt.rank:
                    raise self._superseded(each.attempt)  # its session may be open
                self._kill(each.session_id)
            return sorted(each.session_id for each in others if each.is_running)
        still_open = sorted(
            session_id for session_id, login_time in found.items() if logins[session_id] in {None, login_time}
        )
        for each in others:
            if each.session_id in still_open and each.attempt.rank > self.attempt.rank:
                raise self._superseded(each.attempt)
        for session_id in still_open:
            self._kill(session_id)
        return still_open

    def _open_sessions(self, session_ids: Iterable[str]) -> dict[str, str] | None:
        """Return those of the sessions that are open, each with its login time; None where the pool does not say."""
        if not self._shows_sessions:
            return None
        try:
            return read_open_sessions(self.session.fetch(open_sessions_query(session_ids)))
        except StatementError as error:
            if error.retryable:
                raise
            log.warning(
                "The pool does not show whether sessions of earlier tries are open: they are ended unseen. A worker "
                "that neither works nor is dead may still submit what it was about to; VIEW SERVER STATE is needed. %s",
                error,
            )
            self._shows_sessions = False
            return None

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
