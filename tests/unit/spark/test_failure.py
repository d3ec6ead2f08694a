"""Why a job has ended without its result."""

import pytest

from airflow_synapse.spark.batch import BatchError, BatchStatus
from airflow_synapse.spark.failure import job_failure, without_credentials

DEAD = BatchStatus(batch_id=0, name="stage", state="dead", result="Failed")
LIVY = BatchError(message="Job failed during run time with state=[dead].", code="LIVY_JOB_STATE_DEAD", source="Unknown")


def with_errors(*errors):
    return BatchStatus(batch_id=0, name="stage", state="dead", errors=errors)


def test_the_job_s_own_words_come_before_those_of_the_service():
    error = {"version": 1, "kind": "Py4JJavaError", "message": "Disk is full", "step": "write", "traceback": "..."}
    failure = job_failure(with_errors(LIVY), error, "https://web.azuresynapse.net/x")
    assert str(failure) == (
        "Spark batch 0 'stage': state dead.\n"
        "The job says in step 'write': Py4JJavaError: Disk is full\n"
        "Synapse says: Job failed during run time with state=[dead]. (LIVY_JOB_STATE_DEAD, source Unknown)\n"
        "More in Synapse Studio: https://web.azuresynapse.net/x"
    )


def test_a_success_without_a_result_is_named():
    failure = job_failure(BatchStatus(batch_id=0, name="stage", state="success"), None, None)
    assert "says that it succeeded, but the job has left no result" in str(failure)
    assert failure.retryable


@pytest.mark.parametrize("kind", ["Py4JJavaError", "OSError", "SparkException", None])
def test_what_may_pass_is_tried_again(kind):
    assert job_failure(DEAD, {"kind": kind, "message": "m"}, None).retryable


@pytest.mark.parametrize(
    "kind", ["org.apache.spark.sql.AnalysisException", "ParseException", "RefusedError", "ValueError"]
)
def test_what_comes_again_is_final(kind):
    assert not job_failure(DEAD, {"kind": kind, "message": "m"}, None).retryable


@pytest.mark.parametrize(("source", "retryable"), [("User", False), ("System", True), ("Unknown", True), (None, True)])
def test_an_error_that_synapse_blames_on_the_user_is_final(source, retryable):
    failure = job_failure(with_errors(LIVY, BatchError(message="m", source=source)), None, None)
    assert failure.retryable is retryable


@pytest.mark.parametrize(
    "text",
    [
        "java.io.IOException: https://lake.dfs.core.windows.net/x?sp=r&sig=s3ntineL%3D&se=2030",
        "AccountKey=s3ntineL==;EndpointSuffix=core.windows.net",
        "fs.azure.account.key.lake.dfs.core.windows.net=s3ntineL==",
        "'password': 's3ntineL'",
        "Authorization: Bearer s3ntineL.s3ntineL",
    ],
)
def test_what_a_driver_writes_is_shown_without_credentials(text):
    shown = without_credentials(f"before {text} after")
    assert "s3ntineL" not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


def test_what_is_no_credential_is_shown():
    text = "26/11/22 SparkContext: Running Spark version 3.5.9\nValueError: no column 'keyboard' in tokens"
    assert without_credentials(text) == text
