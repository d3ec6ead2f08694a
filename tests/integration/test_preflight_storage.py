"""The survey of source files, in real storage."""

import io

import pyarrow as pa
import pytest
from azure.storage.blob import BlobServiceClient
from pyarrow import parquet

from airflow_synapse.copy import ExternalLocation
from airflow_synapse.exceptions import SourceFilesError
from airflow_synapse.hooks.storage import SynapseStorageHook


@pytest.fixture
def container(azurite):
    with BlobServiceClient(azurite.endpoint("lake"), credential=azurite.key("lake").reveal()) as account:
        client = account.create_container("preflight")
        yield client
        client.delete_container()


@pytest.fixture
def storage(azurite, new_connection):
    new_connection(
        "lake", conn_type="wasb", host=azurite.endpoint("lake"), login="lake", password=azurite.key("lake").reveal()
    )
    return SynapseStorageHook("lake")


def at(*paths):
    return [ExternalLocation.parse(f"https://lake.blob.core.windows.net/preflight/{path}") for path in paths]


def parquet_bytes(columns=1, **options):
    file = io.BytesIO()
    parquet.write_table(pa.table({f"column_{number}": [number] for number in range(columns)}), file, **options)
    return file.getvalue()


def test_the_files_that_the_locations_stand_for_are_counted_once(container, storage):
    for name in ("in/a.csv", "in/deep/b.csv.gz", "in/_hidden.csv", "in/c.txt", "out/d.csv"):
        container.upload_blob(name, b"12345")
    found = storage.survey(at("in/", "in/*.csv"))
    assert (found.files, found.bytes, found.gzip_files) == (3, 15, 1)
    assert [file.name for file in found.sample] == ["in/a.csv", "in/c.txt", "in/deep/b.csv.gz"]
    assert found.parquet_files == ()


def test_no_file_is_no_error(container, storage):
    assert storage.survey(at("in/"), read_footers=True).files == 0


def test_footers_of_the_sample_are_read(container, storage):
    for number in range(12):
        container.upload_blob(f"in/{number:02}.parquet", parquet_bytes())
    found = storage.survey(at("in/"), read_footers=True)
    assert [file.name for file in found.parquet_files] == [file.name for file in found.sample]
    assert {next(str(column) for column in file.columns) for file in found.parquet_files} == {"INT64"}


def test_a_footer_of_more_than_the_first_request_is_read_whole(container, storage):
    content = parquet_bytes(columns=2000)
    assert int.from_bytes(content[-8:-4], "little") > 64 * 1024
    container.upload_blob("in/wide.parquet", content)
    (found,) = storage.survey(at("in/wide.parquet"), read_footers=True).parquet_files
    assert len(found.columns) == 2000
    assert found.columns[-1].name == "column_1999"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not end with PAR1"),
        (b"PAR1", "does not end with PAR1"),
        (b"a,b,c\n1,2,3\n", "does not end with PAR1"),
        (parquet_bytes()[:-1], "does not end with PAR1"),
        (b"PAR1" + b"\xff\xff\xff\x7fPAR1", "claims"),
        (b"PARE" + b"x" * 9 + b"\x09\0\0\0PARE", "encrypted"),
    ],
    ids=["empty", "magic only", "CSV", "cut", "length", "encrypted"],
)
def test_a_file_that_is_no_parquet_file_says_why(container, storage, content, reason):
    container.upload_blob("in/a.parquet", content)
    (found,) = storage.survey(at("in/"), read_footers=True).parquet_files
    assert reason in found.unreadable


def test_storage_that_refuses_is_named_without_its_secret(azurite, container, new_connection):
    new_connection(
        "lake",
        conn_type="wasb",
        host=azurite.endpoint("lake"),
        login="lake",
        password=azurite.key("archive").reveal(),
    )
    with pytest.raises(SourceFilesError, match="'preflight' of 'lake' cannot be used") as caught:
        SynapseStorageHook("lake").survey(at("in/"))
    assert azurite.key("archive").reveal() not in str(caught.value)
