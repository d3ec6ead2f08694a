"""Numbers and times as templates render them."""

from datetime import UTC, datetime

import pytest

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.rejected_rows.arguments import parse_newer_than, parse_rows


def test_numbers_may_be_texts():
    assert (parse_rows("sample_rows", 0), parse_rows("sample_rows", "7")) == (0, 7)


@pytest.mark.parametrize("value", ["ten", "", None, -1, "1.5"])
def test_what_is_no_number_of_rows_is_refused_by_its_name(value):
    with pytest.raises(CopyOptionError, match=r"^sample_rows is .*; it is a number of rows, 0 or more"):
        parse_rows("sample_rows", value)


def test_a_time_is_utc_where_it_does_not_say():
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert parse_newer_than("2026-11-22T12:00") == parse_newer_than("2026-11-22T14:00+02:00") == noon
    assert parse_newer_than(None) is None


@pytest.mark.parametrize("value", ["", "None", "yesterday", datetime(2026, 11, 22, tzinfo=UTC)])
def test_what_is_no_text_of_a_time_is_refused(value):
    with pytest.raises(CopyOptionError, match=r"^newer_than is .*; it is a point in time such as"):
        parse_newer_than(value)
