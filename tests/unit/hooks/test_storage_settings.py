"""Reading connections of the Azure provider, in the order of precedence that its own hooks have."""

import pytest
from airflow.sdk import Connection

from airflow_synapse.exceptions import CredentialError
from airflow_synapse.hooks.storage_settings import StorageSettings
from airflow_synapse.secret import Secret

ENDPOINT = "https://lake.blob.core.windows.net"
SAS = "sv=2024-11-04&sp=rl&sig=abc"


def settings(conn_type="wasb", **fields):
    return StorageSettings.from_connection(Connection(conn_id="lake", conn_type=conn_type, **fields))


@pytest.mark.parametrize(
    ("fields", "account", "endpoint"),
    [
        ({"login": "lake"}, "lake", ENDPOINT),
        ({"host": "https://lake.blob.core.windows.net/"}, "lake", ENDPOINT),
        ({"host": "lake.blob.core.windows.net"}, "lake", ENDPOINT),
        ({"host": "https://lake.dfs.core.windows.net"}, "lake", ENDPOINT),
        ({"host": "https://lake.blob.core.chinacloudapi.cn"}, "lake", "https://lake.blob.core.chinacloudapi.cn"),
        ({"host": "directory-id", "login": "lake"}, "lake", ENDPOINT),
        ({"conn_type": "adls", "host": "lake", "login": "client"}, "lake", ENDPOINT),
        (
            {"conn_type": "adls", "host": "x", "extra": '{"account_url": "https://lake.dfs.core.windows.net"}'},
            "lake",
            ENDPOINT,
        ),
        ({"host": "http://127.0.0.1:10000/lake"}, "lake", "http://127.0.0.1:10000/lake"),
        ({"host": "http://localhost:10000/lake/"}, "lake", "http://localhost:10000/lake"),
        ({"host": "http://azurite:10000/lake", "login": "other"}, "lake", "http://azurite:10000/lake"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_account_and_its_endpoint(fields, account, endpoint):
    found = settings(**fields)
    assert (found.account, found.endpoint) == (account, endpoint)


def test_a_connection_without_an_account_is_refused():
    with pytest.raises(CredentialError, match="'lake' names no storage account"):
        settings(password="key")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"password": "a2V5"}, {"key": Secret("a2V5")}),
        ({"password": "a2V5", "extra": '{"public_read": true}'}, {"is_public": True}),
        ({"password": "a2V5", "extra": '{"public_read": false}'}, {"key": Secret("a2V5")}),
        ({"extra": '{"shared_access_key": "a2V5"}'}, {"key": Secret("a2V5")}),
        ({"extra": '{"account_key": "a2V5"}'}, {"key": Secret("a2V5")}),
        ({"extra": '{"extra__wasb__shared_access_key": "a2V5"}'}, {"key": Secret("a2V5")}),
        ({"extra": f'{{"sas_token": "{SAS}"}}'}, {"sas_token": Secret(SAS)}),
        ({"extra": f'{{"sas_token": "?{SAS}"}}'}, {"sas_token": Secret(SAS)}),
        ({"extra": f'{{"sas_token": "{ENDPOINT}?{SAS}"}}'}, {"sas_token": Secret(SAS)}),
        ({"extra": f'{{"sas_token": "{ENDPOINT}/landing?{SAS}"}}'}, {"sas_token": Secret(SAS)}),
        (
            {"extra": f'{{"sas_token": "https://lake.dfs.core.windows.net/landing/in?{SAS}"}}'},
            {"sas_token": Secret(SAS)},
        ),
        ({"extra": f'{{"shared_access_key": "{SAS}"}}'}, {"sas_token": Secret(SAS)}),
        # the order
        ({"password": "old", "extra": '{"shared_access_key": "a2V5"}'}, {"key": Secret("a2V5")}),
        ({"password": "a2V5", "extra": '{"account_key": "old"}'}, {"key": Secret("a2V5")}),
        ({"password": "old", "extra": f'{{"sas_token": "{SAS}"}}'}, {"sas_token": Secret(SAS)}),
        # empty texts of the form
        ({"password": "", "extra": '{"sas_token": "", "shared_access_key": "", "tenant_id": ""}'}, {}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_key_or_a_sas(fields, found):
    assert settings(login="lake", **fields) == StorageSettings(account="lake", endpoint=ENDPOINT, **found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "DefaultEndpointsProtocol=https;AccountName=lake;AccountKey=a2V5==;EndpointSuffix=core.windows.net",
            {"endpoint": ENDPOINT, "key": Secret("a2V5==")},
        ),
        (
            "AccountName=lake;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000/lake;",
            {"endpoint": "http://127.0.0.1:10000/lake", "key": Secret("a2V5")},
        ),
        (
            f"BlobEndpoint={ENDPOINT}/;SharedAccessSignature={SAS}",
            {"endpoint": ENDPOINT, "sas_token": Secret(SAS)},
        ),
    ],
    ids=["key", "emulator", "sas"],
)
def test_a_connection_string_comes_before_all_else(text, expected):
    found = settings(login="other", password="old", extra=f'{{"connection_string": "{text}", "tenant_id": "t"}}')
    assert found == StorageSettings(account="lake", **expected)


@pytest.mark.parametrize("text", ["AccountKey=a2V5", "AccountName=lake", "nonsense"])
def test_a_broken_connection_string_is_refused_without_being_shown(text):
    with pytest.raises(CredentialError, match="connection_string needs AccountName") as caught:
        settings(extra=f'{{"connection_string": "{text}"}}')
    assert "a2V5" not in str(caught.value)


def test_a_service_principal_comes_before_keys():
    found = settings(
        host=ENDPOINT, login="client", password="client-secret", extra='{"tenant_id": "t", "sas_token": "old"}'
    )
    assert found == StorageSettings(
        account="lake", endpoint=ENDPOINT, tenant_id="t", client_id="client", client_secret=Secret("client-secret")
    )


@pytest.mark.parametrize("fields", [{"login": "client"}, {"password": "secret"}, {"login": "client", "password": ""}])
def test_half_of_a_service_principal_is_refused(fields):
    with pytest.raises(CredentialError, match="a service principal needs its client id as login and its client secret"):
        settings(host=ENDPOINT, extra='{"tenant_id": "t"}', **fields)


def test_an_extra_that_is_no_object_is_refused_without_being_shown():
    with pytest.raises(CredentialError, match="'lake': the extra is JSON of a str") as caught:
        settings(login="lake", extra='"c2VjcmV0"')
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"password": ENDPOINT},
        {"password": f"{ENDPOINT}/landing?"},
        {"extra": f'{{"sas_token": "{ENDPOINT}"}}'},
        {"extra": '{"sas_token": "?"}'},
        {"extra": f'{{"connection_string": "BlobEndpoint={ENDPOINT};SharedAccessSignature=?"}}'},
    ],
    ids=str,
)
def test_a_sas_without_its_token_is_refused(fields):
    with pytest.raises(CredentialError, match="'lake' has a URL, or a question mark, without the SAS token"):
        settings(login="lake", **fields)


def test_options_of_a_service_principal_that_are_no_object_are_refused():
    extra = '{"tenant_id": "t", "client_secret_auth_config": "https://login.microsoftonline.us"}'
    with pytest.raises(CredentialError, match="the extra client_secret_auth_config is a str, where a JSON object"):
        settings(host=ENDPOINT, login="client", password="client-secret", extra=extra)


def test_an_identity_is_named_as_the_azure_provider_names_it():
    extra = '{"managed_identity_client_id": "m", "extra__wasb__workload_identity_tenant_id": "w"}'
    assert settings(login="lake", extra=extra) == StorageSettings(
        account="lake", endpoint=ENDPOINT, managed_identity_client_id="m", workload_identity_tenant_id="w"
    )


def test_settings_do_not_show_their_secrets():
    assert "a2V5" not in repr(settings(login="lake", password="a2V5"))
