"""Times as COPY and CAST read them."""

from __future__ import annotations

import pytest

from airflow_synapse.local.copy.tsql_dates import read_moment

_SECOND = 10_000_000


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("12 AM", 0),
        ("0:30 AM", 30 * 60 * _SECOND),
        ("1pm", 13 * 3600 * _SECOND),
        ("13:00 PM", 13 * 3600 * _SECOND),
        ("13:00 AM", None),
        ("0:30 PM", None),
        ("00:00:01.5", _SECOND * 3 // 2),
        ("00:00:01:5", _SECOND + 50_000),
        ("00:00:01:1234", None),
    ],
)
def test_a_time_is_read_with_its_half_of_the_day_and_its_fraction(text: str, ticks: int | None) -> None:
    moment = read_moment(text, "mdy")
    assert (moment and moment.ticks) == ticks
