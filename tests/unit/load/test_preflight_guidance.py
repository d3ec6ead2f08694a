"""The documented guidance on the number and size of files."""

import pytest

from airflow_synapse.copy import build_statement
from airflow_synapse.load.compute_size import compute_nodes
from airflow_synapse.load.guidance import asks_for_compute_nodes, warnings
from airflow_synapse.load.source_survey import SourceSurvey

MB = 1_000_000


def statement(file_type="CSV", **options):
    return build_statement(
        table="t", external_locations="https://lake.blob.core.windows.net/landing/in/", file_type=file_type, **options
    )


def said(survey, load, nodes=None):
    return list(warnings(SourceSurvey(**survey), load, nodes))


def test_well_cut_files_are_not_worth_a_word():
    assert said({"files": 5000, "bytes": 10**12}, statement(), nodes=60) == []
    assert said({"files": 5000, "bytes": 10**13}, statement("PARQUET"), nodes=60) == []


def test_more_than_five_thousand_files_are_too_many():
    (warning,) = said({"files": 5001, "bytes": 10**12}, statement())
    assert "5,001 files" in warning


def test_small_files_are_counted_in_one_sentence():
    (warning,) = said({"files": 300, "bytes": 10**9, "small_files": 200}, statement())
    assert warning.startswith("200 of 300 files are smaller than 4 MB")


@pytest.mark.parametrize(("file_type", "count"), [("PARQUET", 1), ("ORC", 1), ("CSV", 0)])
def test_only_parquet_and_orc_want_256_mb(file_type, count):
    found = said({"files": 3, "bytes": 300 * MB, "small_parquet_files": 3}, statement(file_type))
    assert len(found) == count
    assert all(f"3 of 3 {file_type} files are smaller than 256 MB" in warning for warning in found)


def test_a_single_file_may_be_small():
    assert said({"files": 1, "bytes": 9, "small_files": 1, "small_parquet_files": 1}, statement("PARQUET")) == []


@pytest.mark.parametrize(
    ("files", "size", "nodes", "wanted"),
    [
        (59, 10**12, 1, "Write 60 files"),
        (60, 10**12, 1, None),
        (119, 10**12, 2, "Write 120 files"),
        (120, 10**12, 2, None),
        (100, 10**12, 60, "Write 3,600 files"),
        (10, 80 * MB, 1, "Write 20 files"),
        (10, 40 * MB, 1, None),
        (10, 10**12, None, None),
    ],
)
def test_compressed_csv_wants_sixty_files_for_each_compute_node(files, size, nodes, wanted):
    found = said({"files": files, "bytes": size, "gzip_files": files}, statement(), nodes)
    assert [wanted in warning for warning in found] == ([] if wanted is None else [True])


@pytest.mark.parametrize(
    ("load", "gzip_files", "asks"),
    [
        (statement(), 10, True),
        (statement(), 0, False),
        (statement(compression="GZIP"), 0, True),
        (statement(compression="NONE"), 10, False),
        (statement("PARQUET"), 10, False),
    ],
    ids=["extension", "plain", "said so", "said not so", "Parquet"],
)
def test_the_size_of_the_pool_is_asked_only_for_compressed_csv(load, gzip_files, asks):
    survey = SourceSurvey(files=100, bytes=10**12, gzip_files=gzip_files)
    assert asks_for_compute_nodes(survey, load) is asks


@pytest.mark.parametrize(("files", "asks"), [(3599, True), (3600, False)])
def test_the_size_of_the_pool_is_not_asked_where_even_the_largest_has_enough(files, asks):
    assert asks_for_compute_nodes(SourceSurvey(files=files, bytes=10**12, gzip_files=files), statement()) is asks


@pytest.mark.parametrize(
    ("rows", "nodes"),
    [
        ([("DW100c",)], 1),
        ([("DW500c",)], 1),
        ([("dw1000c",)], 2),
        ([("DW30000c",)], 60),
        ([("DW1000",)], None),
        ([(None,)], None),
        ([], None),
    ],
    ids=repr,
)
def test_the_performance_level_gives_the_number_of_compute_nodes(rows, nodes):
    assert compute_nodes(rows) == nodes
