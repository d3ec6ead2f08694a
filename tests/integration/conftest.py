"""Connections of Airflow to the workspace, a user without rights in its pool, and two days of flights."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import generate_container_sas

_DAY_ONE = b"id,carrier,delay\n1,UA,2\n2,AA,-3\n3,DL,NA\n"
_DAY_TWO = b"id,carrier,delay\n4,B6,11\n"


@pytest.fixture
def connections(workspace, new_connection):
    """Airflow connections to the workspace: ``synapse_default``, ``lake``, and that of its Spark pool if it runs."""
    for name, fields in workspace.connections().items():
        new_connection(name, **fields)


@pytest.fixture
def analyst(workspace, pool_connection, new_connection):
    """Name of a user who was granted nothing but CONNECT, and of the Airflow connection with this login."""
    pool_connection.execute("CREATE USER analyst FOR LOGIN analyst")
    fields = workspace.connections()["synapse_default"]
    yield new_connection("analyst", **{**fields, "login": "analyst", "password": "analyst;password"})
    pool_connection.execute("DROP USER analyst")


@pytest.fixture
def sas(workspace, landing):
    """Make a SAS for the container, such as ``sas("rl")``."""

    def make(permission):
        return generate_container_sas(
            "lake",
            landing.container_name,
            account_key=workspace.storage.key("lake").reveal(),
            permission=permission,
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )

    return make


@pytest.fixture
def flights(landing):
    """A container with two days of flights below ``in/``; one row has no number where one should be."""
    landing.upload_blob("in/2013-01-01.csv", _DAY_ONE)
    landing.upload_blob("in/2013-01-02.csv", _DAY_TWO)
    landing.upload_blob("in/_SUCCESS", b"")
    return landing


@pytest.fixture
def table(new_table):
    """Name of an empty table for these flights."""
    return new_table("id int, carrier varchar(2), delay int")


@pytest.fixture
def rows(pool_connection, table):
    """Return the rows of that table."""
    return lambda: [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()]
