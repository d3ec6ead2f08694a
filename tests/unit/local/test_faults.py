"""Faults, and whether the pool takes logins: by themselves."""

import threading
import time

import pytest

from airflow_synapse.local.availability import Availability
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.faults import BEFORE, COMMITTED, RUNNING, Fault, Faults, StatementFaults


class Link:
    outlives_client = False
    dropped = 0

    def drop_link(self):
        self.dropped += 1


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture
def statement(faults):
    """The faults of a statement ``COPY INTO t`` with the label ``load_7``."""
    return lambda: StatementFaults(faults, Link(), threading.Event(), "COPY INTO t", "load_7")


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({}, True),
        ({"moment": BEFORE}, False),
        ({"label": "load_7"}, True),
        ({"label": "load_*"}, True),
        ({"label": "LOAD_7"}, False),
        ({"label": "load"}, False),
        ({"text": "copy into"}, True),
        ({"text": "^into"}, False),
        ({"text": "copy", "label": "other"}, False),
    ],
)
def test_a_fault_is_for_the_statements_that_fit(fields, fits):
    assert Fault("drop", **fields).fits(RUNNING, "COPY INTO t", "load_7") is fits


def test_a_label_is_not_that_of_a_statement_without_one():
    assert not Fault("drop", label="*").fits(RUNNING, "SELECT 1", None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"action": "burn"}, "action is one of"),
        ({"moment": "never"}, "moment is one of"),
        ({"times": 0}, "times >= 1"),
        ({"seconds": -1}, "seconds >= 0"),
        ({"text": "("}, "regular expression"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields, reason):
    with pytest.raises(ValueError, match=reason):
        Fault(**{"action": "drop", **fields})


def test_a_fault_acts_as_often_as_it_was_told(faults, statement):
    faults.add(Fault("drop", times=2))
    for left in (1, 0):
        with pytest.raises(StatementCancelled):
            statement().reach(RUNNING)
        assert [fault["times"] for fault in faults.listed()] == [left] * left
    statement().reach(RUNNING)


def test_a_moment_is_reached_once(faults, statement):
    one = statement()
    one.reach(RUNNING)
    faults.add(Fault("drop"))
    one.reach(RUNNING)
    assert one.link.dropped == 0


@pytest.mark.parametrize(("moment", "cancels"), [(BEFORE, True), (RUNNING, True), (COMMITTED, False)])
def test_a_dropped_link_cancels_what_is_not_committed(faults, statement, moment, cancels):
    faults.add(Fault("drop", moment=moment))
    one = statement()
    if cancels:
        with pytest.raises(StatementCancelled):
            one.reach(moment)
    else:
        one.reach(moment)
    assert one.link.dropped == 1


def test_a_statement_that_outlives_its_client_goes_on(faults, statement):
    faults.add(Fault("outlive", moment=BEFORE))
    faults.add(Fault("drop"))
    one = statement()
    one.reach(BEFORE)
    one.reach(RUNNING)
    assert one.link.dropped == 1
    assert not one.cancelled.is_set()


def test_a_delay_shows_its_progress_and_can_be_cancelled(faults, statement):
    faults.add(Fault("delay", seconds=30))
    one, shown = statement(), []
    assert one.will_delay(RUNNING)

    def show(part):
        shown.append(part)
        if len(shown) == 3:
            one.cancelled.set()

    with pytest.raises(StatementCancelled):
        one.reach(RUNNING, show)
    assert shown == sorted(shown)
    assert 0 < shown[-1] < 1
    assert not one.will_delay(RUNNING)


def test_a_held_statement_waits_until_it_is_released(faults, statement):
    number = faults.add(Fault("hold"))
    held = threading.Thread(target=statement().reach, args=(RUNNING,))
    held.start()
    while not faults.listed()[0]["held"]:
        time.sleep(0.01)
    assert faults.release(number + 1) == 0
    assert held.is_alive()
    assert faults.release(number) == 1
    held.join(10)
    assert not held.is_alive()
    assert faults.listed() == []


def test_clear_removes_what_waits_and_releases_what_is_held(faults, statement):
    faults.add(Fault("hold"))
    held = threading.Thread(target=statement().reach, args=(RUNNING,))
    held.start()
    while not faults.listed()[0]["held"]:
        time.sleep(0.01)
    faults.add(Fault("drop"))
    faults.clear()
    held.join(10)
    statement().reach(RUNNING)


def number_of(availability):
    try:
        availability.check_login()
    except PoolError as error:
        return error.number
    return None


def test_a_paused_pool_takes_no_login_until_it_is_resumed():
    availability = Availability()
    availability.pause()
    availability.clear()
    assert number_of(availability) == 42108
    availability.resume()
    assert number_of(availability) is None


def test_a_pool_warms_up_for_some_logins_or_some_time():
    availability = Availability()
    availability.warm_up(logins=2)
    assert [number_of(availability) for _ in range(3)] == [42109, 42109, None]
    availability.warm_up(seconds=60)
    assert [number_of(availability) for _ in range(2)] == [42109, 42109]
    availability.warm_up(seconds=0)
    assert number_of(availability) is None


def test_logins_are_refused_with_any_number():
    availability = Availability()
    availability.refuse(40613, times=2)
    availability.refuse(18456, times=1, message="Login failed.")
    assert [number_of(availability) for _ in range(4)] == [40613, 40613, 18456, None]
    availability.refuse(40613, times=2)
    availability.clear()
    assert number_of(availability) is None
