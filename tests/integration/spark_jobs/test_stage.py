"""Staging on real Spark: what is refused, counted, measured, and what the files are."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

MEGABYTE = 2**20


def test_a_manifest_names_rows_files_and_columns(jobs):
    outcome = jobs.stage("SELECT id, CAST(id AS decimal(10,2)) AS amount FROM range(0, 1000, 1, 2)")
    assert outcome.raised is None
    manifest = outcome.manifest
    assert manifest["version"] == 1
    assert manifest["rows"] == 1000 == sum(pq.read_metadata(path).num_rows for path in outcome.files)
    assert manifest["files"] == [{"name": f"data/{path.name}", "bytes": path.stat().st_size} for path in outcome.files]
    assert len(outcome.files) == 2
    assert manifest["columns"] == [
        {"name": "id", "type": "bigint", "nullable": False, "max_length": None},
        {"name": "amount", "type": "decimal(10,2)", "nullable": True, "max_length": None},
    ]
    assert manifest["spark_version"].startswith("3.5")
    assert manifest["application_id"]
    assert manifest["seconds"] > 0


def test_no_rows_are_staged_as_a_file_with_the_columns(jobs):
    outcome = jobs.stage("SELECT id, CAST(id AS string) AS s FROM range(10) WHERE id > 100")
    assert outcome.manifest["rows"] == 0
    assert [column["max_length"] for column in outcome.manifest["columns"]] == [None, 0]
    (file,) = outcome.files
    assert pq.read_schema(file).names == ["id", "s"]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("NULL", "void"),
        ("INTERVAL '1' DAY", "interval day"),
        ("INTERVAL '1' YEAR", "interval year"),
        ("make_interval(1, 2)", "interval"),
    ],
)
def test_types_that_copy_does_not_have_are_refused_by_name_before_anything_is_written(jobs, expression, shown):
    outcome = jobs.stage(f"SELECT id AS fine, {expression} AS odd FROM range(10)")
    assert outcome.error["kind"] == "RefusedError"
    assert f"odd ({shown})" in outcome.error["message"]
    assert "fine" not in outcome.error["message"]
    assert outcome.error["step"] == "read the source"
    assert outcome.raised
    assert outcome.manifest is None
    assert not outcome.data.exists()


@pytest.mark.parametrize("expression", ["array(1)", "map('a', 1)", "named_struct('a', 1)"])
def test_nested_columns_can_be_refused(jobs, expression):
    outcome = jobs.stage(f"SELECT {expression} AS odd", nested="refuse")
    assert "odd (" in outcome.error["message"]
    assert not outcome.data.exists()


def test_nested_columns_become_json_with_microseconds_and_nulls(jobs):
    outcome = jobs.stage(
        """SELECT array(1, NULL) AS a, map(1, 'é', 2, NULL) AS m,
           named_struct('t', timestamp'2024-01-02 03:04:05.123456', 'n', NULL, 'd', 1.10BD,
                        'l', timestamp_ntz'2024-01-02 03:04:05.123456') AS s"""
    )
    (row,) = pq.read_table(outcome.data).to_pylist()
    assert row == {
        "a": "[1,null]",
        "m": '{"1":"é","2":null}',
        "s": '{"t":"2024-01-02T03:04:05.123456Z","n":null,"d":1.10,"l":"2024-01-02T03:04:05.123456"}',
    }
    assert {column["type"] for column in outcome.manifest["columns"]} == {"string"}


def test_columns_of_the_same_name_are_refused(jobs):
    outcome = jobs.stage("SELECT 1 AS day, 2 AS Day, 3 AS hour")
    assert "day, Day" in outcome.error["message"]
    assert "hour" not in outcome.error["message"]


def test_a_source_without_columns_is_refused(jobs):
    assert "no columns" in jobs.stage("CREATE TEMPORARY VIEW nothing AS SELECT 1").error["message"]


def test_names_of_any_characters_are_kept(jobs):
    outcome = jobs.stage("SELECT 1.5D AS `a.b`, 'x' AS `c ``d`, '😀' AS `é,;{}()=`, array(1) AS `list.1`")
    assert pq.read_table(outcome.data).to_pylist() == [{"a.b": 1.5, "c `d": "x", "é,;{}()=": "😀", "list.1": "[1]"}]


ODD = """SELECT id, CASE id WHEN 1 THEN {kind}('NaN') WHEN 2 THEN {kind}('Infinity') WHEN 3 THEN -{kind}('Infinity')
    WHEN 4 THEN NULL ELSE {kind}(id) END AS x FROM range(6)"""


@pytest.mark.parametrize("kind", ["float", "double"])
def test_values_that_are_no_numbers_become_null_and_are_counted(jobs, kind):
    outcome = jobs.stage(ODD.format(kind=kind))
    assert outcome.manifest["columns"][1]["not_a_number"] == 3
    assert sorted(pq.read_table(outcome.data).to_pylist(), key=lambda row: row["id"]) == [
        {"id": number, "x": {0: 0.0, 5: 5.0}.get(number)} for number in range(6)
    ]


def test_values_that_are_no_numbers_can_be_refused(jobs):
    outcome = jobs.stage(ODD.format(kind="double"), not_a_number="refuse")
    assert "x (3)" in outcome.error["message"]
    assert outcome.manifest is None


def test_null_is_no_reason_to_refuse(jobs):
    assert jobs.stage("SELECT CAST(NULL AS double) AS x", not_a_number="refuse").manifest["rows"] == 1


@pytest.mark.parametrize(
    ("texts", "length"),
    [
        ("'', 'abc', NULL", 3),
        ("'a😀é'", 7),  # UTF-16 has four units, UTF-8 seven bytes
        ("repeat('é', 2000)", 4000),
        ("repeat('é', 2001)", 2001),
        ("repeat('中', 4000), repeat('x', 3999)", 4000),
        ("repeat('😀', 2001)", 4002),
    ],
)
def test_the_length_of_texts_is_enough_for_nvarchar(jobs, texts, length):
    outcome = jobs.stage(f"SELECT explode(array({texts})) AS s")
    assert outcome.manifest["columns"][0]["max_length"] == length


def test_the_length_of_binary_values_is_that_of_varbinary(jobs):
    outcome = jobs.stage("SELECT explode(array(X'', X'0102')) AS bytes, CAST(NULL AS binary) AS nothing")
    assert [column["max_length"] for column in outcome.manifest["columns"]] == [2, 0]


@pytest.mark.parametrize(("compression", "codec"), [("snappy", "SNAPPY"), ("gzip", "GZIP"), ("none", "UNCOMPRESSED")])
def test_files_have_the_codec_that_was_asked_for(jobs, compression, codec):
    (file,) = jobs.stage("SELECT 1 AS n", compression=compression).files
    assert pq.read_metadata(file).row_group(0).column(0).compression == codec


def test_small_source_files_become_few(jobs, tmp_path):
    jobs.sql(
        f"CREATE TABLE small USING parquet LOCATION '{tmp_path}/small' AS "
        "SELECT /*+ REPARTITION(24) */ id FROM range(2400)"
    )
    assert len(list((tmp_path / "small").glob("part-*"))) == 24
    outcome = jobs.stage(source={"kind": "table", "name": "small"})
    assert outcome.manifest["rows"] == 2400
    assert len(outcome.files) <= 4


def test_a_large_source_file_is_split(jobs, tmp_path):
    (tmp_path / "a.csv").write_text(f"{'x' * 99}\n" * 30_000)
    source = {"kind": "files", "format": "csv", "paths": [str(tmp_path / "a.csv")]}
    outcome = jobs.stage(source=source, file_bytes=MEGABYTE)
    assert outcome.manifest["rows"] == 30_000
    assert len(outcome.files) == 3


def test_a_shuffled_query_makes_files_of_the_size_not_of_the_parallelism(jobs):
    outcome = jobs.stage("SELECT id, sha2(string(id), 512) AS s FROM range(100000) DISTRIBUTE BY id")
    assert outcome.manifest["rows"] == 100_000
    assert len(outcome.files) == 1


def test_a_large_partition_is_split(jobs):
    outcome = jobs.stage(
        "SELECT uuid() AS a, uuid() AS b, rand() AS c FROM range(0, 200000, 1, 1)", file_bytes=MEGABYTE
    )
    sizes = [path.stat().st_size for path in outcome.files]
    assert len(sizes) >= 3
    assert all(MEGABYTE / 4 <= size <= 10 * MEGABYTE for size in sizes[:-1])
    assert outcome.manifest["rows"] == 200_000


def test_csv_files_are_read_with_their_options(jobs, tmp_path):
    (tmp_path / "a.csv").write_text("n;s\n1;x\n2;\n")
    options = {"header": "true", "sep": ";", "inferSchema": "true"}
    outcome = jobs.stage(
        source={"kind": "files", "format": "csv", "paths": [str(tmp_path / "a.csv")], "options": options}
    )
    assert pq.read_table(outcome.data).to_pylist() == [{"n": 1, "s": "x"}, {"n": 2, "s": None}]


def test_several_paths_of_json_and_parquet_files_are_read(jobs, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(f'{{"s": "{name}"}}\n')
    paths = [str(tmp_path / f"{name}.json") for name in ("a", "b")]
    as_json = jobs.stage(source={"kind": "files", "format": "json", "paths": paths})
    assert as_json.manifest["rows"] == 2
    again = jobs.stage(source={"kind": "files", "format": "parquet", "paths": [str(as_json.data)]})
    assert sorted(pq.read_table(again.data)["s"].to_pylist()) == ["a", "b"]


def test_the_columns_of_a_partitioned_table_are_in_the_files(jobs, tmp_path):
    jobs.sql(
        f"CREATE TABLE days USING parquet PARTITIONED BY (day) LOCATION '{tmp_path}/d' AS "
        "SELECT id, id % 3 AS day FROM range(9)"
    )
    outcome = jobs.stage(source={"kind": "table", "name": "days"})
    assert all(pq.read_schema(file).names == ["id", "day"] for file in outcome.files)
    assert sorted(pq.read_table(outcome.files)["day"].to_pylist()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_missing_table_is_named(jobs):
    outcome = jobs.stage(source={"kind": "table", "name": "sales.no_such_table"})
    assert outcome.error["kind"] == "AnalysisException"
    assert "no_such_table" in outcome.error["message"]
    assert outcome.error["step"] == "read the source"
    assert outcome.raised


def test_a_second_run_in_the_same_folder_changes_nothing(jobs):
    outcome = jobs.stage("SELECT 1 AS n")
    before = {path: path.read_bytes() for path in outcome.folder.rglob("*") if path.is_file()}
    again = jobs.stage("SELECT 1 AS n", folder=outcome.folder)
    assert "belongs to another run" in again.raised
    assert {path: path.read_bytes() for path in outcome.folder.rglob("*") if path.is_file()} == before


def test_a_job_whose_request_is_withdrawn_while_it_begins_writes_nothing_and_says_so(jobs):
    outcome = jobs.stage("SELECT 1 AS n", withdrawn=True)
    assert "was withdrawn" in outcome.raised
    assert (outcome.error["step"], outcome.error["kind"]) == ("begin", "RefusedError")
    assert not outcome.data.exists()
    assert outcome.manifest is None


def test_a_job_that_breaks_off_leaves_no_file_that_copy_would_read_and_says_why(jobs):
    broken = "raise_error('no such luck: https://x/?sv=1&sig=s3ntineL&se=2 password=s3ntineL')"
    sql = f"SELECT id, IF(id = 2, {broken}, 'x') AS s FROM range(0, 3, 1, 3)"
    outcome = jobs.stage(sql)  # two cores: a file is done when the third task begins
    assert outcome.files == []
    assert outcome.manifest is None
    assert outcome.error["step"] == "write the files"
    assert outcome.error["kind"] == "java.lang.RuntimeException"
    assert outcome.error["message"].startswith("no such luck")
    assert "traceback" in outcome.error["traceback"].lower()
    assert "s3ntineL" not in str(outcome.error)


def test_a_long_error_is_bounded(jobs):
    outcome = jobs.stage("SELECT IF(true, raise_error(repeat('long ', 100000)), 'x') AS s FROM range(1)")
    assert 1000 < len(outcome.error["message"]) < 5000
    assert len(outcome.error["traceback"]) < 20_000


def test_a_request_of_another_version_is_refused(jobs):
    outcome = jobs.stage("SELECT 1 AS n", version=2)
    assert "version 2" in outcome.error["message"]
