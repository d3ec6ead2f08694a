"""The example DAG with Spark: the pool's rows go to Spark, and come back as a table of the pool."""

import airflow as installed_airflow
import pytest
from packaging.version import Version

from airflow_synapse.local.demo import CONTAINER
from airflow_synapse.local.spark_demo import (
    SPARK_DAG_ID,
    carriers_by_duckdb,
    carriers_by_spark,
    create_external_objects,
)


@pytest.fixture(scope="module")
def run(airflow, backfill_runs, spark_workspace):
    """The ended run, after the flights were loaded."""
    create_external_objects(spark_workspace, CONTAINER)
    yield airflow.run_dag(SPARK_DAG_ID)
    connection = spark_workspace.sql_pool.connect()
    for name in (
        "EXTERNAL FILE FORMAT parquet",
        "EXTERNAL DATA SOURCE lake",
        "DATABASE SCOPED CREDENTIAL lake_key",
        "MASTER KEY",
    ):
        connection.execute(f"DROP {name}")
    connection.close()


def test_spark_and_duckdb_aggregate_the_flights_alike(run, spark_workspace):
    assert run["state"] == "success"
    assert carriers_by_spark(spark_workspace) == carriers_by_duckdb(spark_workspace)


def test_each_task_says_how_many_rows_went_through(run, xcom, spark_workspace):
    delivered = xcom(SPARK_DAG_ID, run["dag_run_id"], "flights_to_spark")
    loaded = xcom(SPARK_DAG_ID, run["dag_run_id"], "carriers_to_sql_pool")
    assert delivered["rows_exported"] == delivered["rows_delivered"] > 0
    assert loaded["rows_staged"] == loaded["rows_loaded"] == len(carriers_by_spark(spark_workspace))


@pytest.fixture
def left(run, lake):
    """The files between the pools after the run."""
    files = lake.get_container_client(CONTAINER).list_blobs(name_starts_with="staging/", include=["metadata"])
    return [blob.name for blob in files if not (blob.metadata or {}).get("hdi_isfolder")]


def test_no_rows_are_left_between_the_pools(left):
    assert [name for name in left if "/data/" in name] == []


@pytest.mark.skipif(
    Version(installed_airflow.__version__) < Version("3.3"),
    reason="without the task state store, which came with Airflow 3.3, the manifest stays for a later try",
)
def test_nothing_is_left_between_the_pools(left):
    assert left == []
