"""How many are too many."""

import pytest

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.thresholds import Thresholds

TWO_OF_TEN = RejectedRowsReport(rows=2, rows_loaded=8)


@pytest.mark.parametrize(
    ("rows", "ratio", "breached"),
    [
        (None, None, None),
        (2, None, None),
        (1, None, "max_rejected_rows=1"),
        ("0", None, "max_rejected_rows=0"),
        (None, 0.2, None),
        (None, "0.19", "max_rejected_ratio=0.19"),
        (2, 0, "max_rejected_ratio=0"),
        (None, 1, None),
    ],
)
def test_more_than_allowed_is_a_breach(rows, ratio, breached):
    breach = Thresholds.parse(rows, ratio).breach(TWO_OF_TEN)
    assert breach is None if breached is None else breached in breach


def test_no_rejected_row_breaches_nothing_also_where_the_rows_loaded_are_not_known():
    assert Thresholds(max_rejected_rows=0, max_rejected_ratio=0).breach(RejectedRowsReport()) is None


def test_a_ratio_that_is_not_known_breaches():
    assert "is not known" in Thresholds(max_rejected_ratio=0.9).breach(RejectedRowsReport(rows=1))


@pytest.mark.parametrize("thresholds", [Thresholds(max_rejected_rows=9), Thresholds(max_rejected_ratio=1)])
def test_rows_that_cannot_be_counted_breach(thresholds):
    report = RejectedRowsReport(rows_loaded=8, uncounted_files=2)
    assert thresholds.breach(report) == "and 2 files hold rows that cannot be counted"
    assert Thresholds().breach(report) is None


def test_where_the_files_do_not_agree_the_larger_number_counts():
    report = RejectedRowsReport(rows=2, rows_at_most=3, rows_loaded=7)
    assert Thresholds(max_rejected_rows=3, max_rejected_ratio=0.3).breach(report) is None
    assert "or 3 by the lines of their files, more" in Thresholds(max_rejected_rows=2).breach(report)
    assert "or 3 by the lines of their files, more" in Thresholds(max_rejected_ratio=0.25).breach(report)


def test_thresholds_are_false_where_none_is_given():
    assert not Thresholds()
    assert Thresholds(max_rejected_rows=0)
    assert Thresholds(max_rejected_ratio=0.0)


@pytest.mark.parametrize("rows", ["", "many", "1.5", -1, 1.5])
def test_a_number_of_rows_that_is_none_is_refused(rows):
    with pytest.raises(CopyOptionError, match="max_rejected_rows is"):
        Thresholds.parse(rows, None)


@pytest.mark.parametrize("ratio", ["", "2 %", -0.1, 1.01, "nan", "inf"])
def test_a_ratio_that_is_none_is_refused(ratio):
    with pytest.raises(CopyOptionError, match="max_rejected_ratio is"):
        Thresholds.parse(None, ratio)
