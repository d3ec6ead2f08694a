"""What an attempt does, given what is known of the attempts before it. Nothing here talks to anybody.

Two questions are answered apart: has this load been done since the user last asked for it (*now*), and had it been
done before the user cleared or reprocessed it (*before*)? Each has one of three answers. :data:`DECISIONS` says what
follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.record import LoadedBy, LoadRecord
from airflow_synapse.load.request import AttemptRequests


class Outcome(Enum):
    """Whether a load has put its rows into the table."""

    LOADED = "loaded"
    NOT_LOADED = "not loaded"
    UNKNOWN = "unknown"


class Decision(Enum):
    """What an attempt does."""

    #: Submit the statements.
    RUN = "run"
    #: Return the result of an attempt that loaded the rows, and died before it could say so.
    TAKE_RESULT = "take the result"
    #: Return the result of the load before the clear: its rows are in the table.
    REUSE_RESULT = "reuse the result of before the clear"
    #: Fail: the rows of the load are in the table, but its arguments were changed since.
    REFUSE_CHANGED = "refuse the changed arguments"
    #: Fail: nobody can know whether the rows are in the table.
    RAISE_UNKNOWN = "raise CopyOutcomeUnknownError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a decision depends on.

    :param now: Outcome of the attempts with the clear number of this one.
    :param before: Outcome of the attempts with lower clear numbers.
    :param repeatable: Whether doing the load twice leaves the table as doing it once does.
    :param unended: Whether the load was done, or nobody knows, by an attempt that Airflow remembers as one that has not
        come to its end (its link broke, or its worker died), so that the user was told nothing of it.
    :param reload: Whether the user wants the rows again after a clear, whatever is in the table.
    :param changed: Whether the load that was done had other arguments. Says nothing where none was done.
    """

    now: Outcome
    before: Outcome
    repeatable: bool
    unended: bool = False
    reload: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of the table; None stands for any value."""

    then: Decision
    repeatable: bool
    now: Outcome | None = None
    before: Outcome | None = None
    unended: bool | None = None
    reload: bool | None = None
    changed: bool | None = None

    def fits(self, facts: Facts) -> bool:
        """Say whether the row is for these facts."""
        return all(
            getattr(self, name) in {None, getattr(facts, name)}
            for name in ("repeatable", "now", "before", "unended", "reload", "changed")
        )


_L, _N, _U = Outcome.LOADED, Outcome.NOT_LOADED, Outcome.UNKNOWN

#: Exactly one row fits any facts.
DECISIONS: Final = (
    # A load that can be repeated is repeated, unless this is the try after a crash. A try that came to its end may have
    # loaded other files of the same names: before a clear that did not count, or in a DAG run of the same name that was
    # deleted, of which Airflow remembers nothing. Where that was not so, it costs time only.
    Rule(repeatable=True, unended=True, changed=False, then=Decision.TAKE_RESULT),
    Rule(repeatable=True, unended=True, changed=True, then=Decision.RUN),
    Rule(repeatable=True, unended=False, then=Decision.RUN),
    # One that adds rows runs only where it is known that they are not there. reload counts once a clear: it says
    # nothing about the tries after it. And it says nothing about a load that has not ended: whoever clears another task
    # of the DAG run changes the clear number of this one, too, and Airflow's own retry then looks like a clear.
    Rule(repeatable=False, now=_L, changed=False, then=Decision.TAKE_RESULT),
    Rule(repeatable=False, now=_L, changed=True, then=Decision.REFUSE_CHANGED),
    Rule(repeatable=False, now=_U, then=Decision.RAISE_UNKNOWN),
    Rule(repeatable=False, now=_N, before=_N, then=Decision.RUN),
    Rule(repeatable=False, now=_N, before=_L, reload=True, unended=False, then=Decision.RUN),
    Rule(repeatable=False, now=_N, before=_L, reload=True, unended=True, changed=False, then=Decision.REUSE_RESULT),
    Rule(repeatable=False, now=_N, before=_L, reload=True, unended=True, changed=True, then=Decision.REFUSE_CHANGED),
    Rule(repeatable=False, now=_N, before=_L, reload=False, changed=False, then=Decision.REUSE_RESULT),
    Rule(repeatable=False, now=_N, before=_L, reload=False, changed=True, then=Decision.REFUSE_CHANGED),
    Rule(repeatable=False, now=_N, before=_U, reload=True, unended=False, then=Decision.RUN),
    Rule(repeatable=False, now=_N, before=_U, reload=True, unended=True, then=Decision.RAISE_UNKNOWN),
    Rule(repeatable=False, now=_N, before=_U, reload=False, then=Decision.RAISE_UNKNOWN),
)


def decide(facts: Facts) -> Decision:
    """Return what to do."""
    return next(rule.then for rule in DECISIONS if rule.fits(facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known of the attempts of a load that are over.

    :param loaded: Attempts whose rows are in the table, the latest last.
    :param unknown: Attempts whose outcome nobody can know.
    :param unended: Attempts that Airflow remembers as not ended, and of which the user was not told.
    :param lost: Whether attempts may have been of which nothing is known at all.
    """

    loaded: tuple[LoadedBy, ...] = ()
    unknown: frozenset[Attempt] = frozenset()
    unended: frozenset[Attempt] = frozenset()
    lost: bool = False

    def facts(self, me: Attempt, *, repeatable: bool, reload: bool) -> Facts:
        """Return the facts for the decision of ``me``."""
        done = self.result_for(me)
        return Facts(
            now=self._outcome({True}, me),
            before=self._outcome({False}, me),
            repeatable=repeatable,
            unended=self._is_unended(done, me, repeatable=repeatable),
            reload=reload,
            changed=done is not None and done.attempt.fingerprint != me.fingerprint,
        )

    def _is_unended(self, done: LoadedBy | None, me: Attempt, *, repeatable: bool) -> bool:
        if done is None:
            return not repeatable and bool(self.unknown & self.unended)
        # What can be repeated is repeated after a clear.
        is_asked_for = not repeatable or done.attempt.clear_number == me.clear_number
        return done.attempt in self.unended and is_asked_for

    def result_for(self, me: Attempt) -> LoadedBy | None:
        """Return the load that was done, preferably since the user last asked for it; None for none."""
        now = tuple(each for each in self.loaded if each.attempt.clear_number == me.clear_number)
        return next(reversed(now or self.loaded), None)

    def _outcome(self, is_now: set[bool], me: Attempt) -> Outcome:
        def counts(attempt: Attempt) -> bool:
            return (attempt.clear_number == me.clear_number) in is_now

        if any(counts(each.attempt) for each in self.loaded):
            return Outcome.LOADED
        if any(map(counts, self.unknown)) or (self.lost and True in is_now):
            return Outcome.UNKNOWN
        return Outcome.NOT_LOADED


def learn(
    me: Attempt,
    *,
    record: LoadRecord,
    listed: Iterable[AttemptRequests],
    ledger: Iterable[LoadedBy] | None,
    ledger_created: str | None,
    ledger_remembers: bool,
    has_store: bool,
) -> Knowledge:
    """Put together what Airflow, the pool's views and the ledger know. No other attempt may be running any more.

    :param me: The attempt that asks.
    :param record: What Airflow remembers.
    :param listed: What the pool's views list, in the order of submission; ``me`` among it or not.
    :param ledger: What the ledger says was loaded; None without a ledger.
    :param ledger_created: When the ledger was created: an attempt that used it shows there.
    :param ledger_remembers: Whether the ledger knew of the load before ``me``, so that every attempt shows there. Else
        it may have been dropped and made again, or be another one than theirs.
    :param has_store: Whether an attempt that Airflow does not remember cannot have submitted anything.
    """
    others = {each.attempt: each for each in listed if each.attempt != me}
    loaded = [record.loaded] if record.loaded else []
    unknown: set[Attempt] = set()
    in_ledger = {each.attempt for each in record.attempts if each.ledger and each.ledger == ledger_created}
    for attempt in dict.fromkeys((*others, *(each.attempt for each in record.attempts))):
        requests = others.get(attempt)
        outcome = _outcome_of(attempt, requests, has_ledger=ledger_remembers or attempt in in_ledger)
        if outcome is Outcome.UNKNOWN:
            unknown.add(attempt)
        elif outcome is Outcome.LOADED:
            copy = requests.copy if requests else None
            loaded.append(LoadedBy(attempt=attempt, request_id=copy.request_id if copy else None))
    loaded.extend(ledger or ())
    known = {each.attempt: each for each in loaded}
    if record.loaded:  # it knows the rows, too
        known[record.loaded.attempt] = record.loaded
    return Knowledge(
        loaded=tuple(sorted(known.values(), key=lambda each: each.attempt.rank)),
        unknown=frozenset(unknown - known.keys()),
        unended=frozenset(each.attempt for each in record.attempts if not each.is_told),
        lost=not has_store and ledger is None and not _all_tries_are_known(me, others.values()),
    )


def _outcome_of(attempt: Attempt, requests: AttemptRequests | None, *, has_ledger: bool) -> Outcome:
    """Return the outcome of an attempt that is over, before anybody has asked the ledger."""
    deciding = requests.deciding if requests else None
    if deciding:
        return Outcome.LOADED if deciding.status == "Completed" else Outcome.NOT_LOADED
    if attempt.path == "staged":
        if requests and requests.began and not requests.copy:
            return Outcome.NOT_LOADED  # it had not come as far
        # The link may have broken between the publication and the marker behind it: only the ledger knows.
        return Outcome.NOT_LOADED if has_ledger else Outcome.UNKNOWN
    return Outcome.NOT_LOADED if requests and requests.began else Outcome.UNKNOWN


def _all_tries_are_known(me: Attempt, others: Iterable[AttemptRequests]) -> bool:
    """Say whether the views list every try before ``me``, or a later one that knew what had become of them."""
    settled = 0
    tries = {me.try_number}
    for other in others:
        if other.attempt.number == 1:  # else an earlier attempt of the same try may be forgotten
            tries.add(other.attempt.try_number)
        if other.deciding:
            settled = max(settled, other.attempt.try_number)
    return all(number in tries for number in range(settled + 1, me.try_number))
