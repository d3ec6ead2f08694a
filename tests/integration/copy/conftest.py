"""A container of its own and a pool of its own for each test of COPY."""

from __future__ import annotations

import itertools

import pytest
from azure.storage.blob import BlobServiceClient
from plain_pool import CLIENT_ID, Landing, PlainDuckDb, Pool

from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration
from airflow_synapse.secret import Secret

_numbers = itertools.count(1)


@pytest.fixture
def landing(azurite):
    client = BlobServiceClient(azurite.endpoint("lake"), credential=azurite.key("lake").reveal())
    with client, client.create_container(f"copy-{next(_numbers)}") as container:
        yield Landing(container, azurite.key("lake"))
        container.delete_container()


@pytest.fixture
def pool(azurite, landing):
    accounts = {name: StorageAccount(azurite.endpoint(name), azurite.key(name)) for name in ("lake", "archive")}
    environment = PlainDuckDb(StorageConfiguration(accounts, {CLIENT_ID: Secret("principal secret")}))
    yield Pool(environment, f"https://lake.blob.core.windows.net/{landing.container.container_name}")
    environment.connection.close()
