"""Seconds as arguments give them."""

import doctest

import pytest

from airflow_synapse import seconds
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.seconds import parse_interval, parse_seconds


def test_seconds_may_be_texts():
    assert (parse_seconds("quiet_seconds", "1.5"), parse_seconds("quiet_seconds", 0)) == (1.5, 0)


@pytest.mark.parametrize("value", [0, "0", 0.0, -1, "soon", None])
def test_an_interval_is_above_zero(value):
    assert parse_interval("poke_interval", "0.5") == 0.5
    with pytest.raises(CopyOptionError, match=r"^poke_interval is .*; it is a number of seconds"):
        parse_interval("poke_interval", value)


@pytest.mark.parametrize("value", ["soon", "", None, -0.1, "nan", "inf", 1e300])
def test_what_is_no_number_of_seconds_is_refused_by_its_name(value):
    with pytest.raises(CopyOptionError, match=r"^quiet_seconds is .*; it is a number of seconds"):
        parse_seconds("quiet_seconds", value)


def test_examples_in_docstrings_hold():
    result = doctest.testmod(seconds)
    assert result.attempted
    assert not result.failed
