"""Every rejected row is reported, and none twice, whenever it is looked at."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.rejected_rows.layout import StoredFile
from airflow_synapse.rejected_rows.reported import LONGEST_LOAD, Reported, find_news, folder_prefixes

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUIET = timedelta(seconds=60)


def file(name, seconds, folder="20261122-120000"):
    return StoredFile(f"rejects/_rejectedrows/{folder}/{name}", 1, START + timedelta(seconds=seconds))


def look(files, reported, seconds, quiet=QUIET):
    return find_news(files, reported, now=START + timedelta(seconds=seconds), quiet=quiet)


def names(news):
    return [file.name.rpartition("/")[2] for folder in news.folders for file in folder.files]


def test_a_folder_that_was_written_to_just_now_has_to_wait():
    pair = [file("Q_1.Error.Txt", 0), file("Q_1.Row.Txt", 10)]
    early = look(pair, Reported(), 69)
    assert (early.folders, early.is_growing) == ((), True)
    late = look(pair, early.reported, 70)
    assert names(late) == ["Q_1.Error.Txt", "Q_1.Row.Txt"]
    assert not late.is_growing


def test_what_was_reported_is_not_reported_again():
    pair = [file("Q_1.Error.Txt", 0), file("Q_1.Row.Txt", 10)]
    reported = look(pair, Reported(), 70).reported
    assert not look(pair, reported, 71).folders
    assert not look(pair, Reported.from_json(reported.to_json()), 9999).folders


def test_of_a_folder_that_was_reported_only_new_pairs_are():
    first = [file("Q_1.Error.Txt", 0), file("Q_1.Row.Txt", 0)]
    second = [file("Q_2.Error.Txt", 100), file("Q_2.Row.Txt", 100)]
    reported = look(first, Reported(), 60).reported
    assert names(look(first + second, reported, 160)) == ["Q_2.Error.Txt", "Q_2.Row.Txt"]


def test_a_file_that_is_written_again_is_reported_again_with_its_partner():
    reported = look([file("Q_1.Error.Txt", 0), file("Q_1.Row.Txt", 0)], Reported(), 60).reported
    news = look([file("Q_1.Error.Txt", 0), file("Q_1.Row.Txt", 90)], reported, 150)
    assert names(news) == ["Q_1.Error.Txt", "Q_1.Row.Txt"]


def test_one_load_that_writes_for_long_does_not_hold_up_another():
    slow, quick = file("Q_1.Row.Txt", 100, "20261122-110000"), file("Q_2.Row.Txt", 0)
    early = [file("Q_0.Row.Txt", -500, "20261122-110000"), slow, quick]
    news = look(early, Reported(), 110)
    assert names(news) == ["Q_2.Row.Txt"]
    assert news.is_growing
    assert names(look(early, news.reported, 160)) == ["Q_0.Row.Txt", "Q_1.Row.Txt"]


@pytest.mark.parametrize("seconds", [0, 30])
def test_what_is_older_than_the_start_does_not_count(seconds):
    begin = Reported(START + timedelta(seconds=30))
    assert len(look([file("Q_1.Row.Txt", seconds)], begin, 9999).folders) == (seconds == 30)


def test_a_file_without_a_time_is_reported_once():
    timeless = StoredFile("rejects/_rejectedrows/20261122-120000/Q_1.Row.Txt", 1)
    news = look([timeless], Reported(), 0)
    assert names(news) == ["Q_1.Row.Txt"]
    assert not look([timeless], news.reported, 9999).folders


def test_other_files_are_none_of_its_business():
    assert not look(
        [StoredFile("rejects/_rejectedrows.csv", 1, START), StoredFile("in.csv", 1, START)], Reported(), 99
    ).folders


def test_what_is_remembered_does_not_grow_with_the_history():
    reported, files = Reported(), []
    for load in range(50):
        files.append(file(f"Q_{load}.Row.Txt", load * 100, f"2026112{load % 3}-12{load:02}00"))
        reported = look(files, reported, load * 100 + 90).reported
    assert len(reported.files) <= 1


@given(
    writes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 600)), max_size=30),
    looks=st.lists(st.integers(0, 700), max_size=30),
    restarts=st.booleans(),
)
def test_whenever_it_is_looked_at_each_file_is_reported_once(writes, looks, restarts):
    files = {(folder, name): moment for folder, name, moment in sorted(writes, key=lambda each: -each[2])}
    reported, seen = Reported(), []
    for moment in [*sorted(looks), 2000]:
        there = [file(f"Q_{name}.Row.Txt", at, f"2026112{folder}-120000") for (folder, name), at in files.items()]
        news = look([each for each in there if each.modified <= START + timedelta(seconds=moment)], reported, moment)
        seen += [each.name for folder in news.folders for each in folder.files]
        reported = Reported.from_json(news.reported.to_json()) if restarts else news.reported
    assert sorted(seen) == sorted(
        f"rejects/_rejectedrows/2026112{folder}-120000/Q_{name}.Row.Txt" for folder, name in files
    )


@pytest.mark.parametrize(
    ("since", "now", "prefixes"),
    [
        (None, START, ("",)),
        (START - timedelta(days=1), START, ("202611",)),
        (START - timedelta(days=20), START, ("202610", "202611")),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC), ("202612", "202701")),
        (START - timedelta(days=400), START, ("",)),
    ],
)
def test_old_folders_are_left_out_by_their_months(since, now, prefixes):
    assert folder_prefixes(since, now) == prefixes


@given(
    since=st.integers(0, 3650 * 24).map(lambda hours: START + timedelta(hours=hours)),
    waited=st.timedeltas(timedelta(0), timedelta(days=70)),
    ran=st.timedeltas(timedelta(0), LONGEST_LOAD),
    zone=st.timedeltas(timedelta(hours=-12), timedelta(hours=14)),
)
def test_no_folder_that_may_have_new_files_is_left_out(since, waited, ran, zone):
    submitted = since + waited / 2 - ran  # it writes its last file in the middle of the time that we look at
    name = f"{submitted + zone:%Y%m%d-%H%M%S}"
    assert name.startswith(folder_prefixes(since, since + waited))
