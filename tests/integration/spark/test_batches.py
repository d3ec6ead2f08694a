"""Batches of real Spark, through the SDK as it is."""

import os
import ssl
import time
import urllib.request

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.synapse.spark import SparkClient

JOB = """
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("name", spark.sparkContext.appName)
print("zone", spark.conf.get("spark.sql.session.timeZone"), "arguments", sys.argv[1:])
print("to standard error", file=sys.stderr)
spark.sql("CREATE DATABASE IF NOT EXISTS sales")
spark.range(10).write.mode("append").saveAsTable("sales.orders")
print("rows", spark.table("sales.orders").count())
if "fail" in sys.argv:
    raise ValueError("no good")
"""
SLEEPING = """
import os, time
from pyspark.sql import SparkSession

SparkSession.builder.getOrCreate()
print("process", os.getpid(), flush=True)
time.sleep(600)
"""
NOTHING = "abfss://jobs@lake.dfs.core.windows.net/nothing.py"


@pytest.fixture(scope="module")
def read_log(spark_workspace, new_credential):
    """Return a driver log of a batch, from where Synapse has it: ``read_log(batch, "stdout")``."""
    pool = spark_workspace.spark_pool
    token = new_credential(pool).get_token("https://dev.azuresynapse.net/.default").token

    def read(batch, stream):
        url = (
            f"{pool.endpoint}/sparkhistory/api/v1/sparkpools/{pool.name}/livyid/{batch.id}"
            f"/applications/{batch.app_id}/driverlog/{stream}/?isDownload=true"
        )
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        trusted = ssl.create_default_context(cafile=pool.certificate)
        with urllib.request.urlopen(request, context=trusted, timeout=20) as answer:
            return answer.read().decode()

    return read


@pytest.fixture(scope="module")
def ended(client, submit, wait_for, upload_job):
    """Two batches that have ended, one after the other: the first has succeeded, the second failed."""
    file = upload_job(JOB)
    configuration = {"spark.sql.session.timeZone": "Australia/Sydney"}
    submitted = [
        submit(client, file, f"job {argument}", arguments=[argument, "a b 日本"], configuration=configuration)
        for argument in ("succeed", "fail")
    ]
    return [wait_for(client, batch, "success", "dead") for batch in submitted]


@pytest.fixture
def succeeded(ended):
    return ended[0]


@pytest.fixture
def failed(ended):
    return ended[1]


def test_batch_that_succeeds(succeeded):
    assert (succeeded.state, succeeded.result, succeeded.errors) == ("success", "Succeeded", [])
    assert (succeeded.scheduler.current_state, succeeded.plugin.current_state) == ("Ended", "Ended")


def test_times_of_a_batch_are_in_order(succeeded):
    told = succeeded.livy_info
    times = [told.not_started_at, told.starting_at, told.running_at, told.success_at]

    assert None not in times
    assert times == sorted(times)
    assert told.dead_at is None


def test_name_arguments_and_configuration_reach_the_job(succeeded, read_log):
    lines = read_log(succeeded, "stdout").splitlines()

    assert lines[:2] == ["name job succeed", "zone Australia/Sydney arguments ['succeed', 'a b 日本']"]


def test_batch_that_fails(failed):
    assert (failed.state, failed.result) == ("dead", "Failed")
    assert failed.errors[0].error_code == "LIVY_JOB_STATE_DEAD"


def test_cause_of_a_failure_is_in_the_drivers_log_only(failed, read_log):
    assert "ValueError: no good" in read_log(failed, "stdout")
    assert "SparkContext" in read_log(failed, "stderr")
    assert "no good" not in str(failed.serialize(keep_readonly=True))


def test_batch_finds_the_tables_of_earlier_ones(ended, read_log):
    assert [line for batch in ended for line in read_log(batch, "stdout").splitlines() if "rows" in line] == [
        "rows 10",
        "rows 20",
    ]


def test_no_key_of_the_storage_and_no_secret_is_in_logs_and_request(ended, read_log, spark_workspace):
    pool = spark_workspace.spark_pool
    secrets = [key.reveal() for key in spark_workspace.storage.accounts.values()]
    secrets += [pool.client_secret.reveal(), pool.identity_header.reveal()]
    texts = [read_log(batch, stream) for batch in ended for stream in ("stdout", "stderr")]
    texts += [str(batch.serialize(keep_readonly=True)) for batch in ended]
    texts += [(pool.certificate.parent / "spark_pool.log").read_text()]

    assert all(texts)
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_running_batch_is_cancelled_with_its_process(client, submit, wait_for, upload_job, read_log):
    batch = wait_for(client, submit(client, upload_job(SLEEPING)), "running", "dead")
    while not (line := read_log(batch, "stdout")).endswith("\n"):
        time.sleep(0.1)

    client.cancel_spark_batch_job(batch.id)

    batch = wait_for(client, batch, "killed", "dead", "success")
    assert (batch.state, batch.result) == ("killed", "Cancelled")
    assert batch.scheduler.cancellation_requested_at is not None
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.split()[1]), 0)


def test_batch_whose_file_is_missing_is_dead(client, submit, wait_for):
    batch = wait_for(client, submit(client, NOTHING), "success", "dead")

    assert batch.state == "dead"


@pytest.fixture
def new_batches(client):
    """Return the batches that have been submitted since the test began."""
    before = client.get_spark_batch_jobs().total

    def listed():
        return client.get_spark_batch_jobs(from_parameter=before, detailed=True).sessions

    yield listed
    for batch in listed():
        client.cancel_spark_batch_job(batch.id)


def test_link_drops_after_the_batch_is_accepted(client, submit, spark_pool, new_batches):
    spark_pool.faults.hold(name="dropped")
    spark_pool.faults.drop(name="dropped")

    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        submit(client, NOTHING, "dropped")

    assert [batch.name for batch in new_batches()] == ["dropped"]


def test_client_that_tries_again_after_503_makes_two_batches(spark_pool, new_credential, submit, new_batches):
    spark_pool.faults.hold(name="doubled", times=2)
    spark_pool.faults.unavailable(moment="after", name="doubled")
    trusted = str(spark_pool.certificate)
    with SparkClient(
        new_credential(spark_pool), spark_pool.endpoint, spark_pool.name, connection_verify=trusted
    ) as repeating:
        submit(repeating.spark_batch, NOTHING, "doubled")

    assert [batch.name for batch in new_batches()] == ["doubled", "doubled"]


def test_throttled_client_is_told_when_to_come_again(client, submit, spark_pool, new_batches):
    spark_pool.faults.throttle(7)

    with pytest.raises(HttpResponseError) as refusal:
        submit(client, NOTHING)

    assert (refusal.value.status_code, refusal.value.response.headers["Retry-After"]) == (429, "7")
    assert new_batches() == []


def test_wrong_secret_gets_no_token(spark_pool, new_credential):
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        new_credential(spark_pool, "wrong").get_token("https://dev.azuresynapse.net/.default")


def test_certificate_must_be_trusted(spark_workspace, new_credential):
    spark_pool = spark_workspace.spark_pool  # not the fixture, which lets this process trust it
    with (
        SparkClient(new_credential(spark_pool), spark_pool.endpoint, spark_pool.name, retry_total=0) as distrusting,
        pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        distrusting.spark_batch.get_spark_batch_jobs()
