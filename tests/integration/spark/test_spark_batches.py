"""Spark batches that are submitted once: the hook against the local Spark pool, with faults and dying workers."""

import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import batch_worker
import pytest
from batch_worker import Try

from airflow_synapse.exceptions import CredentialError, SparkPoolError
from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.secret import Secret
from airflow_synapse.spark.batch import BatchRequest, BatchStatus

_runs = itertools.count(1)


@pytest.fixture
def hook(spark_pool, connections):
    return SynapseSparkPoolHook("azure_synapse_default")


@pytest.fixture
def held(spark_pool):
    """No batch begins before ``spark_pool.faults.release()``."""
    return spark_pool.faults.hold(times=100)


@pytest.fixture
def first_try(spark_pool, connections, landing, tmp_path):
    """The first try of a task of its own."""
    return Try(container=landing.container_name, store=str(tmp_path / "store.json"), run_id=f"run {next(_runs)}")


@pytest.fixture
def batches_of(hook):
    """Return the batches of a task that the pool lists."""
    return lambda this: hook.find(this.identity.load_id)


@pytest.fixture
def tidy(hook):
    """Cancel what a test leaves in the pool."""
    yield
    for status in hook.find(""):
        hook.cancel(status.batch_id)


@pytest.fixture
def request_of(upload_job):
    return lambda name, **fields: BatchRequest(name=name, file=upload_job("print('done')"), **fields)


def work_done(landing):
    return len([blob for blob in landing.list_blobs(name_starts_with="work/") if blob.name != "work"])


def wait_for_state(hook, batch_id, *states, seconds=60):
    deadline = time.monotonic() + seconds
    while (status := hook.status(batch_id)).state not in states:
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    return status


def test_a_job_is_done_and_its_result_is_taken_by_another_try(first_try, landing, batches_of):
    run = first_try.run()
    batch = run.start()
    status = run.wait(batch, poll_interval=0.5)
    assert (status.state, status.result, status.name) == ("success", "Succeeded", batch.name)
    assert status.application_id.startswith("application_")

    taken = replace(first_try, try_number=2).run().start()

    assert (taken.name, taken.batch_id, taken.is_done) == (batch.name, batch.batch_id, True)
    assert work_done(landing) == len(batches_of(first_try)) == 1


def test_a_failed_job_is_explained_and_submitted_again(first_try, hook, caplog):
    failing = replace(first_try, fails=True)
    run = failing.run()
    batch = run.start()
    status = run.wait(batch, poll_interval=0.5)
    assert (status.state, status.result) == ("dead", "Failed")

    error = hook.failure(status, {"kind": "RuntimeError", "message": "as it was told to", "step": "write"})

    assert "state dead, result Failed" in str(error)
    assert "The job says in step 'write': RuntimeError: as it was told to" in str(error)
    assert "LIVY_JOB_STATE_DEAD" in str(error)
    assert "RuntimeError: The job has failed as it was told to." in caplog.text  # the driver's log
    assert "s3ntineL" not in caplog.text

    second = replace(failing, try_number=2).run()
    assert second.start().name != batch.name
    assert second._job.earlier == [batch.name]
    second.cancel()


def test_a_success_that_is_none_is_not_taken(first_try, spark_pool, hook):
    spark_pool.faults.lie(name=f"*{first_try.identity.load_id}*")
    failing = replace(first_try, fails=True)
    run = failing.run()
    batch = run.start()
    status = run.wait(batch, poll_interval=0.5)
    assert status.state == "success"
    assert "the job has left no result" in str(hook.failure(status))

    second = replace(failing, try_number=2).run()
    assert not second.start().is_done
    second.cancel()


@pytest.mark.usefixtures("held", "tidy")
@pytest.mark.parametrize("fault", ["unavailable", "drop"])
def test_a_batch_whose_acceptance_was_not_answered_is_found(first_try, spark_pool, batches_of, fault):
    getattr(spark_pool.faults, fault)(moment="after")
    batch = first_try.run().start()
    assert [status.batch_id for status in batches_of(first_try)] == [batch.batch_id]


@pytest.mark.usefixtures("held", "tidy")
@pytest.mark.parametrize("fault", ["unavailable", "drop", "throttle"])
def test_a_batch_that_was_not_accepted_is_submitted_again(first_try, spark_pool, batches_of, fault, monkeypatch):
    monkeypatch.setattr("airflow_synapse.spark.run._LOOKS", (0.1, 0.1))
    moment = {} if fault == "throttle" else {"moment": "before"}
    getattr(spark_pool.faults, fault)(**moment)
    batch = first_try.run().start()
    assert [status.batch_id for status in batches_of(first_try)] == [batch.batch_id]


@pytest.mark.usefixtures("tidy")
def test_a_batch_that_was_withdrawn_does_nothing(first_try, spark_pool, hook, landing):
    fault = spark_pool.faults.hold()
    run = first_try.run()
    batch = run.start()
    spark_pool.faults.wait_until_held(fault)

    run._job.withdraw(batch.name)
    spark_pool.faults.release(fault)

    assert run.wait(batch, poll_interval=0.5).state == "dead"
    assert work_done(landing) == 0
    assert not run._job.has_result(batch.name)


@pytest.fixture
def start_worker():
    """Start a try in a process of its own."""
    workers = []

    def start(this):
        command = [sys.executable, batch_worker.__file__, this.to_json()]
        workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
        worker.wait()
        worker.stdout.close()


def wait_for_line(worker, start):
    """Return the rest of the next line of a worker that begins so."""
    return next(line.removeprefix(start).strip() for line in worker.stdout if line.startswith(start))


@pytest.mark.usefixtures("held", "tidy")
@pytest.mark.parametrize("step", ["write", "prepare", "submit", "remember"])
def test_a_worker_that_is_killed_at_any_step_leaves_one_batch(first_try, batches_of, start_worker, step):
    worker = start_worker(replace(first_try, dies=step))
    assert worker.stdout.read().endswith("killed\n")
    assert worker.wait() == -signal.SIGKILL
    left = [status.batch_id for status in batches_of(first_try)]
    assert len(left) == (step in {"submit", "remember"})

    batch = replace(first_try, try_number=2).run().start()

    assert [status.batch_id for status in batches_of(first_try)] == [batch.batch_id]
    assert left in ([], [batch.batch_id])


@pytest.mark.usefixtures("held", "tidy")
def test_a_worker_that_is_asked_to_stop_cancels_its_batch_in_time_and_no_other(first_try, hook, start_worker):
    other = replace(first_try, run_id="another run", store=first_try.store + "2").run().start()
    worker = start_worker(first_try)
    number = wait_for_line(worker, "started ")

    asked = time.monotonic()
    worker.terminate()
    wait_for_line(worker, "cancelled")

    assert time.monotonic() - asked < 4.5  # Airflow kills after five
    assert hook.status(int(number)).state == "killed"
    assert hook.status(other.batch_id).state == "not_started"


@pytest.mark.usefixtures("held", "tidy")
def test_a_clear_cancels_what_runs_and_the_late_kill_of_the_old_try_does_not_touch_the_new_one(first_try, hook):
    old = first_try.run()
    old_batch = old.start()
    new_batch = replace(first_try, try_number=2, clear_number=1).run().start()
    assert hook.status(old_batch.batch_id).state == "killed"

    old.cancel()

    assert hook.status(new_batch.batch_id).state == "not_started"


@pytest.mark.usefixtures("held", "tidy")
def test_a_wait_survives_what_passes_and_cancels_nothing(first_try, spark_pool, hook):
    run = first_try.run()
    batch = run.start()
    for _ in range(2):
        spark_pool.faults.unavailable(request="get")
        spark_pool.faults.drop(request="get")
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            hook.cancel(batch.batch_id)

    run._pause = pause
    assert run.wait(batch, poll_interval=0.1).state == "killed"
    assert len(pauses) >= 3


@pytest.mark.usefixtures("held", "tidy")
def test_a_list_of_many_pages_is_read_to_its_end(hook, request_of):
    ids = [hook.submit(request_of(f"page-{number}")) for number in range(45)]
    assert [status.batch_id for status in hook.find("page-")] == ids
    assert [status.batch_id for status in hook.find("page-44")] == ids[-1:]
    assert hook.find("no such batch") == []


@pytest.mark.usefixtures("held", "tidy")
def test_a_status_tells_all_that_the_pool_says(hook, request_of):
    batch_id = hook.submit(request_of("told"))
    assert hook.status(batch_id) == BatchStatus(
        batch_id=batch_id,
        name="told",
        state="not_started",
        result="Uncertain",
        application_id=None,
        scheduler_state="Queued",
        plugin_state=hook.status(batch_id).plugin_state,
    )
    assert hook.status(999_999) is None


def test_a_batch_that_is_over_or_unknown_can_be_cancelled(hook, spark_pool, request_of):
    spark_pool.faults.die()
    batch_id = hook.submit(request_of("dies"))
    wait_for_state(hook, batch_id, "dead")
    hook.cancel(batch_id)
    hook.cancel(999_999)
    assert hook.status(batch_id).state == "dead"


def test_a_job_without_a_driver_log_is_explained_without_it(hook, spark_pool, request_of, caplog):
    caplog.set_level(logging.INFO)
    spark_pool.faults.die()
    status = wait_for_state(hook, hook.submit(request_of("dies")), "dead")
    assert "state dead" in str(hook.failure(status))
    assert hook.driver_log_tail(replace(status, application_id="application_0_0000"), "stderr") == ""
    assert "cannot be shown" in caplog.text


def test_the_pool_s_refusals_are_final_and_say_what_to_do(hook, connections, request_of, new_connection, spark_pool):
    with pytest.raises(SparkPoolError, match=r"answered 404: .*nowhere.*Check the workspace") as caught:
        SynapseSparkPoolHook("azure_synapse_default", "nowhere").submit(request_of("lost"))
    assert (caught.value.status, caught.value.retryable) == (404, False)
    with pytest.raises(SparkPoolError, match="answered 400") as caught:
        hook.submit(BatchRequest(name="local file", file="/tmp/job.py"))
    assert not caught.value.retryable


def test_a_wrong_secret_is_final_and_not_shown(spark_pool, request_of, new_connection):
    fields = spark_pool.connection
    wrong = "a-wrong-s3cret-0123456789"
    new_connection("wrong", **{**fields, "password": wrong, "extra": json.dumps(fields["extra"])})
    with pytest.raises(SparkPoolError, match="cannot be reached") as caught:
        SynapseSparkPoolHook("wrong").submit(request_of("refused"))
    assert not caught.value.retryable
    assert wrong not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_managed_identity_gets_in_without_a_secret(spark_pool, new_connection, monkeypatch):
    for name, value in spark_pool.managed_identity_environment.items():
        monkeypatch.setenv(name, value)
    new_connection("managed", conn_type="azure_synapse", host=spark_pool.endpoint, extra='{"spark_pool": "spark"}')
    assert SynapseSparkPoolHook("managed").find("no such batch") == []


def test_a_pool_out_of_reach_may_be_reached_later(new_connection, spark_pool):
    fields = spark_pool.connection
    new_connection("away", **{**fields, "host": "https://127.0.0.1:1", "extra": json.dumps(fields["extra"])})
    with pytest.raises(SparkPoolError, match="cannot be reached") as caught:
        SynapseSparkPoolHook("away").cancel(0)
    assert caught.value.retryable


def test_the_connection_s_password_is_refused_in_a_request(hook, spark_pool, request_of):
    secret = spark_pool.connection["password"]
    with pytest.raises(CredentialError, match=r"args\[0\] .* holds the password of connection"):
        hook.submit(request_of("leak", args=[f"--password={secret}"]))
    assert Secret(secret) == hook.settings.password
    assert hook.find("leak") == []
