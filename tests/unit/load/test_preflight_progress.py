"""Progress of a running COPY, as lines for the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.load.progress import ProgressLog, ProgressReading


def reading(status="Running", **counts):
    return ProgressReading(request_id="QID7", status=status, **counts)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([("QID7", "Running", 5, 60, 70)], reading(rows=5, bytes_written=60, bytes_read=70)),
        ([("QID7", "Suspended", None, None, None)], reading("Suspended")),
        ([("QID7", "Running", -1, 0, None)], reading(bytes_written=0)),
    ],
    ids=["forgotten", "running", "queued", "negative"],
)
def test_rows_of_the_views_become_a_reading(rows, expected):
    assert ProgressReading.from_rows(rows) == expected


def test_a_line_has_percent_rows_bytes_and_rate():
    log = ProgressLog(1_000_000_000)
    log.line(reading(rows=0, bytes_written=0, bytes_read=0), 100.0)
    line = log.line(reading(rows=1_234_567, bytes_written=500_000_000, bytes_read=420_000_000), 105.0)
    assert line == "QID7 Running: 42 % of 1 GB, 1,234,567 rows, 500 MB written, 100 MB/s"


@pytest.mark.parametrize(
    ("total", "plain", "counts", "line"),
    [
        (None, True, {"rows": 5, "bytes_written": 9}, "QID7 Running: 5 rows, 9 B written"),
        (0, True, {"rows": 5, "bytes_written": 9}, "QID7 Running: 5 rows, 9 B written"),
        (100, True, {}, "QID7 Running: nothing known yet"),
        (100, True, {"rows": 0}, "QID7 Running: 0 rows"),
        (100, True, {"bytes_written": 9}, "QID7 Running: 9 % of 100 B, 9 B written"),
        (100, False, {"bytes_written": 9}, "QID7 Running: 9 B written"),
        (100, False, {"bytes_written": 900, "bytes_read": 50}, "QID7 Running: 50 % of 100 B, 900 B written"),
        (100, True, {"bytes_written": 900}, "QID7 Running: 99 % of 100 B, 900 B written"),
    ],
)
def test_what_is_unknown_is_left_out(total, plain, counts, line):
    assert ProgressLog(total, is_plain_text=plain).line(reading(**counts), 1.0) == line


def test_a_queued_request_waits():
    assert ProgressLog(100).line(reading("Suspended"), 1.0) == "QID7 waits in the queue of the pool."


def test_only_a_completed_request_is_at_a_hundred_percent():
    log = ProgressLog(100, is_plain_text=True)
    assert "99 %" in log.line(reading(bytes_written=100), 1.0)
    assert "100 %" in log.line(reading("Completed", bytes_written=100), 2.0)


def test_the_time_in_the_queue_does_not_lower_the_rate():
    log = ProgressLog(None)
    log.line(reading("Suspended"), 0.0)
    log.line(reading(bytes_written=0), 1000.0)
    assert log.line(reading(bytes_written=20), 1002.0).endswith("20 B written, 10 B/s")


def test_two_readings_at_the_same_time_have_no_rate():
    log = ProgressLog(None)
    log.line(reading(bytes_written=0), 5.0)
    assert log.line(reading(bytes_written=20), 5.0).endswith("20 B written")


COUNTS = st.none() | st.integers(0, 200)


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), max_size=8))
def test_no_number_goes_back(readings):
    log = ProgressLog(100, is_plain_text=True)
    seen = [
        log.line(reading(rows=rows, bytes_written=written, bytes_read=read), 1.0) for rows, written, read in readings
    ]
    for unit in (" % of", " rows", " B written"):
        numbers = [int(line.partition(unit)[0].split()[-1]) for line in seen if unit in line]
        assert numbers == sorted(numbers)
