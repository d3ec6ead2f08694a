"""What is left when a part of the workspace ends while a job writes."""

import os
import signal
import time

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import default_home
from airflow_synapse.local.spark.spark_pool import SparkPool

#: Writes a folder, a part file about every second, for a long time.
JOB = """
import os, time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("process", os.getpid(), flush=True)


def slowly(rows):
    time.sleep(1)
    return rows


schema = "id long"
frame = spark.createDataFrame(spark.range(0, 600, 1, 600).rdd.mapPartitions(slowly), schema)
frame.write.parquet("abfss://out@lake.dfs.core.windows.net/data")
"""
SECONDS = 120


def wait_until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def azurite(tmp_path):
    with Azurite(default_home(), tmp_path / "storage") as running:
        yield running


@pytest.fixture
def out(azurite):
    """An empty container that the job writes to, as a ContainerClient."""
    with BlobServiceClient(azurite.endpoint(), credential=azurite.key().reveal(), retry_total=0) as service:
        container = service.create_container("out")
        container.upload_blob("job.py", JOB)
        yield container


@pytest.fixture
def pool(azurite, tmp_path):
    accounts = {"lake": (azurite.endpoint(), azurite.key())}
    with SparkPool(default_home(), tmp_path / "spark_pool", storage_accounts=accounts) as running:
        yield running


@pytest.fixture
def writing(pool, out, new_client, submit):
    """A batch that has written its first part files, and its client."""
    client = new_client(pool)
    batch = submit(client, "abfss://out@lake.dfs.core.windows.net/job.py")
    wait_until(lambda: any("part-" in name for name in out.list_blob_names(name_starts_with="data/_temporary/")))
    return client, batch


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_job_ends_soon_when_the_storage_does_not_answer(azurite, writing, wait_for):
    start = time.monotonic()

    azurite.stop()

    assert wait_for(*writing, "dead", "success").state == "dead"
    assert time.monotonic() - start < SECONDS / 2


def test_killed_pool_takes_the_job_along_and_leaves_no_file_that_looks_whole(pool, out, writing):
    log = pool.certificate.parent / "batches" / "0" / "stdout"
    process_id = int(log.read_text().split()[1])
    assert is_alive(process_id)

    os.kill(pool.process.process_id, signal.SIGKILL)

    wait_until(lambda: not is_alive(process_id))
    names = [name for name in out.list_blob_names(name_starts_with="data/") if not name.startswith("data/_temporary")]
    assert names == []
    with pytest.raises(ResourceNotFoundError):
        out.get_blob_client("data/_SUCCESS").get_blob_properties()
