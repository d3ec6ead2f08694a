"""Which rights are missing: asked of the local pool as a user with few of them, and of Azurite with SAS tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import SourceFilesError
from airflow_synapse.hooks.access import missing_storage_rights
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.rights import rights_to_export, rights_to_load

BULK = "ADMINISTER DATABASE BULK OPERATIONS"


@pytest.fixture
def analyst(analyst):
    """The hook of a user who was granted nothing."""
    return SynapseSqlPoolHook(analyst)


@pytest.fixture
def table(new_table):
    return TableName.parse(new_table("id int"))


def test_the_statements_of_the_remedies_give_what_is_missing(analyst, table, pool_connection):
    rights = (*rights_to_load(table), *rights_to_export("dbo"))
    missing = analyst.missing_rights(rights)
    assert {each.right for each in missing} == {
        BULK,
        "INSERT",
        "CREATE TABLE",
        "ALTER",
        "ALTER ANY EXTERNAL DATA SOURCE",
        "ALTER ANY EXTERNAL FILE FORMAT",
        "SELECT",
    }

    for each in missing:
        pool_connection.execute(each.remedy)

    assert analyst.missing_rights(rights) == []


def test_only_what_is_missing_is_named(analyst, table, pool_connection):
    pool_connection.execute(f"GRANT {BULK} TO analyst")
    (missing,) = analyst.missing_rights(rights_to_load(table))
    assert (missing.right, missing.on) == ("INSERT", table.quoted)
    assert missing.remedy == f"GRANT INSERT ON {table.quoted} TO [analyst]"


def test_who_owns_the_pool_misses_no_permission(workspace, table, new_connection):
    new_connection("owner", **workspace.connections()["synapse_default"])
    rights = (*rights_to_load(table, creates_table=True), *rights_to_export("dbo"))
    assert SynapseSqlPoolHook("owner").missing_rights(rights) == []


@pytest.fixture
def new_hook(workspace, landing, new_connection):
    """A storage hook whose SAS grants some permissions: ``new_hook("rl")``."""

    def make(permissions):
        key = workspace.storage.key("lake").reveal()
        token = generate_container_sas(
            "lake",
            landing.container_name,
            account_key=key,
            permission=ContainerSasPermissions.from_string(permissions),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        fields = {"conn_type": "wasb", "login": "lake", "host": workspace.storage.endpoint("lake")}
        return SynapseStorageHook(new_connection("restricted", **fields, extra={"sas_token": token}))

    return make


@pytest.fixture
def folder(landing):
    return ExternalLocation.parse(f"https://lake.blob.core.windows.net/{landing.container_name}/staging/today/")


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        ("rwdlc", []),
        ("wdc", ["list", "read"]),
        ("rwlc", ["delete"]),
        ("rl", ["write"]),
        ("r", ["list", "write"]),
    ],
)
def test_what_a_sas_does_not_grant_is_named(new_hook, folder, landing, permissions, missing):
    found = missing_storage_rights(new_hook(permissions), folder)
    assert [each.right for each in found] == missing
    assert {each.on for each in found} <= {folder.url}
    left = [blob.name for blob in landing.list_blobs()]
    assert all(name.startswith("staging/today/_airflow-access-check-") for name in left)
    assert len(left) == ("delete" in missing)


def test_the_remedy_names_the_role_and_the_permissions_on_folders(new_hook, folder):
    (missing,) = missing_storage_rights(new_hook("rl"), folder)
    assert "Storage Blob Data Contributor on account 'lake'" in missing.remedy
    assert "--X on /, --X on /staging, RWX on /staging/today;" in missing.remedy


def test_a_container_that_is_not_there_is_no_matter_of_rights(workspace, new_connection):
    hook = SynapseStorageHook(new_connection("lake", **workspace.connections()["lake"]))
    nowhere = ExternalLocation.parse("https://lake.blob.core.windows.net/nowhere/staging/")
    with pytest.raises(SourceFilesError, match="nowhere"):
        missing_storage_rights(hook, nowhere)
