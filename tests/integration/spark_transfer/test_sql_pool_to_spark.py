"""SqlPoolToSparkOperator on the local pool, Azurite and real Spark: rows arrive once, and nothing is left behind."""

import io

import pyarrow.parquet as pq
import pytest

from airflow_synapse.exceptions import DeliveryUnknownError
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.operators.spark_exporting import SparkExporting
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator
from airflow_synapse.version_compat import AirflowFailException


@pytest.fixture
def numbers(new_table, pool_connection):
    """A table of three rows, with types that Parquet or Spark lack."""
    table = new_table("id bigint, name nvarchar(20), price money, moment datetime2(7), guid uniqueidentifier")
    for number in range(3):
        pool_connection.execute(
            f"INSERT INTO {table} SELECT {number}, N'n{number}😀', {number}.5, '2013-01-31 23:59:59.123456', "
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"
        )
    return table


@pytest.fixture
def new_delivery(new_task, lake_objects, numbers, landing):
    def make(**arguments):
        defaults = {
            "table": numbers,
            "data_source": "transfer_lake",
            "file_format": "transfer_parquet",
            "spark_files": f"abfss://{landing.container_name}@lake.dfs.core.windows.net/delivered",
        }
        return new_task(SqlPoolToSparkOperator, **{**defaults, **arguments})

    return make


@pytest.fixture
def delivered(landing):
    """Return the rows that Spark has written."""

    def read():
        found = []
        for blob in landing.list_blobs(name_starts_with="delivered/"):
            if blob.name.endswith(".parquet"):
                found += pq.read_table(io.BytesIO(landing.download_blob(blob.name).readall())).to_pylist()
        return sorted(found, key=lambda row: row["id"])

    return read


@pytest.fixture
def leftovers(staged, pool_connection):
    """Return what is left of exports: files and external tables."""

    def look():
        tables = [row[0] for row in pool_connection.execute("SELECT name FROM sys.external_tables").fetchall()]
        return [name for name in staged() if name.startswith("staging/")] + tables

    return look


def ids(rows):
    return [row["id"] for row in rows]


def test_a_table_of_the_pool_becomes_files_of_spark(new_delivery, delivered, leftovers):
    delivery = new_delivery(deferrable=True)
    result = delivery.run()
    assert (result["rows_exported"], result["rows_delivered"]) == (3, 3)
    first = delivered()[0]
    assert first["moment"].isoformat() == "2013-01-31T23:59:59.123456"
    assert (str(first["price"]), first["name"], first["guid"]) == (
        "0.5000",
        "n0😀",
        "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    )
    assert ids(delivered()) == [0, 1, 2]
    assert leftovers() == []
    assert delivery.run_again() == result  # the worker died before it could say so
    assert delivery.run_cleared() == {**result, "reused": True}
    assert ids(delivered()) == [0, 1, 2]


def test_a_query_of_the_pool_becomes_a_table_of_spark_and_comes_back(
    new_delivery, new_task, new_name, leftovers, pool_connection, numbers
):
    delivery = new_delivery(
        table=None,
        sql=f"SELECT id, name FROM {numbers} WHERE id > 0;",
        spark_files=None,
        spark_table="came_from_the_pool",
        save_mode="overwrite",
    )
    assert delivery.run()["rows_delivered"] == 2
    back = new_name()
    new_task(SparkToSqlPoolOperator, table=back, spark_table="came_from_the_pool").run()
    rows = pool_connection.execute(f"SELECT id, name FROM {back} ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [(1, "n1😀"), (2, "n2😀")]
    assert leftovers() == []


def test_a_job_that_died_while_it_wrote_is_not_run_again(new_delivery, monkeypatch, delivered, landing):
    delivery = new_delivery(save_mode="append")
    with monkeypatch.context() as patch:
        patch.setattr(SparkExporting, "complete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            delivery.run()
    manifest = next(name for name in landing.list_blob_names() if name.endswith("manifest.json"))
    landing.delete_blob(manifest)  # as if the job had died just before it wrote that
    with pytest.raises(AirflowFailException, match="was about to write its rows") as caught:
        delivery.run_again()
    assert isinstance(caught.value.__cause__, DeliveryUnknownError)
    assert ids(delivered()) == [0, 1, 2]
    delivery.arguments["reload"] = True
    delivery.run_cleared()
    assert ids(delivered()) == [0, 0, 1, 1, 2, 2]


def test_a_batch_that_never_began_is_repeated(new_delivery, delivered, spark_pool, leftovers):
    delivery = new_delivery(save_mode="append")
    spark_pool.faults.die()
    with pytest.raises(Exception, match="state dead"):
        delivery.run()
    delivery.run_again()
    assert ids(delivered()) == [0, 1, 2]
    assert leftovers() == []


def test_an_export_that_a_killed_worker_left_is_removed_by_the_next(new_delivery, monkeypatch, leftovers):
    delivery = new_delivery(save_mode="overwrite")
    upload = StagedJob.prepare

    def die(*arguments):
        upload(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(StagedJob, "prepare", die)
    with pytest.raises(KeyboardInterrupt):
        delivery.run()
    monkeypatch.setattr(StagedJob, "prepare", upload)
    assert leftovers()
    delivery.run_again()
    assert leftovers() == []


def test_a_folder_outside_of_the_data_source_is_refused(new_delivery, lake):
    lake.create_container("elsewhere")
    delivery = new_delivery(staging_folder="abfss://elsewhere@lake.dfs.core.windows.net/staging")
    with pytest.raises(AirflowFailException, match="is not below the external data source 'transfer_lake'"):
        delivery.run()
    lake.delete_container("elsewhere")


def test_a_target_that_is_there_is_left_as_it_is(new_delivery, delivered, leftovers):
    delivery = new_delivery()
    delivery.run()
    with pytest.raises(AirflowFailException, match="already exists"):
        new_delivery().run()
    assert ids(delivered()) == [0, 1, 2]
    assert [name for name in leftovers() if "/data/" in name or "/" not in name] == []
