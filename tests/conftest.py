"""Servers that tests share: each starts once a session, on a free port of 127.0.0.1, when a test asks for it."""

import itertools
import json
import os
import sys
import tempfile

import pytest

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import default_home
from airflow_synapse.local.sql_pool import SqlPool
from airflow_synapse.local.workspace import Workspace
from airflow_synapse.secret import Secret

_numbers = itertools.count(1)

# Before anything imports Airflow, which makes its folder and its configuration when it is imported.
_AIRFLOW_HOME = tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True)
os.environ["AIRFLOW_HOME"] = _AIRFLOW_HOME.name


@pytest.fixture(autouse=True)
def forgotten_secrets():
    """Let Airflow forget what it has to mask: each text makes the next one slower to add, and tests make thousands."""
    yield
    if masking := sys.modules.get("airflow.sdk._shared.secrets_masker"):
        masking._secrets_masker().reset_masker()


@pytest.fixture
def new_connection(monkeypatch):
    """Define an Airflow connection: ``new_connection("lake", conn_type="wasb", login="lake")`` returns its id."""

    def define(name, **fields):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
        return name

    return define


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    """Real Azurite with two empty accounts, ``lake`` and ``archive``.

    ``azurite.endpoint("lake")`` is the account's URL, ``azurite.key("lake")`` its key as a Secret.
    """
    with Azurite(default_home(), tmp_path_factory.mktemp("azurite"), accounts=("lake", "archive")) as server:
        yield server


@pytest.fixture
def container(azurite):
    """An empty container of the account ``lake`` of ``azurite``, as a ContainerClient; removed after the test."""
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - takes a while, and most tests need none

    with BlobServiceClient(azurite.endpoint("lake"), credential=azurite.key("lake").reveal()) as client:
        created = client.create_container(f"files-{next(_numbers)}")
        yield created
        if created.exists():  # some tests take it away
            created.delete_container()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    """A workspace with a storage of its own: ``workspace.storage`` (as ``azurite``) and ``workspace.sql_pool``.

    The pool has a login ``analyst`` that no user stands for yet.
    """
    with Workspace(
        default_home(),
        tmp_path_factory.mktemp("workspace"),
        accounts=("lake", "archive"),
        restricted_logins={"analyst": Secret("analyst;password")},
    ) as running:
        yield running


@pytest.fixture(scope="session")
def spark_workspace(workspace):
    """The workspace with its Spark pool, ``spark_workspace.spark_pool``, which starts when a test first asks for it.

    A process that is to reach it needs ``spark_workspace.environment``.
    """
    workspace.start_spark_pool()
    return workspace


@pytest.fixture
def spark_pool(spark_workspace, monkeypatch):
    """The Spark pool, for clients in this process; whole again after a test that broke it."""
    for name, value in spark_workspace.environment.items():
        monkeypatch.setenv(name, value)
    yield spark_workspace.spark_pool
    spark_workspace.spark_pool.faults.clear()


@pytest.fixture(scope="session")
def _breakable_pool(tmp_path_factory):
    with SqlPool(tmp_path_factory.mktemp("breakable_pool"), storage_accounts={}) as pool:
        yield pool


@pytest.fixture
def breakable_pool(_breakable_pool):
    """A SQL pool without storage that a test may break: ``breakable_pool.faults``; whole again after the test."""
    yield _breakable_pool
    _breakable_pool.faults.clear()
    _breakable_pool.faults.resume()


@pytest.fixture
def pool_connection(workspace):
    """A connection of Microsoft's driver to the workspace's pool, with autocommit."""
    connection = workspace.sql_pool.connect()
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def lake(workspace):
    """The storage account ``lake`` of the workspace, as a BlobServiceClient."""
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - takes a while, and most tests need none

    with BlobServiceClient(
        workspace.storage.endpoint("lake"), credential=workspace.storage.key("lake").reveal()
    ) as client:
        yield client


@pytest.fixture
def landing(lake):
    """An empty container of the account ``lake``, as a ContainerClient; removed after the test."""
    container = lake.create_container(f"landing-{next(_numbers)}")
    yield container
    container.delete_container()


@pytest.fixture
def new_table(pool_connection):
    """Create a table that is dropped after the test: ``new_table("id int")`` returns its name."""
    names = []

    def create(columns, options="DISTRIBUTION = ROUND_ROBIN"):
        name = f"dbo.table_{next(_numbers)}"
        pool_connection.execute(f"CREATE TABLE {name} ({columns}) WITH ({options})")
        names.append(name)
        return name

    yield create
    for name in names:
        pool_connection.execute(f"DROP TABLE {name}")
