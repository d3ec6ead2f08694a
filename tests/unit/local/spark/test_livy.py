"""The Livy API, without its server and with a spark-submit that is a shell script."""

import json

import pytest

from airflow_synapse.local.spark.faults import SparkFault
from airflow_synapse.local.spark.livy import HungUp, LivyApi, Refused, Request
from airflow_synapse.local.spark.tokens import Tokens
from airflow_synapse.secret import Secret

BATCHES = "/livyApi/versions/2022-02-22-preview/sparkPools/spark/batches"
JOB = {"name": "job", "file": "abfss://c@lake.dfs.core.windows.net/job.py"}


@pytest.fixture
def tokens():
    return Tokens("client", Secret("the secret"), identity_header=Secret("the header"))


@pytest.fixture
def ask(jobs, faults, tokens):
    """Send a request with a token: ``ask("GET", "/0")``."""
    livy = LivyApi(jobs, faults, tokens, pool="spark")
    token = tokens.of_managed_identity("the header", "https://dev.azuresynapse.net")["access_token"]

    def send(method, path="", body=None, *, base=BATCHES, authorization=f"Bearer {token}", **query):
        return livy.answer(Request(method, base + path, query, authorization, json.dumps(body).encode()))

    return send


def refused(ask, *arguments, **more):
    with pytest.raises(Refused) as refusal:
        ask(*arguments, **more)
    return refusal.value


def test_submitted_batch_is_told_by_its_number(ask):
    submitted = ask("POST", "", JOB)

    assert submitted["id"] == 0
    assert ask("GET", "/0")["name"] == "job"


@pytest.mark.parametrize("version", ["2019-11-01-preview", "2022-02-22-preview"])
def test_known_versions_answer(ask, version):
    assert ask("GET", base=BATCHES.replace("2022-02-22-preview", version))["sessions"] == []


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("GET", "/7"), 404, "Batch 7"),
        (("DELETE", "/7"), 404, "Batch 7"),
        (("POST", "/0", JOB), 404, "Batch 0"),
        (("PUT", ""), 405, "method PUT"),
        (("POST", "", {"name": "job"}), 400, "file is required"),
        (("GET", "/0/state"), 404, "nothing at"),
    ],
    ids=str,
)
def test_what_the_service_has_not_is_refused(ask, arguments, status, message):
    refusal = refused(ask, *arguments)

    assert refusal.status == status
    assert message in str(refusal)


def test_unknown_pool_version_and_token_are_refused(ask):
    assert refused(ask, "GET", base=BATCHES.replace("/spark/", "/other/")).status == 404
    assert refused(ask, "GET", base=BATCHES.replace("2022", "2000")).status == 400
    assert refused(ask, "GET", authorization="Bearer made-up").status == 401


def test_without_detailed_only_what_livy_tells(ask):
    ask("POST", "", JOB)

    assert set(ask("GET", "/0")) == {"id", "name", "state", "appId", "appInfo", "log"}
    assert {"result", "errorInfo", "livyInfo"} <= set(ask("GET", "/0", detailed="true"))


def test_request_is_told_back(ask):
    ask("POST", "", JOB | {"args": ["x"], "tags": {"a": "b"}})

    told = ask("GET", "/0", detailed="True")

    assert told["livyInfo"]["jobCreationRequest"]["args"] == ["x"]
    assert told["tags"] == {"a": "b"}


def test_list_is_told_in_parts_of_at_most_20(ask, faults):
    faults.add(SparkFault("hold", times=30))
    for number in range(23):
        ask("POST", "", JOB | {"name": f"job {number}"})

    everything = ask("GET")
    rest = ask("GET", **{"from": "20", "size": "50"})

    assert (everything["from"], everything["total"], len(everything["sessions"])) == (0, 23, 20)
    assert [session["id"] for session in rest["sessions"]] == [20, 21, 22]
    assert len(ask("GET", size="2")["sessions"]) == 2
    assert refused(ask, "GET", size="-1").status == 400


def test_log_holds_nothing_of_the_driver(ask, jobs, wait_for):
    ask("POST", "", JOB)
    wait_for(jobs.batch(0), "success")

    assert ask("GET", "/0")["log"] == ["stdout: ", "\nstderr: ", "\nYARN Diagnostics: "]


def test_driver_logs_are_where_synapse_has_them(ask, jobs, wait_for):
    ask("POST", "", JOB | {"name": "fails"})
    wait_for(jobs.batch(0), "dead")
    application = ask("GET", "/0")["appId"]
    base = f"/sparkhistory/api/v1/sparkpools/spark/livyid/0/applications/{application}/driverlog/"

    assert b"--name=fails" in ask("GET", "stdout/", base=base, isDownload="true")
    assert b"no good" in ask("GET", "stderr", base=base)
    assert refused(ask, "GET", "stdout/", base=base.replace("livyid/0", "livyid/1")).status == 404
    assert refused(ask, "GET", "stdout/", base=base.replace(application, "application_1")).status == 404
    assert refused(ask, "GET", "stdout/", base=base, authorization="").status == 401


def test_batch_that_waits_has_no_log(ask, faults):
    faults.add(SparkFault("hold"))
    ask("POST", "", JOB)
    base = "/sparkhistory/api/v1/sparkpools/spark/livyid/0/applications/application_1/driverlog/"

    assert refused(ask, "GET", "stdout/", base=base).status == 404


@pytest.mark.parametrize(("moment", "made"), [("before", 0), ("after", 1)])
def test_503_before_the_batch_is_accepted_or_after(ask, faults, jobs, moment, made):
    faults.add(SparkFault("unavailable", moment, text="submit"))

    assert refused(ask, "POST", "", JOB).status == 503

    assert len(jobs.batches()) == made
    ask("POST", "", JOB)


def test_link_drops_after_the_batch_is_accepted(ask, faults, jobs):
    faults.add(SparkFault("drop", "after", text="submit", label="jo*"))

    with pytest.raises(HungUp):
        ask("POST", "", JOB)

    assert len(jobs.batches()) == 1


def test_throttled_request_says_when_to_come_again(ask, faults, jobs):
    faults.add(SparkFault("throttle", seconds=3))

    refusal = refused(ask, "POST", "", JOB)

    assert (refusal.status, refusal.retry_after) == (429, 3)
    assert jobs.batches() == []


@pytest.mark.parametrize("request_kind", ["get", "list", "cancel"])
def test_fault_is_for_the_request_that_it_names(ask, faults, request_kind):
    ask("POST", "", JOB)
    faults.add(SparkFault("unavailable", text=request_kind))
    arguments = {"get": ("GET", "/0"), "list": ("GET",), "cancel": ("DELETE", "/0")}[request_kind]

    ask("POST", "", JOB)
    assert refused(ask, *arguments).status == 503


def test_fault_waits_for_the_batch_that_it_names(ask, faults):
    faults.add(SparkFault("unavailable", label="other"))

    ask("POST", "", JOB)
    assert refused(ask, "POST", "", JOB | {"name": "other"}).status == 503
