"""What is asked of Livy, and what its answers mean. ``tests/integration/spark`` talks to one."""

import json

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from airflow_synapse.exceptions import SparkPoolError
from airflow_synapse.hooks.livy import LivyRequests, end_of
from airflow_synapse.hooks.spark_settings import SparkSettings
from airflow_synapse.secret import Secret
from airflow_synapse.spark.batch import BatchRequest

SECRET = "s3cret-0123456789"
SETTINGS = SparkSettings(endpoint="https://ws.dev.azuresynapse.net", spark_pool="my pool", password=Secret(SECRET))
BATCHES = "https://ws.dev.azuresynapse.net/livyApi/versions/2022-02-22-preview/sparkPools/my%20pool/batches"


class Answer:
    """An answer as azure-core gives it."""

    def __init__(self, status, body):
        self.status_code = status
        self._text = body if isinstance(body, str) else json.dumps(body)
        self.content = self._text.encode()

    def text(self):
        return self._text

    def json(self):
        return json.loads(self._text)


@pytest.fixture
def livy():
    return LivyRequests(SETTINGS)


def test_the_urls_are_those_of_synapse(livy):
    request = livy.create(BatchRequest(name="stage", file="abfss://c@a.dfs.core.windows.net/job.py"))
    assert (request.method, request.url) == ("POST", BATCHES)
    assert json.loads(request.content)["name"] == "stage"
    assert (livy.get(0).method, livy.get(0).url) == ("GET", f"{BATCHES}/0?detailed=true")
    assert (livy.cancel(0).method, livy.cancel(0).url) == ("DELETE", f"{BATCHES}/0")
    assert livy.page(40).url == f"{BATCHES}?from=40&size=20&detailed=true"
    assert livy.driver_log(0, "application_1_0001", "stdout").url == (
        "https://ws.dev.azuresynapse.net/sparkhistory/api/v1/sparkpools/my%20pool/livyid/0/applications/"
        "application_1_0001/driverlog/stdout/?isDownload=true"
    )


def test_of_a_log_the_end_is_kept():
    assert end_of([]) == ""
    assert end_of([b"short\n"]) == "short\n"
    assert (
        end_of(b"%9d\n" % number for number in range(100_000))
        == "".join(f"{number:9}\n" for number in range(90_000, 100_000))[-64 * 1024 :]
    )


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_these_answers_may_pass(livy, status):
    with pytest.raises(SparkPoolError, match=f"Cannot submit: Spark pool 'my pool' of .* answered {status}") as caught:
        livy.read_status("submit", Answer(status, "busy"))
    assert (caught.value.status, caught.value.retryable) == (status, True)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(400, "answered 400"), (401, "Compute Operator"), (403, "firewall"), (404, "name of the Spark pool")],
)
def test_these_answers_stay_and_say_what_to_do(livy, status, advice):
    with pytest.raises(SparkPoolError, match=advice) as caught:
        livy.read_status("submit", Answer(status, {"error": "no"}))
    assert not caught.value.retryable


@pytest.mark.parametrize("body", ["<html>", "", [], {"id": "x", "state": "dead"}, {"state": "dead"}, {"id": 1}, "null"])
def test_an_answer_that_is_no_batch_leaves_it_open_whether_there_is_one(livy, body):
    with pytest.raises(SparkPoolError, match="answered no") as caught:
        livy.read_status("submit", Answer(200, body))
    assert caught.value.retryable


@pytest.mark.parametrize("body", ["<html>", {}, {"sessions": []}, {"total": 1, "sessions": [{}]}])
def test_an_answer_that_is_no_list_is_an_error(livy, body):
    with pytest.raises(SparkPoolError, match="answered no"):
        livy.read_page("list", Answer(200, body))


def test_an_empty_list_may_be_null(livy):
    page = livy.read_page("list", Answer(200, {"from": 0, "total": 0, "sessions": None}))
    assert (page.total, dict(page.statuses)) == (0, {})


def test_no_secret_of_the_connection_is_in_an_error(livy):
    for error in (
        livy.refused("submit", 400, f"bad {SECRET} value"),
        livy.failed("submit", ServiceRequestError(f"no way to {SECRET}")),
    ):
        assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (ServiceRequestError("Connection refused"), True),
        (ServiceRequestError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), False),
        (ClientAuthenticationError("AADSTS7000215: Invalid client secret"), False),
        # As azure-identity passes on that it has no answer.
        (ClientAuthenticationError("Authentication failed: Failed to resolve 'login.microsoftonline.com'"), True),
        (ClientAuthenticationError("Authentication failed: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), False),
    ],
)
def test_what_kept_a_request_from_the_pool_may_pass_or_not(livy, error, retryable):
    assert livy.failed("submit", error).retryable is retryable
