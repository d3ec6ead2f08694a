import itertools

import pytest
from transfer_task import Task

_names = itertools.count(1)


@pytest.fixture
def new_name(pool_connection):
    """Return the name of a table that is not there: dropped after the test."""
    names = []

    def make():
        names.append(f"dbo.transfer_{next(_names)}")
        return names[-1]

    yield make
    for name in names:
        pool_connection.execute(f"IF OBJECT_ID('{name}') IS NOT NULL DROP TABLE {name}")


@pytest.fixture
def staging(landing):
    """The URL of the staging folder; ``landing`` is its container."""
    return f"abfss://{landing.container_name}@lake.dfs.core.windows.net/staging"


@pytest.fixture
def staged(landing):
    """Return the names of the files below the staging folder."""
    return lambda: [
        blob.name for blob in landing.list_blobs(include=["metadata"]) if not (blob.metadata or {}).get("hdi_isfolder")
    ]


@pytest.fixture
def new_task(spark_pool, connections, staging):
    """Make a task: ``new_task(SparkToSqlPoolOperator, table="dbo.t", ...)``."""

    def make(operator_class, **arguments):
        defaults = {
            "staging_folder": staging,
            "storage_conn_id": "lake",
            "spark_pool": "spark",
            "poll_interval": 0.5,
            "deferrable": False,
        }
        return Task(operator_class, **{**defaults, **arguments})

    return make


@pytest.fixture
def lake_objects(pool_connection, landing, spark_workspace):
    """The data source ``transfer_lake`` on the container, and the file format ``transfer_parquet``."""
    execute = pool_connection.execute
    execute("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'S3cret;master'")
    key = spark_workspace.storage.key("lake").reveal()
    execute(f"CREATE DATABASE SCOPED CREDENTIAL transfer_key WITH IDENTITY = 'user', SECRET = '{key}'")
    execute(
        "CREATE EXTERNAL DATA SOURCE transfer_lake WITH (TYPE = HADOOP, CREDENTIAL = transfer_key, "
        f"LOCATION = 'abfss://{landing.container_name}@lake.dfs.core.windows.net')"
    )
    execute("CREATE EXTERNAL FILE FORMAT transfer_parquet WITH (FORMAT_TYPE = PARQUET)")
    yield
    execute("DROP EXTERNAL FILE FORMAT transfer_parquet")
    execute("DROP EXTERNAL DATA SOURCE transfer_lake")
    execute("DROP DATABASE SCOPED CREDENTIAL transfer_key")
    execute("DROP MASTER KEY")
