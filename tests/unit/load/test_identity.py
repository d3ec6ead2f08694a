"""The names of a load."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.load.identity import LoadIdentity

IDENTITY = {"dag_id": "flights", "task_id": "daily.load", "run_id": "scheduled__2013-01-01T00:00:00+00:00"}


def identity(**changes):
    return LoadIdentity(**{**IDENTITY, **changes})


def test_the_same_load_has_the_same_names():
    assert identity().label == identity().label
    assert identity().reject_folder(1) == identity().reject_folder(1)


def test_a_label_can_be_read():
    assert identity(map_index=3).label.startswith(
        "airflow: flights.daily.load scheduled__2013-01-01T00:00:00+00:00 3 ["
    )


@pytest.mark.parametrize(
    "change",
    [{"dag_id": "other"}, {"task_id": "other"}, {"run_id": "other"}, {"map_index": 0}, {"clear_number": 1}],
    ids=lambda change: next(iter(change)),
)
def test_another_load_has_other_names(change):
    assert identity(**change).label != identity().label
    assert identity(**change).reject_folder(1) != identity().reject_folder(1)


def test_parts_do_not_run_into_each_other():
    assert identity(dag_id="a.b", task_id="c").label != identity(dag_id="a", task_id="b.c").label


def test_each_attempt_has_a_reject_folder_of_its_own():
    assert len({identity().reject_folder(*numbers) for numbers in [(1, "a"), (1, "b"), (2, "a"), (12, "a")]}) == 4


def test_long_names_are_cut_and_stay_different():
    one, two = identity(task_id="t" * 250 + "1"), identity(task_id="t" * 250 + "2")
    assert len(one.label) == 255
    assert one.label != two.label
    assert one.reject_folder(1) != two.reject_folder(1)


@given(st.text(), st.text(), st.text(), st.integers(min_value=-1), st.integers(min_value=1))
def test_names_always_fit_where_they_stand(dag_id, task_id, run_id, map_index, try_number):
    load = LoadIdentity(dag_id=dag_id, task_id=task_id, run_id=run_id, map_index=map_index)
    assert len(load.label) <= 255
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,119}", load.reject_folder(try_number, "0123abcd"))
