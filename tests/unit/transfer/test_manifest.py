"""What a job has written, and whether it is there."""

import json

import pytest

from airflow_synapse.exceptions import StagedFilesError, TransferOptionError
from airflow_synapse.load.source_survey import SourceFile
from airflow_synapse.transfer.manifest import Manifest, StagedColumn

WRITTEN = {
    "version": 1,
    "rows": 3,
    "files": [{"name": "data/part-0.parquet", "bytes": 10}, {"name": "data/part-1.parquet", "bytes": 20}],
    "columns": [
        {"name": "id", "type": "bigint", "nullable": False, "max_length": None},
        {"name": "name", "type": "string", "nullable": True, "max_length": 7},
    ],
    "spark_version": "3.5.9",
    "application_id": "application_1_0001",
    "seconds": 4.5,
}
LISTED = [SourceFile("data/part-0.parquet", 10), SourceFile("data/part-1.parquet", 20)]


def manifest(**changes):
    return Manifest.parse(json.dumps({**WRITTEN, **changes}).encode())


def test_a_manifest_is_read():
    found = manifest()
    assert (found.rows, found.files, found.application_id, found.seconds) == (
        3,
        tuple(LISTED),
        "application_1_0001",
        4.5,
    )
    assert found.columns == (
        StagedColumn(name="id", type="bigint", is_nullable=False),
        StagedColumn(name="name", type="string", max_length=7),
    )


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"version": 1}', json.dumps(WRITTEN).encode()[:-9]])
def test_a_manifest_that_is_cut_off_is_not_taken(text):
    with pytest.raises(StagedFilesError, match="cannot be read") as caught:
        Manifest.parse(text)
    assert caught.value.retryable


def test_a_manifest_of_another_version_is_not_tried_again():
    with pytest.raises(TransferOptionError, match=r"version 2.*leave job_folder out"):
        manifest(version=2)


def test_the_files_of_the_manifest_are_those_that_are_there():
    manifest().check_listing(LISTED)


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        (LISTED[:1], "Missing: data/part-1.parquet."),
        ([*LISTED, SourceFile("data/part-2.parquet", 1)], "Unknown to the job: data/part-2.parquet."),
        ([LISTED[0], SourceFile("data/part-1.parquet", 19)], "Of another size: data/part-1.parquet."),
        ([], "Missing: data/part-0.parquet, data/part-1.parquet."),
    ],
)
def test_other_files_are_named(listed, what):
    with pytest.raises(StagedFilesError) as caught:
        manifest().check_listing(listed)
    assert str(caught.value).endswith(what)


def test_few_of_many_files_are_named():
    with pytest.raises(StagedFilesError, match="and 3 more"):
        manifest().check_listing([*LISTED, *(SourceFile(f"data/part-x{number}", 1) for number in range(8))])
