import time

import pytest

#: A client waits as long as this for a batch; the machine of a test may be busy.
SECONDS = 180


@pytest.fixture
def upload_job(landing):
    """Upload a job and return its URL: ``upload_job("print(1)")``."""

    def upload(script, name="jobs/job.py"):
        landing.upload_blob(name, script.encode(), overwrite=True)
        return f"abfss://{landing.container_name}@lake.dfs.core.windows.net/{name}"

    return upload


@pytest.fixture
def client(spark_pool):
    """The SDK's client of the Spark pool."""
    from azure.identity import ClientSecretCredential  # noqa: PLC0415 - slow, and few tests need it
    from azure.synapse.spark import SparkClient  # noqa: PLC0415 - see above

    connection = spark_pool.connection
    credential = ClientSecretCredential("adfs", connection["login"], connection["password"])
    with SparkClient(credential, spark_pool.endpoint, spark_pool.name, retry_total=0) as running:
        yield running.spark_batch


@pytest.fixture
def submit(client):
    """Submit a batch and return it: ``submit(url, name="job")``."""
    from azure.synapse.spark.models import SparkBatchJobOptions  # noqa: PLC0415 - slow, and few tests need it

    def run(file, name="job", **options):
        return client.create_spark_batch_job(SparkBatchJobOptions(name=name, file=file, **options), detailed=True)

    return run


@pytest.fixture
def wait_for(client):
    """Wait until a batch is in one of some states, and return it: ``wait_for(batch, "running")``."""

    def wait(batch, *states):
        deadline = time.monotonic() + SECONDS
        while batch.state not in states:
            assert time.monotonic() < deadline, f"The batch is {batch.state}."
            time.sleep(0.1)
            batch = client.get_spark_batch_job(batch.id, detailed=True)
        return batch

    return wait
