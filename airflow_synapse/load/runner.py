"""Run a load so that its rows are in the table exactly once. The only place that decides to submit.

An attempt, each in a session of its own:

1. announces itself to the pool, and makes sure that no other attempt of the load runs any more (:mod:`.settle`);
2. learns from the record, the pool's views and the ledger what became of the others, and decides (:mod:`.decision`);
3. writes into the record that it is about to submit; then submits (:mod:`.submission`);
4. writes into the record what came of it.

A link that breaks ends the attempt, and another one begins. A worker that dies leaves that to the next try.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from time import monotonic
from typing import Final

from airflow_synapse.exceptions import ConnectionLostError, SqlError, SynapseError
from airflow_synapse.load.decision import Decision, Knowledge, decide, learn
from airflow_synapse.load.failures import changed_arguments, unknown_outcome
from airflow_synapse.load.identity import Attempt, staging_prefix
from airflow_synapse.load.ledger import Ledger
from airflow_synapse.load.load import Load, LoadOutcome
from airflow_synapse.load.plan import plan_load
from airflow_synapse.load.record import LoadedBy, LoadRecord, OpenAttempt
from airflow_synapse.load.request import (
    OWN_LOGIN_TIME,
    ROWS_OF_REQUEST,
    AttemptRequests,
)
from airflow_synapse.load.settle import Settlement
from airflow_synapse.load.submission import Session, Submission, drop_leftovers, update_table_statistics

#: Attempts that one try makes when its link breaks again and again.
_ATTEMPTS: Final = 4

log: Final = logging.getLogger(__name__)


def run_load(open_session: Callable[[], AbstractContextManager[Session]], load: Load) -> LoadOutcome:
    """Run a load to its end, or take the result of an earlier try.

    :param open_session: Returns a session, which a ``with`` block opens and closes.
    :raises CopyOutcomeUnknownError: Nobody can know whether an earlier try has loaded.
    :raises LoadChangedError: An earlier try has loaded, by other arguments.
    :raises LoadSupersededError: A later try has taken over.
    :raises CopyFailedError: The pool refused the COPY, or could not finish it.
    :raises LoadCheckError: The staged rows do not fit, or ``inspect`` refuses them.
    :raises StatementError: Another statement of the load failed.
    :raises StatementCancelledError: It was cancelled.
    """
    load.options.check(load.copy)
    last = load.first_number + _ATTEMPTS - 1
    for number in range(load.first_number, last + 1):
        try:
            with open_session() as session:
                attempt = _AttemptRun(session, load, load.attempt(number))
                outcome = attempt.run()
        except ConnectionLostError as error:
            if number == last:
                raise
            log.warning("The link broke; connecting again to see what became of the load. %s", error)
        else:
            if attempt.has_leftovers:
                _clean_up(open_session, load)
            return outcome
    raise AssertionError("unreachable")


def _clean_up(open_session: Callable[[], AbstractContextManager[Session]], load: Load) -> None:
    """Drop, in another session, what a load that is done could not drop in its own."""
    try:
        with open_session() as session:
            drop_leftovers(session, staging_prefix(load.identity.load_id))
    except SynapseError as error:
        log.warning("The rows are loaded, but a staging table is left behind. %s", error)


def find_result(open_session: Callable[[], AbstractContextManager[Session]], load: Load) -> LoadOutcome | None:
    """Return the result of an earlier try of a load whose files are yet to be made; None where it is to be run.

    :raises SynapseError: As :func:`run_load`; nothing is submitted.
    """
    load.options.check(load.copy)
    with open_session() as session:
        return _AttemptRun(session, load, load.attempt(load.first_number)).find_result()


def hand_over(open_session: Callable[[], AbstractContextManager[Session]], load: Load) -> LoadRecord | None:
    """Let another process run the load, one that may die and be started again, and cannot reach the store.

    An attempt announces itself and is recorded, and does no more. As long as the pool lists it, it lists all attempts
    that the other process makes, so that "not listed" still means "never submitted"; once it is forgotten, the outcome
    is unknown.

    :return: The record for the store of the other process; None where the pool does not show the attempt and the
        outcome of the load could not be known otherwise: then it must stay here.
    """
    load.options.check(load.copy)
    attempt = load.attempt(1)
    with open_session() as session:
        settlement = Settlement(session=session, attempt=attempt, is_repeatable=load.options.is_repeatable)
        settlement.announce()
        can_know = load.options.is_repeatable or load.options.ledger_table is not None
        if not can_know and not settlement.is_shown():
            return None
        ledger = _open_ledger(session, load, attempt)
        # No session to end: it submits nothing. And no claim, which would wait for a transaction of an earlier try.
        handed_over = OpenAttempt(attempt=attempt, ledger=ledger.created(session) if ledger else None)
        record = load.stored().with_attempt(handed_over)
        load.keep(record)
        return record


def _open_ledger(session: Session, load: Load, attempt: Attempt) -> Ledger | None:
    """Return the ledger, which is made when missing; None without one."""
    table = load.options.ledger_table
    if table is None:
        return None
    ledger = Ledger(table=table, attempt=attempt, target=load.copy.target, label=load.copy.label or "")
    ledger.create_if_missing(session)
    return ledger


class _AttemptRun:
    """One attempt, on its session."""

    def __init__(self, session: Session, load: Load, attempt: Attempt) -> None:
        self._session = session
        self._load = load
        self._attempt = attempt
        self._record = LoadRecord()
        self._ledger_created: str | None = None
        #: Whether the link broke after the rows were in the table, and before the staging table was dropped.
        self.has_leftovers = False
        self._settlement = Settlement(
            session=session,
            attempt=self._attempt,
            is_repeatable=load.options.is_repeatable,
            is_first=attempt.number == load.first_number,
        )

    def run(self) -> LoadOutcome:
        knowledge, ledger, done = self._look_back()
        return done or self._run(knowledge, ledger)

    def find_result(self) -> LoadOutcome | None:
        *_, done = self._look_back()
        if done is None:
            self._drop_leftovers()  # nobody may come to do that later
        return done

    def _look_back(self) -> tuple[Knowledge, Ledger | None, LoadOutcome | None]:
        """Learn what became of other attempts; the outcome is None where the load is to be run."""
        options = self._load.options
        listed = self._settle()
        ledger = _open_ledger(self._session, self._load, self._attempt)
        remembers = False
        if ledger:
            self._ledger_created = ledger.created(self._session)
            remembers = ledger.remembers(self._session)
            ledger.claim(self._session)
        knowledge = learn(
            self._attempt,
            record=self._record,
            listed=listed,
            ledger=ledger.loaded(self._session) if ledger else None,
            ledger_created=self._ledger_created,
            ledger_remembers=remembers,
            has_store=self._load.has_store,
        )
        facts = knowledge.facts(self._attempt, repeatable=options.is_repeatable, reload=options.reload)
        decision = decide(facts)
        done = knowledge.result_for(self._attempt)
        if decision is Decision.RAISE_UNKNOWN:
            self._remember(self._record.told())
            raise unknown_outcome(self._load.copy, has_store=self._load.has_store)
        if decision is Decision.RUN or done is None:
            return knowledge, ledger, None
        if decision is Decision.REFUSE_CHANGED:
            self._remember(replace(self._record.keeping(knowledge.unknown), loaded=done))
            raise changed_arguments(self._load.copy, done)
        return knowledge, ledger, self._take(done, reused=decision is Decision.REUSE_RESULT)

    def _settle(self) -> tuple[AttemptRequests, ...]:
        """Announce the attempt, and wait until it is the only one."""
        self._settlement.announce()
        # Now: an attempt that writes its record later than this sees the announcement before it submits.
        self._record = self._load.stored()
        return self._settlement.run(self._record)

    def _take(self, done: LoadedBy, *, reused: bool) -> LoadOutcome:
        """Return the result of an attempt that is over, and do what it may have left undone."""
        self._drop_leftovers()
        if self._load.options.update_statistics and not reused:
            update_table_statistics(self._session, self._load.copy.target)
        if done.rows_loaded is None and done.request_id is not None:
            done = replace(done, rows_loaded=self._rows_of(done.request_id))
        what = "the task was cleared, but its rows are in the table (reload=True adds them again)" if reused else "done"
        log.info("Try %d has loaded: %s. Nothing is submitted.", done.attempt.try_number, what)
        self._remember(LoadRecord(loaded=done))
        return LoadOutcome(
            attempt=done.attempt, request_id=done.request_id, rows_loaded=done.rows_loaded, reused=reused
        )

    def _run(self, knowledge: Knowledge, ledger: Ledger | None) -> LoadOutcome:
        load, attempt = self._load, self._attempt
        if load.before:
            load.before(self._session)
        copy = load.copy_of(attempt) if load.copy_of else load.copy
        plan = plan_load(self._session, load.options, copy, attempt)
        if load.is_empty:
            plan = replace(plan, copy=None)
        self._drop_leftovers()
        if ledger and load.options.is_repeatable:
            ledger.reopen(self._session)
        before = LoadRecord(
            loaded=knowledge.loaded[-1] if knowledge.loaded else None,
            attempts=self._record.keeping(knowledge.unknown).attempts,
        )
        about_to = OpenAttempt(
            attempt=attempt,
            session_id=self._session.session_id,
            login_time=self._login_time(),
            ledger=self._ledger_created,
        )
        self._record = before.with_attempt(about_to)
        load.keep(self._record)
        submission = Submission(
            session=self._session, options=load.options, copy=copy, plan=plan, ledger=ledger, inspect=load.inspect
        )
        started = monotonic()
        try:
            self._settlement.check()
            submitted = submission.run()
        except SynapseError as error:
            if submission.left_nothing(error):
                submission.undo()
                self._remember(before)
            raise
        seconds = round(monotonic() - started, 3)
        done = LoadedBy(attempt=attempt, request_id=submitted.request_id, rows_loaded=submitted.rows_loaded)
        self._remember(LoadRecord(loaded=done))
        try:
            submission.finish()
        except ConnectionLostError as error:
            log.warning("The rows are loaded, and then the link broke. %s", error)
            self.has_leftovers = plan.staging is not None
        return LoadOutcome(attempt=attempt, request_id=done.request_id, rows_loaded=done.rows_loaded, seconds=seconds)

    def _drop_leftovers(self) -> None:
        if self._load.options.path == "staged":
            drop_leftovers(self._session, staging_prefix(self._attempt.load_id))

    def _rows_of(self, request_id: str) -> int | None:
        try:
            rows = self._session.fetch(ROWS_OF_REQUEST, request_id)
        except SqlError as error:
            log.warning("The rows of %s are not known. %s", request_id, error)
            return None
        return None if not rows or rows[0][0] is None else int(rows[0][0])

    def _login_time(self) -> str | None:
        try:
            rows = self._session.fetch(OWN_LOGIN_TIME)
        except ConnectionLostError:
            raise
        except SqlError as error:
            log.warning(
                "Should this try die, a later one may be unable to see that. VIEW SERVER STATE is needed. %s", error
            )
            return None
        return str(rows[0][0]) if rows else None

    def _remember(self, record: LoadRecord) -> None:
        """Write the record, unless another attempt has written meanwhile: then it knows better.

        Where that fails, a later try asks the pool.
        """
        try:
            if self._load.stored() == self._record:
                self._load.keep(record)
        except Exception as error:  # whatever the store's backend raises: the rows count more
            log.warning("What came of the load could not be stored. %s", error)
