"""A container of its own and a pool of its own for each test of COPY."""

from __future__ import annotations

import pytest
from plain_pool import CLIENT_ID, Landing, PlainDuckDb, Pool

from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration
from airflow_synapse.secret import Secret


@pytest.fixture
def landing(azurite, container):
    return Landing(container, azurite.key("lake"))


@pytest.fixture
def pool(azurite, landing):
    accounts = {name: StorageAccount(azurite.endpoint(name), azurite.key(name)) for name in ("lake", "archive")}
    environment = PlainDuckDb(StorageConfiguration(accounts, {CLIENT_ID: Secret("principal secret")}))
    yield Pool(environment, f"https://lake.blob.core.windows.net/{landing.container.container_name}")
    environment.connection.close()
