"""Seconds as arguments give them."""

import pytest

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.seconds import parse_seconds


def test_seconds_may_be_texts():
    assert (parse_seconds("quiet_seconds", "1.5"), parse_seconds("quiet_seconds", 0)) == (1.5, 0)


@pytest.mark.parametrize("value", ["soon", "", None, -0.1, "nan", "inf", 1e300])
def test_what_is_no_number_of_seconds_is_refused_by_its_name(value):
    with pytest.raises(CopyOptionError, match=r"^quiet_seconds is .*; it is a number of seconds"):
        parse_seconds("quiet_seconds", value)
