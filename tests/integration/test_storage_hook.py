"""Listing source files, on the real emulator."""

import pytest
from azure.storage.blob import (
    BlobServiceClient,
    ContainerSasPermissions,
    generate_container_sas,
)
from azure.storage.blob import (
    PublicAccess as PublicAccessLevel,
)

from airflow_synapse.copy import ExternalLocation, PublicAccess
from airflow_synapse.exceptions import SourceFilesError
from airflow_synapse.hooks.storage import SynapseStorageHook


@pytest.fixture
def lake(azurite, new_connection):
    new_connection("lake", conn_type="wasb", host=azurite.endpoint("lake"), password=azurite.key("lake").reveal())
    return SynapseStorageHook("lake")


@pytest.fixture
def files(container):
    """Files as a pipeline leaves them: data, a marker, an old error folder and a folder placeholder."""
    for name, size in {
        "in/2013-01-01.csv": 10,
        "in/2013-01-02.csv": 20,
        "in/deep/2013-01-03.csv": 40,
        "in/note.txt": 80,
        "in/_SUCCESS": 160,
        "in/_rejectedrows/20130101-000000/QID1_1.Row.Txt": 320,
        "other/2013-01-01.csv": 640,
    }.items():
        container.upload_blob(name, b"x" * size)
    container.upload_blob("in/empty-folder", b"", metadata={"hdi_isfolder": "true"})
    return container


def locations(container, *paths):
    return [
        ExternalLocation.parse(f"https://lake.blob.core.windows.net/{container.container_name}/{path}")
        for path in paths
    ]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["in/"], (4, 150)),
        (["in/*.csv"], (3, 70)),
        (["in/2013-01-01.csv"], (1, 10)),
        (["in/2013-01-01.csv", "other"], (2, 650)),
        (["in/*.csv", "in/2013-01-01.csv"], (3, 70)),
        (["in/*.CSV"], (0, 0)),
        (["in/_rejectedrows/"], (1, 320)),
        ([""], (5, 790)),
    ],
    ids=["folder", "wildcard", "file", "two locations", "overlap", "other case", "hidden but named", "container"],
)
def test_files_and_bytes_of_locations(lake, files, paths, expected):
    survey = lake.survey(locations(files, *paths))
    assert (survey.files, survey.bytes) == expected


def test_a_sas_of_the_connection_can_list(azurite, files, new_connection):
    sas = generate_container_sas(
        "lake",
        files.container_name,
        account_key=azurite.key("lake").reveal(),
        permission=ContainerSasPermissions(read=True, list=True),
        expiry="2099-01-01T00:00:00Z",
    )
    new_connection("by_sas", conn_type="wasb", host=azurite.endpoint("lake"), extra={"sas_token": sas})
    assert SynapseStorageHook("by_sas").survey(locations(files, "in/")).files == 4


def test_a_public_container_is_listed_and_read_without_a_credential(azurite, files, new_connection):
    new_connection("public", conn_type="wasb", host=azurite.endpoint("lake"), extra={"public_read": True})
    hook = SynapseStorageHook("public")
    (source,) = locations(files, "in/")
    with pytest.raises(SourceFilesError):
        hook.survey([source])  # the container is not public yet
    files.set_container_access_policy({}, public_access=PublicAccessLevel.CONTAINER)
    assert hook.survey([source]).files == 4
    assert hook.source_credential(source) == PublicAccess()


def test_a_sas_that_the_hook_makes_can_do_what_it_is_for(azurite, files, lake):
    (source,) = locations(files, "in/")
    reading = lake.source_credential(source).token.reveal()
    writing = lake.error_file_credential(source).token.reveal()
    with BlobServiceClient(azurite.endpoint("lake"), credential=reading) as client:
        reader = client.get_container_client(files.container_name)
        assert reader.download_blob("in/note.txt").readall() == b"x" * 80
        with pytest.raises(Exception, match="AuthorizationPermissionMismatch"):
            reader.upload_blob("in/new", b"")
    with BlobServiceClient(azurite.endpoint("lake"), credential=writing) as client:
        writer = client.get_container_client(files.container_name)
        writer.upload_blob("out/new", b"1")
        writer.delete_blob("out/new")


def test_a_missing_container_is_named(lake):
    missing = ExternalLocation.parse("https://lake.blob.core.windows.net/nowhere/in/")
    with pytest.raises(SourceFilesError, match="'nowhere' of 'lake' cannot be used with connection 'lake'") as caught:
        lake.survey([missing])
    assert not caught.value.retryable
    assert caught.value.__context__ is None


def test_a_wrong_key_is_an_error_that_shows_no_key(azurite, files, new_connection):
    wrong = "d3Jvbmcta2V5LTAxMjM0NTY3ODk="
    new_connection("wrong", conn_type="wasb", host=azurite.endpoint("lake"), password=wrong)
    with pytest.raises(SourceFilesError, match="cannot be used") as caught:
        SynapseStorageHook("wrong").survey(locations(files, "in/"))
    assert wrong not in str(caught.value)


def test_a_storage_that_does_not_answer_may_be_asked_again_later(new_connection, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    new_connection("dead", conn_type="wasb", host="http://127.0.0.1:1/lake", password="a2V5")
    source = ExternalLocation.parse("https://lake.blob.core.windows.net/landing/")
    with pytest.raises(SourceFilesError) as caught:
        SynapseStorageHook("dead").survey([source])
    assert caught.value.retryable
    assert len(waits) == 3
    assert sum(waits) < 30
