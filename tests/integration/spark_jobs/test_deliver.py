"""Delivering files of the SQL pool to Spark tables and files, on real Spark."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MOMENT = datetime.fromisoformat("2024-01-02 03:04:05.123456")
SCHEMA = {"n": "long", "s": "string", "moment": "timestamp"}


@pytest.fixture
def exported(tmp_path):
    """A folder of files as the pool leaves them: names of its own, INT96, a file without rows."""
    folder = tmp_path / "exported"
    folder.mkdir()
    table = pa.table({"n": [1, 2], "s": ["a", None], "moment": [MOMENT, None]})
    for number, part in enumerate((table, table.slice(0, 0))):
        path = folder / f"QID4711_20240102_030405_{number}.parq.snappy"
        pq.write_table(part, path, use_deprecated_int96_timestamps=True)
    return folder


def table_target(name, mode="errorifexists"):
    return {"kind": "table", "name": name, "format": "parquet", "mode": mode}


def file_target(path, format_, mode="errorifexists"):
    return {"kind": "files", "path": f"file://{path}", "format": format_, "mode": mode}


def count(jobs, name):
    return int(jobs.sql(f"SELECT count(*) FROM {name}")[0][0])


def test_a_table_is_made_of_the_files(jobs, exported):
    outcome = jobs.deliver(exported, SCHEMA, table_target("made"), rows=2)
    assert outcome.raised is None
    assert jobs.sql("SELECT n, s, moment FROM made ORDER BY n") == [
        ["1", "a", "2024-01-02 03:04:05.123456"],
        ["2", "None", "None"],
    ]
    assert outcome.manifest["rows"] == 2
    assert [(column["name"], column["type"]) for column in outcome.manifest["columns"]] == [
        ("n", "bigint"),
        ("s", "string"),
        ("moment", "timestamp"),
    ]


def test_days_before_the_calendars_were_reformed_stay_as_they_are(jobs, tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    table = pa.table({"moment": [datetime.fromisoformat("1753-01-01")], "day": [date(1, 1, 1)]})
    pq.write_table(table, folder / "a.parquet", use_deprecated_int96_timestamps=True)
    assert jobs.deliver(folder, {"moment": "timestamp", "day": "date"}, table_target("old")).raised is None
    assert jobs.sql("SELECT * FROM old") == [["1753-01-01 00:00:00", "0001-01-01"]]


def test_modes_do_with_a_table_what_sparks_do(jobs, exported):
    jobs.deliver(exported, SCHEMA, table_target("moded"))
    assert jobs.deliver(exported, SCHEMA, table_target("moded", "append")).manifest["rows"] == 2
    assert count(jobs, "moded") == 4
    assert jobs.deliver(exported, SCHEMA, table_target("moded", "ignore")).manifest["rows"] == 0
    assert count(jobs, "moded") == 4
    refused = jobs.deliver(exported, SCHEMA, table_target("moded"))
    assert (refused.error["kind"], refused.error["step"]) == ("RefusedError", "look at the target")
    assert "moded already exists" in refused.error["message"]
    assert count(jobs, "moded") == 4
    assert jobs.deliver(exported, SCHEMA, table_target("moded", "overwrite")).manifest["rows"] == 2
    assert count(jobs, "moded") == 2


def test_ignore_makes_a_table_that_is_not_there(jobs, exported):
    assert jobs.deliver(exported, SCHEMA, table_target("ignored", "ignore")).manifest["rows"] == 2
    assert count(jobs, "ignored") == 2


def test_ignore_leaves_files_that_are_there(jobs, exported, tmp_path):
    (tmp_path / "out").mkdir()
    outcome = jobs.deliver(exported, SCHEMA, file_target(tmp_path / "out", "parquet", "ignore"))
    assert outcome.manifest["rows"] == 0
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("csv", "1,a,2024-01-02T03:04:05.123456Z"),
        ("json", '{"n":1,"s":"a","moment":"2024-01-02T03:04:05.123456Z"}'),
    ],
)
def test_files_of_text_keep_microseconds(jobs, exported, tmp_path, format_, text):
    jobs.deliver(exported, SCHEMA, file_target(tmp_path / "out", format_))
    lines = [line for path in (tmp_path / "out").glob("part-*") for line in path.read_text().splitlines()]
    assert text in lines
    assert len(lines) == 2


def test_a_wall_clock_stays_as_it_is(jobs, exported):
    jobs.deliver(exported, {**SCHEMA, "moment": "timestamp_ntz"}, table_target("clocks"))
    assert jobs.sql("SELECT typeof(moment), moment FROM clocks WHERE n = 1") == [
        ["timestamp_ntz", "2024-01-02 03:04:05.123456"]
    ]


def test_another_number_of_rows_is_refused_before_anything_is_written(jobs, exported):
    jobs.deliver(exported, SCHEMA, table_target("counted"))
    outcome = jobs.deliver(exported, SCHEMA, table_target("counted", "append"), rows=3)
    assert outcome.error["kind"] == "RefusedError"
    assert "hold 2 rows, and the pool has exported 3" in outcome.error["message"]
    assert count(jobs, "counted") == 2


def test_a_column_that_the_files_do_not_have_is_refused_by_name(jobs, exported):
    outcome = jobs.deliver(exported, {**SCHEMA, "price": "double"}, table_target("priced"))
    assert "no column price" in outcome.error["message"]
    assert jobs.sql("SHOW TABLES LIKE 'priced'") == []


@pytest.mark.parametrize("is_there", [True, False])
def test_no_rows_make_a_table_with_the_columns(jobs, tmp_path, is_there):
    if is_there:
        (tmp_path / "nothing").mkdir()
    name = f"empty_{is_there}"
    outcome = jobs.deliver(tmp_path / "nothing", SCHEMA, table_target(name), rows=0)
    assert outcome.manifest["rows"] == 0
    assert [row[:2] for row in jobs.sql(f"DESCRIBE {name}")] == [
        ["n", "bigint"],
        ["s", "string"],
        ["moment", "timestamp"],
    ]


def test_a_folder_that_is_missing_is_no_empty_one(jobs, tmp_path):
    outcome = jobs.deliver(tmp_path / "missing", SCHEMA, table_target("missing"))
    assert "PATH_NOT_FOUND" in outcome.error["message"]
