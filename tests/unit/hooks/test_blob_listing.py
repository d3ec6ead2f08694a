"""How a listing gets in, by what the connection holds. Listing is tested against the real emulator."""

import logging
import time
from urllib.parse import parse_qs, urlsplit

import airflow as installed_airflow
import pytest
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from packaging.version import Version

from airflow_synapse.copy import ExternalLocation
from airflow_synapse.exceptions import CredentialError, SourceFilesError
from airflow_synapse.hooks.blob_client import client_credential
from airflow_synapse.hooks.blob_listing import _authorize
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.version_compat import AirflowException

KEY = "c2VjcmV0LWtleS0wMTIzNDU2Nzg5"
REJECTS = ExternalLocation.parse("https://lake.blob.core.windows.net/landing/rejects/")


def fields(authorization):
    return {name: values[0] for name, values in parse_qs(urlsplit(authorization.url).query).items()}


def test_an_account_key_is_never_sent_but_a_sas_that_may_read_and_list(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", password=KEY)
    authorization = _authorize("lake", REJECTS)
    assert authorization.url.startswith("https://lake.blob.core.windows.net/landing?restype=container&comp=list&")
    assert fields(authorization)["sp"] == "rl"
    assert "Authorization" not in authorization.headers
    assert KEY not in authorization.url


def test_a_sas_of_the_connection_is_sent_as_it_is(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", extra={"sas_token": "?sv=1&sig=a%2Bc"})
    assert _authorize("lake", REJECTS).url.endswith("&sv=1&sig=a%2Bc")


def test_a_public_account_is_asked_without_anything(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", extra={"public_read": "true"})
    authorization = _authorize("lake", REJECTS)
    assert set(fields(authorization)) == {"restype", "comp", "include"}
    assert set(authorization.headers) == {"x-ms-version"}


SDK_LOGGERS = ("azure.identity", "azure.core.pipeline.policies.http_logging_policy")
IDENTITIES = {
    ClientSecretCredential: {"login": "client", "password": "client-secret", "extra": {"tenant_id": "my-tenant"}},
    DefaultAzureCredential: {},
}


@pytest.mark.parametrize(("lifetime", "used"), [(3600, 1800), (600, 300)])
@pytest.mark.parametrize("identity", IDENTITIES, ids=["service principal", "managed identity"])
def test_an_identity_gets_in_with_a_token_as_long_as_it_lasts(
    new_connection, monkeypatch, caplog, identity, lifetime, used
):
    for name in SDK_LOGGERS:
        caplog.set_level(logging.INFO, logger=name)

    class Token:
        token = "entra-token-0123456789"
        expires_on = time.time() + lifetime

    asked = []
    monkeypatch.setattr(identity, "get_token", lambda self, scope: asked.append(scope) or Token)
    new_connection("lake", conn_type="adls", host="https://lake.dfs.core.windows.net", **IDENTITIES[identity])
    authorization = _authorize("lake", REJECTS)
    assert asked == ["https://storage.azure.com/.default"]
    assert authorization.headers["Authorization"] == "Bearer entra-token-0123456789"
    assert authorization.until - time.monotonic() == pytest.approx(used, abs=5)
    assert "entra-token" not in repr(authorization)
    # They would write the headers of requests to the triggerer's log.
    assert [logging.getLogger(name).level for name in SDK_LOGGERS] == [logging.WARNING] * 2


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({}, {}),
        ({"extra": {"managed_identity_client_id": "m"}}, {"managed_identity_client_id": "m"}),
        ({"extra": {"workload_identity_tenant_id": "w"}}, {"workload_identity_tenant_id": "w"}),
        (
            {
                "login": "client",
                "password": "client-secret",
                "extra": {"tenant_id": "t", "client_secret_auth_config": {"authority": "login.chinacloudapi.cn"}},
            },
            {"authority": "login.chinacloudapi.cn"},
        ),
    ],
    ids=["machine", "user-assigned", "workload", "another cloud"],
)
def test_an_identity_is_asked_for_as_the_connection_names_it(new_connection, monkeypatch, fields, given):
    asked = []
    for name in ("DefaultAzureCredential", "ClientSecretCredential"):
        monkeypatch.setattr(f"azure.identity.{name}", lambda *_, **options: asked.append(options))
    new_connection("lake", conn_type="wasb", host="https://lake.blob.core.windows.net", **fields)
    client_credential(SynapseStorageHook("lake").settings)
    assert asked == [given]


def test_a_connection_for_another_account_is_refused(new_connection):
    new_connection("other", conn_type="wasb", login="other", password=KEY)
    with pytest.raises(CredentialError, match="is in 'lake'"):
        _authorize("other", REJECTS)


@pytest.mark.skipif(
    Version(installed_airflow.__version__) < Version("3.2"),
    reason="outside of a task it does not look for a connection",
)
def test_a_connection_that_is_missing_is_an_error_that_stays():
    with pytest.raises(CredentialError, match="There is no connection 'missing'") as caught:
        _authorize("missing", REJECTS)
    assert not caught.value.retryable


def test_a_connection_that_airflow_cannot_give_just_now_is_an_error_that_may_pass(monkeypatch):
    def refuse(self, conn_id):
        raise AirflowException("secret text")

    monkeypatch.setattr(SynapseStorageHook, "get_connection", refuse)
    with pytest.raises(
        SourceFilesError, match=r"^Airflow does not give connection 'lake': AirflowException\.$"
    ) as caught:
        _authorize("lake", REJECTS)
    assert caught.value.retryable


@pytest.mark.parametrize(("exceptions", "proxy"), [("", "http://127.0.0.1:9"), ("lake.blob.core.windows.net", None)])
def test_the_proxy_of_the_environment_is_used(new_connection, monkeypatch, exceptions, proxy):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", exceptions)
    new_connection("lake", conn_type="wasb", login="lake", password=KEY)
    assert _authorize("lake", REJECTS).proxy == proxy
