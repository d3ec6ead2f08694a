"""Airflow's own hook and operator, and the asynchronous SDK, against the local Spark pool, as they are."""

import json
import os
import subprocess
import sys

import pytest
from airflow.providers.microsoft.azure.hooks.synapse import AzureSynapseHook
from airflow.providers.microsoft.azure.operators.synapse import AzureSynapseRunSparkBatchOperator
from airflow.sdk.exceptions import AirflowException
from azure.core.exceptions import ResourceNotFoundError
from azure.synapse.spark.models import SparkBatchJobOptions

SECONDS = 180


@pytest.fixture
def connection_id(spark_pool, new_connection):
    fields = spark_pool.connection
    return new_connection("azure_synapse_default", **fields | {"extra": json.dumps(fields["extra"])})


@pytest.fixture
def hook(connection_id, spark_pool):
    return AzureSynapseHook(connection_id, spark_pool=spark_pool.name)


class TaskInstance:
    def xcom_push(self, key, value):
        setattr(self, key, value)


def run_operator(connection_id, spark_pool, file):
    task_instance = TaskInstance()
    AzureSynapseRunSparkBatchOperator(
        task_id="run",
        azure_synapse_conn_id=connection_id,
        spark_pool=spark_pool.name,
        payload=SparkBatchJobOptions(name="operator", file=file),
        check_interval=1,
    ).execute({"ti": task_instance})
    return task_instance.job_id


def test_operator_waits_for_success(connection_id, spark_pool, upload_job, client):
    number = run_operator(connection_id, spark_pool, upload_job("print('done')"))

    assert client.get_spark_batch_job(number).state == "success"


def test_operator_fails_with_its_job(connection_id, spark_pool, upload_job):
    with pytest.raises(AirflowException, match="has failed or has been cancelled"):
        run_operator(connection_id, spark_pool, upload_job("raise SystemExit(3)"))


def test_hook_cancels_a_queued_batch(hook, spark_pool, upload_job):
    spark_pool.faults.hold(name="queued")
    job = hook.run_spark_job(SparkBatchJobOptions(name="queued", file=upload_job("print()")))
    assert hook.get_job_run_status() == "not_started"

    hook.cancel_job_run(job.id)

    assert hook.get_job_run_status() == "killed"


def test_hook_reports_a_batch_that_is_not_there(hook):
    hook.job_id = 9999

    with pytest.raises(ResourceNotFoundError):
        hook.get_job_run_status()


ASYNCHRONOUS = """
import asyncio, sys
from azure.identity.aio import DefaultAzureCredential
from azure.synapse.spark.aio import SparkClient
from azure.synapse.spark.models import SparkBatchJobOptions

async def run(endpoint, pool, file):
    async with DefaultAzureCredential() as credential, SparkClient(credential, endpoint, pool) as client:
        batch = await client.spark_batch.create_spark_batch_job(SparkBatchJobOptions(name="async", file=file))
        while batch.state not in {"success", "dead"}:
            await asyncio.sleep(0.2)
            batch = await client.spark_batch.get_spark_batch_job(batch.id, detailed=True)
        print(batch.result)

asyncio.run(run(*sys.argv[1:]))
"""


def test_asynchronous_client_submits_and_polls_as_a_managed_identity(spark_pool, upload_job):
    # In a process of its own: aiohttp looks for the certificate when it is imported.
    completed = subprocess.run(
        [sys.executable, "-c", ASYNCHRONOUS, spark_pool.endpoint, spark_pool.name, upload_job("print('done')")],
        env=os.environ | spark_pool.environment | spark_pool.managed_identity_environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (completed.returncode, completed.stdout) == (0, "Succeeded\n"), completed.stderr
