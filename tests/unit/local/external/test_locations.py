"""Where the files of an external table are, and what opens them."""

import pytest

from airflow_synapse.local.catalog.external_objects import DataSource, ScopedCredential
from airflow_synapse.local.copy.locations import matcher
from airflow_synapse.local.copy.request import (
    Location,
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
)
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.external.locations import (
    external_location,
    literal,
    read_source_location,
    storage_credential,
)
from airflow_synapse.secret import Secret

PRINCIPAL = "11111111-2222-3333-4444-555555555555@https://login.microsoftonline.com/tenant/oauth2/token"


def _source(location):
    return DataSource(1, "source", location, None, True)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("abfss://data@lake.dfs.core.windows.net", Location("lake", "dfs", "data", "")),
        ("ABFS://data@Lake.dfs.core.windows.net/a/b/", Location("lake", "dfs", "data", "a/b")),
        ("wasbs://data@lake.blob.core.windows.net/", Location("lake", "blob", "data", "")),
        ("https://lake.blob.core.windows.net/data/a", Location("lake", "blob", "data", "a")),
    ],
)
def test_the_documented_locations_are_read(text, location):
    assert read_source_location(text) == location


@pytest.mark.parametrize(
    "text",
    [
        "hdfs://10.0.0.1:8020",
        "adl://lake.azuredatalakestore.net",
        "s3://bucket",
        "https://lake.blob.core.windows.net",
        "abfss://lake.dfs.core.windows.net/data",
        "abfss://data@lake.dfs.core.windows.net/a?sig=secret",
    ],
)
def test_other_locations_are_refused_and_not_quoted(text):
    with pytest.raises(PoolError) as refused:
        read_source_location(text)
    assert text not in refused.value.message


@pytest.mark.parametrize(
    ("root", "path", "joined"),
    [
        ("", "out/", "out/"),
        ("", "/out", "out"),
        ("/root/", "/a/b.parquet", "root/a/b.parquet"),
        ("/root", "/", "root/"),
        ("", "/", ""),
        ("/root", "", "root"),
    ],
)
def test_the_path_of_a_table_stands_below_that_of_its_source(root, path, joined):
    source = _source(f"abfss://data@lake.dfs.core.windows.net{root}")
    assert external_location(source, path).path == joined


def test_an_asterisk_in_a_path_stands_for_itself():
    pattern = matcher(literal(Location("lake", "dfs", "data", "a*\\b/")).path)
    assert pattern.fullmatch("/a*\\b/file")
    assert not pattern.fullmatch("/aaa\\b/file")


@pytest.mark.parametrize(
    ("identity", "secret", "credential"),
    [
        ("Managed Service Identity", None, ManagedIdentity()),
        ("managed identity", None, ManagedIdentity()),
        ("SHARED ACCESS SIGNATURE", "?sv=1&sig=x", SharedAccessSignature(Secret("sv=1&sig=x"))),
        ("any account", "key", StorageAccountKey(Secret("key"))),
        (
            PRINCIPAL,
            "word",
            ServicePrincipal(PRINCIPAL.split("@", maxsplit=1)[0], PRINCIPAL.split("@", maxsplit=1)[1], Secret("word")),
        ),
        ("User Identity", None, None),
    ],
)
def test_the_identity_says_what_the_secret_is(identity, secret, credential):
    found = ScopedCredential(1, "c", identity, Secret(secret) if secret else None)
    assert storage_credential(_source("abfss://data@lake.dfs.core.windows.net"), found) == credential


def test_without_a_credential_the_storage_is_opened_as_the_login():
    assert storage_credential(_source("abfss://data@lake.dfs.core.windows.net"), None) is None


def test_a_key_without_a_secret_and_a_signature_for_wasb_are_refused():
    abfss, wasbs = _source("abfss://d@lake.dfs.core.windows.net"), _source("wasbs://d@lake.blob.core.windows.net")
    with pytest.raises(PoolError, match="SECRET"):
        storage_credential(abfss, ScopedCredential(1, "c", "account", None))
    with pytest.raises(PoolError, match="storage account key alone"):
        storage_credential(wasbs, ScopedCredential(1, "c", "SHARED ACCESS SIGNATURE", Secret("sv=1&sig=x")))
