"""Credentials for COPY from storage connections. Listing is tested against the real emulator."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from airflow_synapse.copy import ExternalLocation, ServicePrincipal, SharedAccessSignature
from airflow_synapse.exceptions import CredentialError
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.secret import Secret

KEY = "c2VjcmV0LWtleS0wMTIzNDU2Nzg5"
SOURCE = ExternalLocation.parse("https://lake.blob.core.windows.net/landing/in/")


def token_fields(credential):
    assert isinstance(credential, SharedAccessSignature)
    return {name: values[0] for name, values in parse_qs(credential.token.reveal()).items()}


def test_a_key_becomes_a_sas_that_may_read_and_list_the_container_for_twelve_hours(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", password=KEY)
    fields = token_fields(SynapseStorageHook("lake").source_credential(SOURCE))
    assert (fields["sp"], fields["sr"], fields["spr"]) == ("rl", "c", "https")
    remaining = datetime.fromisoformat(fields["se"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < remaining <= timedelta(hours=12)


def test_the_sas_for_the_error_folder_has_the_rights_that_the_reference_asks_for(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", password=KEY)
    assert set(token_fields(SynapseStorageHook("lake").error_file_credential(SOURCE))["sp"]) == set("rlwcd")


def test_only_an_emulators_sas_works_without_tls(new_connection):
    new_connection("lake", conn_type="wasb", host="http://127.0.0.1:10000/lake", password=KEY)
    assert token_fields(SynapseStorageHook("lake").source_credential(SOURCE))["spr"] == "https,http"


def test_a_sas_of_the_connection_is_taken_as_it_is(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", extra={"sas_token": "?sv=1&sig=abc"})
    assert SynapseStorageHook("lake").source_credential(SOURCE) == SharedAccessSignature(token=Secret("sv=1&sig=abc"))


@pytest.mark.parametrize("conn_type", ["wasb", "adls"])
def test_a_service_principal_gets_the_endpoint_of_version_1(new_connection, conn_type):
    new_connection(
        "lake",
        conn_type=conn_type,
        host="https://lake.dfs.core.windows.net",
        login="client",
        password="client-secret",
        extra={"tenant_id": "my-tenant"},
    )
    assert SynapseStorageHook("lake").error_file_credential(SOURCE) == ServicePrincipal(
        client_id="client",
        token_endpoint="https://login.microsoftonline.com/my-tenant/oauth2/token",
        client_secret=Secret("client-secret"),
    )


def test_a_connection_without_a_secret_is_refused_and_drops_no_clause(new_connection):
    new_connection("lake", conn_type="wasb", login="lake")
    with pytest.raises(CredentialError, match=r"'lake' holds no SAS token.*credential=ManagedIdentity\(\)"):
        SynapseStorageHook("lake").source_credential(SOURCE)


def test_a_key_that_is_none_is_refused_without_being_shown(new_connection):
    new_connection("lake", conn_type="wasb", login="lake", password="not a key!")
    with pytest.raises(CredentialError, match="account key of connection 'lake' is no key") as caught:
        SynapseStorageHook("lake").source_credential(SOURCE)
    assert "not a key!" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("ask", ["source_credential", "error_file_credential", "rejected_row_files"])
def test_a_location_in_another_account_is_refused_before_anything_connects(new_connection, ask):
    new_connection("lake", conn_type="wasb", login="lake", password=KEY)
    elsewhere = ExternalLocation.parse("https://archive.blob.core.windows.net/landing/in/")
    with pytest.raises(CredentialError, match=r"'lake' is for storage account 'lake', but .* is in 'archive'"):
        getattr(SynapseStorageHook("lake"), ask)(elsewhere)
