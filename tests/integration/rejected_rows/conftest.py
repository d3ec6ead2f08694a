"""A storage account that can be told to fail, and files of rejected rows."""

import pytest
from storage_proxy import StorageProxy

from airflow_synapse.copy import ExternalLocation
from airflow_synapse.hooks.storage import SynapseStorageHook


@pytest.fixture
def storage_proxy(azurite):
    """The account ``lake`` of the emulator behind a proxy: ``storage_proxy.faults.append(Fault(status=503))``."""
    proxy = StorageProxy(azurite.endpoint("lake"))
    yield proxy
    proxy.stop()


@pytest.fixture
def proxy(workspace):
    """The account ``lake`` of the workspace behind a proxy; the pool itself is not behind it."""
    proxy = StorageProxy(workspace.storage.endpoint("lake"))
    yield proxy
    proxy.stop()


@pytest.fixture
def lake_hook(azurite, storage_proxy, new_connection):
    """A hook for the account ``lake`` behind the proxy, by its key; the id of its connection is ``lake``."""
    new_connection("lake", conn_type="wasb", host=storage_proxy.endpoint, password=azurite.key("lake").reveal())
    return SynapseStorageHook("lake")


@pytest.fixture
def location(container):
    """The folder ``load`` of the container, as ERRORFILE has it."""
    return ExternalLocation.parse(f"https://lake.blob.core.windows.net/{container.container_name}/load")


@pytest.fixture
def put(container):
    """Write a file of rejected rows: ``put("QID1_1_1.Row.Txt", b"...")``, into the folder of a time if one is given."""

    def write(name, content, time="20260131-000000"):
        container.upload_blob(f"load/_rejectedrows/{time}/{name}", content, overwrite=True)

    return write


@pytest.fixture
def no_waits(monkeypatch):
    """Repeats of the storage's client come at once; the seconds that they would have waited are returned."""
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits
