"""Reading the pool's views of the requests and sessions of a load."""

import pytest

from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.request import (
    BEGIN_LABEL,
    PUBLISHED_LABEL,
    kill_session,
    open_sessions_query,
    read_open_sessions,
    read_requests,
    set_correlation_id,
)


def attempt(path="direct", token="0f"):
    return Attempt(load_id="abc", clear_number=2, try_number=3, number=1, token=token, fingerprint="f00", path=path)


def rows(of, *requests):
    return [
        (f"QID{number}", "SID5", status, label, of.correlation_id)
        for number, (label, status) in enumerate(requests, start=1)
    ]


@pytest.mark.parametrize("path", ["direct", "staged"])
def test_a_correlation_id_is_read_back(path):
    assert Attempt.parse(attempt(path).correlation_id) == attempt(path)
    assert len(attempt(path).correlation_id) <= 255


@pytest.mark.parametrize("text", ["", "somebody else's", attempt().correlation_id + "!"])
def test_another_correlation_id_is_none_of_ours(text):
    assert Attempt.parse(text) is None


@pytest.mark.parametrize(
    ("path", "requests", "deciding"),
    [
        ("direct", [(BEGIN_LABEL, "Completed")], None),
        ("direct", [(BEGIN_LABEL, "Completed"), ("mine", "Running")], "QID2"),
        ("direct", [("mine", "Completed")], "QID1"),
        ("staged", [(BEGIN_LABEL, "Completed"), ("mine", "Completed")], None),
        ("staged", [("mine", "Completed"), (PUBLISHED_LABEL, "Completed")], "QID2"),
    ],
    ids=["begun", "runs", "beginning forgotten", "staged", "published"],
)
def test_the_request_that_decides(path, requests, deciding):
    (listed,) = read_requests(rows(attempt(path), *requests))
    assert (listed.deciding and listed.deciding.request_id) == deciding
    assert listed.session_id == "SID5"


@pytest.mark.parametrize(("status", "runs"), [("Running", True), ("Suspended", True), ("Completed", False)])
def test_a_queued_request_counts_as_running(status, runs):
    (listed,) = read_requests(rows(attempt(), (BEGIN_LABEL, "Completed"), ("mine", status)))
    assert (listed.is_running, listed.began) == (runs, True)


def test_attempts_come_in_the_order_in_which_they_began():
    first, second = attempt(token="1"), attempt(token="2")
    listed = read_requests([*rows(first, (BEGIN_LABEL, "Completed")), *rows(second, (BEGIN_LABEL, "Completed"))])
    assert [each.attempt for each in listed] == [first, second]


def test_open_sessions_are_those_that_may_still_send_something():
    found = [("SID1", "ACTIVE", "a"), ("SID2", "IDLE", "b"), ("SID3", "CLOSED", "c"), ("SID4", "TERMINATED", "d")]
    assert read_open_sessions(found) == {"SID1": "a", "SID2": "b"}


def test_the_statements_name_exactly_one_session():
    assert kill_session("SID12") == "KILL 'SID12'"
    assert open_sessions_query({"SID2", "SID1"}).endswith("WHERE session_id IN ('SID1', 'SID2')")
    assert set_correlation_id(attempt()) == (
        f"EXEC sys.sp_set_session_context @key = 'client_correlation_id', @value = '{attempt().correlation_id}'"
    )
