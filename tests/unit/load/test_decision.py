"""What an attempt does, for all that can be known of the attempts before it."""

from itertools import product

import pytest

from airflow_synapse.load.decision import DECISIONS, Decision, Facts, Outcome, decide, learn
from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.record import LoadedBy, LoadRecord, OpenAttempt
from airflow_synapse.load.request import BEGIN_LABEL, PUBLISHED_LABEL, AttemptRequests, Request

LOADED, NOT_LOADED, UNKNOWN = Outcome.LOADED, Outcome.NOT_LOADED, Outcome.UNKNOWN
EVERY_FACTS = [
    Facts(now=now, before=before, repeatable=repeatable, unended=unended, reload=reload, changed=changed)
    for now, before, repeatable, unended, reload, changed in product(Outcome, Outcome, *[(False, True)] * 4)
]


@pytest.mark.parametrize("facts", EVERY_FACTS, ids=str)
def test_exactly_one_rule_fits(facts):
    assert len([rule for rule in DECISIONS if rule.fits(facts)]) == 1


@pytest.mark.parametrize("facts", [facts for facts in EVERY_FACTS if not facts.repeatable], ids=str)
def test_an_append_runs_only_where_its_rows_are_known_not_to_be_there_or_the_user_asks_again(facts):
    asked_again = facts.reload and facts.now is NOT_LOADED and not facts.unended
    known_missing = facts.now is NOT_LOADED and facts.before is NOT_LOADED
    assert (decide(facts) is Decision.RUN) == (known_missing or asked_again)


@pytest.mark.parametrize("facts", [facts for facts in EVERY_FACTS if facts.repeatable], ids=str)
def test_a_repeatable_load_never_fails_for_what_is_not_known_and_runs_unless_a_crash_hid_that_it_was_done(facts):
    assert decide(facts) is (Decision.TAKE_RESULT if facts.unended and not facts.changed else Decision.RUN)


@pytest.mark.parametrize(
    ("now", "before", "reload", "changed", "decision"),
    [
        (NOT_LOADED, NOT_LOADED, False, False, Decision.RUN),
        (LOADED, NOT_LOADED, False, False, Decision.TAKE_RESULT),
        (LOADED, NOT_LOADED, True, False, Decision.TAKE_RESULT),
        (UNKNOWN, NOT_LOADED, True, False, Decision.RAISE_UNKNOWN),
        (NOT_LOADED, LOADED, False, False, Decision.REUSE_RESULT),
        (NOT_LOADED, LOADED, False, True, Decision.REFUSE_CHANGED),
        (NOT_LOADED, LOADED, True, True, Decision.RUN),
        (NOT_LOADED, UNKNOWN, False, False, Decision.RAISE_UNKNOWN),
        (NOT_LOADED, UNKNOWN, True, False, Decision.RUN),
    ],
)
def test_what_an_append_does(now, before, reload, changed, decision):
    facts = Facts(now=now, before=before, repeatable=False, reload=reload, changed=changed)
    assert decide(facts) is decision


def attempt(**changes):
    fields = {
        "load_id": "abc",
        "clear_number": 0,
        "try_number": 1,
        "number": 1,
        "token": "t1",
        "fingerprint": "f",
        "path": "direct",
    }
    return Attempt(**{**fields, **changes})


ME = attempt(try_number=2, token="me")
EARLIER = attempt()
STAGED = attempt(path="staged")


def listed(of, *requests):
    return AttemptRequests(
        of,
        tuple(
            Request(request_id=f"QID{number}", session_id="SID1", status=status, label=label)
            for number, (label, status) in enumerate(requests)
        ),
    )


BEGUN = (BEGIN_LABEL, "Completed")


def learned(*requests, record=None, ledger=None, ledger_created=None, ledger_remembers=None, has_store=True, me=ME):
    return learn(
        me,
        record=record or LoadRecord(),
        listed=requests,
        ledger=ledger,
        ledger_created=ledger_created,
        ledger_remembers=ledger is not None if ledger_remembers is None else ledger_remembers,
        has_store=has_store,
    )


def outcome(*requests, me=ME, **known):
    knowledge = learned(*requests, me=me, **known)
    return knowledge.facts(me, repeatable=False, reload=False).now


def remembering(of):
    return LoadRecord(attempts=(OpenAttempt(attempt=of),))


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([listed(EARLIER, BEGUN, ("the label", "Completed"))], LOADED),
        ([listed(EARLIER, BEGUN, ("the label", "Failed"))], NOT_LOADED),
        ([listed(EARLIER, BEGUN, ("the label", "Cancelled"))], NOT_LOADED),
        ([listed(EARLIER, BEGUN)], NOT_LOADED),
        ([listed(EARLIER, ("the label", "Completed"))], LOADED),
        ([], UNKNOWN),
    ],
    ids=["completed", "failed", "canceled", "never submitted", "its beginning forgotten", "forgotten"],
)
def test_what_a_remembered_copy_into_the_table_came_to(requests, expected):
    assert outcome(*requests, record=remembering(EARLIER)) is expected


@pytest.mark.parametrize(
    ("requests", "ledger", "expected"),
    [
        ([listed(STAGED, BEGUN, ("the label", "Completed"), (PUBLISHED_LABEL, "Completed"))], None, LOADED),
        ([listed(STAGED, BEGUN, ("the label", "Completed"))], None, UNKNOWN),
        ([listed(STAGED, BEGUN, ("the label", "Completed"))], [], NOT_LOADED),
        ([], [], NOT_LOADED),
        ([], [LoadedBy(attempt=STAGED, rows_loaded=5)], LOADED),
    ],
    ids=["published", "staged only", "not in the ledger", "forgotten, not in the ledger", "in the ledger"],
)
def test_what_a_remembered_staged_load_came_to(requests, ledger, expected):
    assert outcome(*requests, record=remembering(STAGED), ledger=ledger) is expected


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([listed(STAGED, BEGUN, ("the label", "Completed"), (PUBLISHED_LABEL, "Completed"))], LOADED),
        ([listed(STAGED, BEGUN, ("the label", "Completed"))], UNKNOWN),
        ([listed(STAGED, BEGUN)], NOT_LOADED),
        ([], UNKNOWN),
    ],
    ids=["published", "staged only", "never submitted", "forgotten"],
)
def test_a_ledger_that_knows_nothing_of_the_load_proves_nothing(requests, expected):
    assert outcome(*requests, record=remembering(STAGED), ledger=[], ledger_remembers=False) is expected


@pytest.mark.parametrize(("created", "expected"), [("noon", NOT_LOADED), ("one", UNKNOWN)])
def test_an_attempt_that_used_this_very_ledger_shows_there(created, expected):
    record = LoadRecord(attempts=(OpenAttempt(attempt=STAGED, ledger="noon"),))
    assert outcome(record=record, ledger=[], ledger_created=created, ledger_remembers=False) is expected


@pytest.mark.parametrize(
    ("requests", "has_store", "expected"),
    [
        ([], True, NOT_LOADED),
        ([], False, UNKNOWN),
        ([listed(EARLIER, BEGUN)], False, NOT_LOADED),
        ([listed(attempt(number=2), BEGUN)], False, UNKNOWN),
        ([listed(attempt(number=2), BEGUN, ("the label", "Failed"))], False, NOT_LOADED),
    ],
    ids=["store", "no store", "its try is listed", "only its second attempt is listed", "that one knew the first"],
)
def test_an_earlier_try_of_which_airflow_remembers_nothing(requests, has_store, expected):
    assert outcome(*requests, has_store=has_store) is expected


@pytest.mark.parametrize(
    ("earlier", "is_recorded", "clear_number", "expected"),
    [
        pytest.param(attempt(try_number=2), True, 0, True, id="this try, whose link broke"),
        pytest.param(attempt(try_number=1), True, 0, True, id="a try that died"),
        pytest.param(attempt(try_number=1), True, 1, False, id="before a clear"),
        pytest.param(attempt(try_number=1), False, 0, False, id="a try that came to its end, or of a deleted run"),
        pytest.param(attempt(try_number=3), False, 0, False, id="a later try of a deleted run"),
    ],
)
def test_a_load_is_unended_where_airflow_remembers_its_attempt_as_open(earlier, is_recorded, clear_number, expected):
    me = attempt(try_number=2, token="me", clear_number=clear_number)
    record = remembering(earlier) if is_recorded else LoadRecord()
    completed = [listed(earlier, BEGUN, ("the label", "Completed"))]
    knowledge = learned(*completed, record=record, me=me)
    assert knowledge.facts(me, repeatable=True, reload=False).unended is expected


def test_the_first_try_needs_no_store():
    assert outcome(has_store=False, me=attempt(token="me")) is NOT_LOADED


def test_the_record_knows_what_the_views_forget():
    done = LoadedBy(attempt=EARLIER, request_id="QID9", rows_loaded=7)
    knowledge = learned(record=LoadRecord(loaded=done))
    assert knowledge.result_for(ME) == done


def test_a_load_whose_arguments_were_changed_is_known_as_such():
    done = LoadedBy(attempt=attempt(fingerprint="other"))
    knowledge = learned(record=LoadRecord(loaded=done))
    assert knowledge.facts(ME, repeatable=False, reload=False).changed
