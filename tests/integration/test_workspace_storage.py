"""Azurite as the workspace runs it."""

import json
import re
import stat
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

import airflow_synapse.local
from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import WorkspaceError, default_home

NODE_FILES = Path(airflow_synapse.local.__file__).parent / "node"


def client(azurite, key=None):
    return BlobServiceClient(azurite.endpoint("lake"), credential=key or azurite.key("lake").reveal())


def test_each_account_has_its_own_key(azurite):
    with client(azurite) as lake:
        assert lake.get_account_information()["sku_name"]
    with (
        client(azurite, azurite.key("archive").reveal()) as wrong,
        pytest.raises(HttpResponseError, match="AuthorizationFailure"),
    ):
        wrong.get_account_information()


def test_blobs_and_keys_outlive_a_restart(tmp_path):
    with Azurite(default_home(), tmp_path) as first, client(first) as lake:
        lake.create_container("landing").upload_blob("flights.csv", b"1,2\n")

    with Azurite(default_home(), tmp_path) as second, client(second, first.key("lake").reveal()) as lake:
        assert lake.get_blob_client("landing", "flights.csv").download_blob().readall() == b"1,2\n"


def test_keys_are_readable_by_their_owner_only(tmp_path):
    with Azurite(default_home(), tmp_path):
        assert stat.S_IMODE((tmp_path / "account_keys.json").stat().st_mode) == 0o600


def test_log_does_not_hold_the_signature_of_a_request(tmp_path):
    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas  # noqa: PLC0415

    with Azurite(default_home(), tmp_path) as azurite:
        sas = generate_account_sas(
            "lake",
            azurite.key("lake").reveal(),
            ResourceTypes(service=True),
            AccountSasPermissions(list=True),
            "2099-01-01",
        )
        with client(azurite, sas) as lake:
            assert list(lake.list_containers()) == []

    assert "sig=" not in (tmp_path / "azurite.log").read_text()


def test_taken_port_is_said(azurite, tmp_path):
    with pytest.raises(WorkspaceError, match=rf"EADDRINUSE.*{azurite.port}"):
        Azurite(default_home(), tmp_path, port=azurite.port)


def test_lock_file_names_every_version_by_its_hash_and_no_place_to_download_from():
    packages = json.loads((NODE_FILES / "package-lock.json").read_text())["packages"]
    locked = [package for path, package in packages.items() if path]

    assert all(re.match("sha(1|512)-", package["integrity"]) for package in locked)
    assert not [package for package in locked if "resolved" in package]


def test_failed_installation_says_what_to_look_at(tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))

    with pytest.raises(WorkspaceError, match=r"npm could not install Azurite .*azurite-install\.log"):
        Azurite(tmp_path, tmp_path / "storage")
