import time

import pytest

#: A test waits as long as this for a batch; the machine may be busy.
SECONDS = 240


@pytest.fixture(scope="session")
def jobs(lake):
    """A container for jobs and what they leave, as a ContainerClient."""
    container = lake.create_container("jobs")
    yield container
    container.delete_container()


@pytest.fixture(scope="session")
def upload_job(jobs):
    """Upload a job and return its URL: ``upload_job("print(1)")``."""
    number = 0

    def upload(script):
        nonlocal number
        number += 1
        jobs.upload_blob(f"job{number}.py", script.encode())
        return f"abfss://jobs@lake.dfs.core.windows.net/job{number}.py"

    return upload


@pytest.fixture(scope="session")
def new_credential():
    """Return the credential of a Spark pool's client; with another secret if one is given."""
    from azure.identity import ClientSecretCredential  # noqa: PLC0415 - slow, and few tests need it

    def make(spark_pool, secret=None):
        connection = spark_pool.connection
        return ClientSecretCredential(
            "adfs",
            connection["login"],
            secret or connection["password"],
            authority=spark_pool.endpoint,
            connection_verify=str(spark_pool.certificate),
        )

    return make


@pytest.fixture(scope="session")
def new_client(new_credential):
    """Return the SDK's client of the batches of a Spark pool. It does not try again by itself."""
    from azure.synapse.spark import SparkClient  # noqa: PLC0415 - slow, and few tests need it

    clients = []

    def make(spark_pool):
        clients.append(
            SparkClient(
                new_credential(spark_pool),
                spark_pool.endpoint,
                spark_pool.name,
                connection_verify=str(spark_pool.certificate),
                retry_total=0,
            )
        )
        return clients[-1].spark_batch

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def client(spark_workspace, new_client):
    """The SDK's client of the batches of the workspace's Spark pool."""
    return new_client(spark_workspace.spark_pool)


@pytest.fixture(scope="session")
def submit():
    """Submit a batch and return it: ``submit(client, url, name="job")``."""
    from azure.synapse.spark.models import SparkBatchJobOptions  # noqa: PLC0415 - slow, and few tests need it

    def run(client, file, name="job", **options):
        return client.create_spark_batch_job(SparkBatchJobOptions(name=name, file=file, **options), detailed=True)

    return run


@pytest.fixture(scope="session")
def wait_for():
    """Wait until a batch is in one of some states, and return it: ``wait_for(client, batch, "running")``."""

    def wait(client, batch, *states):
        deadline = time.monotonic() + SECONDS
        while batch.state not in states:
            assert time.monotonic() < deadline, f"The batch is {batch.state}."
            time.sleep(0.1)
            batch = client.get_spark_batch_job(batch.id, detailed=True)
        return batch

    return wait
