"""Both operators ask for the rights that the work needs, before Spark starts and anything is staged."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from airflow_synapse.exceptions import AccessError
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator
from airflow_synapse.version_compat import AirflowFailException

BULK = "ADMINISTER DATABASE BULK OPERATIONS"
EXTERNAL = {"data_source": "transfer_lake", "file_format": "transfer_parquet"}


@pytest.fixture
def table(new_table, pool_connection, analyst):
    """A table that the user may see."""
    table = new_table("id bigint")
    pool_connection.execute(f"GRANT VIEW DEFINITION ON {table} TO {analyst}")
    return table


@pytest.fixture
def read_only_sas(spark_workspace, landing):
    """A SAS that lets one list and read the container."""
    return generate_container_sas(
        "lake",
        landing.container_name,
        account_key=spark_workspace.storage.key("lake").reveal(),
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )


def refused(task):
    with pytest.raises(AirflowFailException) as caught:
        task.run()
    assert isinstance(caught.value.__cause__, AccessError)
    return str(caught.value)


@pytest.mark.parametrize(("disposition", "rights"), [("append", ["INSERT"]), ("truncate", ["INSERT", "ALTER"])])
def test_a_load_names_each_right_that_the_login_lacks_and_what_gives_it(
    new_task, table, analyst, staged, disposition, rights
):
    arguments = {"write_disposition": disposition, "synapse_conn_id": analyst}
    message = refused(new_task(SparkToSqlPoolOperator, table=table, spark_sql="SELECT 1 AS id", **arguments))
    given = [line.partition(": GRANT ")[2].partition(" ON ")[0] for line in message.splitlines()]
    assert given == [f"{BULK} TO [analyst]", *rights]
    assert staged() == []


def test_an_export_names_each_right_that_the_login_lacks(
    new_task, lake_objects, table, analyst, landing, staged, pool_connection
):
    pool_connection.execute("GRANT ALTER ANY EXTERNAL DATA SOURCE TO analyst")
    folder = f"abfss://{landing.container_name}@lake.dfs.core.windows.net/delivered"
    task = new_task(SqlPoolToSparkOperator, table=table, spark_files=folder, synapse_conn_id=analyst, **EXTERNAL)
    message = refused(task)
    for right in (BULK, "CREATE TABLE", "ALTER ANY EXTERNAL FILE FORMAT"):
        assert f"GRANT {right} TO [analyst]" in message
    assert "ALTER ANY EXTERNAL DATA SOURCE" not in message
    assert staged() == []


def test_a_storage_connection_that_may_only_read_is_refused_before_anything_is_staged(
    new_task, new_name, new_connection, spark_workspace, landing, staged, read_only_sas
):
    new_connection(
        "reader",
        conn_type="wasb",
        login="lake",
        host=spark_workspace.storage.endpoint("lake"),
        extra={"sas_token": read_only_sas},
    )
    task = new_task(SparkToSqlPoolOperator, table=new_name(), spark_sql="SELECT 1 AS id", storage_conn_id="reader")
    message = refused(task)
    assert f"write on https://lake.blob.core.windows.net/{landing.container_name}/staging/ is missing" in message
    assert "Storage Blob Data Contributor" in message
    assert read_only_sas not in message
    assert staged() == []


def give(message, pool_connection):
    """Do what a refusal says."""
    for line in message.splitlines():
        pool_connection.execute(line.partition(" is missing: ")[2])


def test_a_load_works_once_the_rights_are_given_that_were_named(new_task, table, analyst, pool_connection):
    arguments = {"write_disposition": "upsert", "upsert_keys": "id", "synapse_conn_id": analyst}
    task = new_task(SparkToSqlPoolOperator, table=table, spark_sql="SELECT 1L AS id", **arguments)
    give(refused(task), pool_connection)
    assert task.run()["rows_loaded"] == 1


def test_an_export_works_once_the_rights_are_given_that_were_named(
    new_task, lake_objects, table, analyst, landing, pool_connection
):
    folder = f"abfss://{landing.container_name}@lake.dfs.core.windows.net/delivered"
    task = new_task(SqlPoolToSparkOperator, table=table, spark_files=folder, synapse_conn_id=analyst, **EXTERNAL)
    give(refused(task), pool_connection)
    assert task.run()["rows_exported"] == 0
