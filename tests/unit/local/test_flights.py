import pytest

from airflow_synapse.local.flights import flights_by_day

HEADER = (
    b"year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,"
    b"dest,air_time,distance,hour,minute,time_hour\n"
)


@pytest.fixture(scope="module")
def january():
    return flights_by_day(1)


def test_january_has_a_file_for_each_day_in_order(january):
    assert list(january) == [f"2013-01-{day:02}" for day in range(1, 32)]


def test_january_has_all_its_rows(january):
    assert sum(content.count(b"\n") - 1 for content in january.values()) == 27_004


def test_file_is_the_header_and_the_lines_of_its_day_as_shipped(january):
    header, first, *rest = january["2013-01-09"].splitlines(keepends=True)

    assert header == HEADER
    assert first.startswith(b"2013,1,9,")
    assert first.endswith(b"Z\n")
    assert {line.split(b",")[2] for line in rest} == {b"9"}
    assert b"\r" not in january["2013-01-09"]
