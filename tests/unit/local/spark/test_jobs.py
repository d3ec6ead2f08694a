import os
import re
import time

import pytest

from airflow_synapse.local.spark.faults import SparkFault

FILE = "abfss://c@lake.dfs.core.windows.net/job.py"


def request(name="job", **fields):
    return {"name": name, "file": FILE, **fields}


def output(batch):
    return batch.log_file("stdout").read_text().splitlines()


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_first_batch_is_number_0_and_succeeds(jobs, wait_for):
    batch = jobs.submit(request())

    wait_for(batch, "success", "dead")

    assert (batch.number, batch.state) == (0, "success")


def test_arguments_are_passed_as_they_are(jobs, wait_for):
    asked = request(args=["a b", "$HOME", ""], className="org.x.Main", pyFiles=["abfss://a", "abfss://b"])

    lines = output(wait_for(jobs.submit(asked), "success"))

    position = lines.index(FILE)
    assert lines[position + 1 : position + 4] == ["a b", "$HOME", ""]
    assert {"--name=job", "--class=org.x.Main", "--py-files=abfss://a,abfss://b"} <= set(lines[:position])


def test_configuration_of_the_request_is_passed_but_not_where_spark_runs(new_jobs, wait_for):
    jobs = new_jobs(storage_configuration=lambda: {"spark.hadoop.fs.abfss.impl": "ours"})
    asked = {
        "spark.sql.session.timeZone": "UTC",
        "spark.master": "yarn",
        "spark.driver.memory": "28g",
        "spark.dynamicAllocation.enabled": "true",
        "spark.hadoop.fs.abfss.impl": "theirs",
    }

    lines = output(wait_for(jobs.submit(request(conf=asked, driverMemory="28g")), "success"))

    configuration = dict(line.removeprefix("--conf=").split("=", 1) for line in lines if line.startswith("--conf="))
    assert configuration["spark.sql.session.timeZone"] == "UTC"
    assert configuration["spark.master"] == "local[2]"
    assert configuration["spark.driver.memory"] == "1g"
    assert configuration["spark.hadoop.fs.abfss.impl"] == "ours"
    assert "spark.dynamicAllocation.enabled" not in configuration


def test_job_sees_nothing_of_our_environment_and_works_in_a_folder_of_its_own(jobs, wait_for, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", "a secret")

    lines = output(wait_for(jobs.submit(request()), "success"))

    assert not [line for line in lines if line.startswith(("AIRFLOW_", "PYTHONPATH="))]
    assert re.search(r"/batches/0/scratch$", lines[-1])
    assert not os.path.exists(lines[-1])  # it is removed with the job


def test_job_that_fails_is_dead(jobs, wait_for):
    batch = wait_for(jobs.submit(request("fails")), "success", "dead")

    assert batch.state == "dead"
    assert "no good" in batch.log_file("stderr").read_text()
    error = batch.as_json(detailed=True)["errorInfo"][0]
    assert error["errorCode"] == "LIVY_JOB_STATE_DEAD"
    assert "no good" not in error["message"]


def test_one_job_runs_at_a_time_in_order(jobs, wait_for):
    first, second, third = (jobs.submit(request(name)) for name in ("sleeps", "second", "third"))
    wait_for(first, "running")
    assert (second.state, third.state) == ("not_started", "not_started")

    first.cancel()

    wait_for(third, "success")
    started = [batch.as_json(detailed=True)["livyInfo"]["startingAt"] for batch in (first, second, third)]
    assert started == sorted(started)


def test_cancelled_job_ends_with_every_process(jobs, wait_for):
    batch = wait_for(jobs.submit(request("sleeps")), "running")
    child = int(next(line.split()[1] for line in output(batch) if line.startswith("child ")))
    assert is_alive(child)

    batch.cancel()

    assert wait_for(batch, "killed", "dead", "success").state == "killed"
    assert not is_alive(child)


def test_batch_that_waits_is_killed_at_once_and_never_runs(jobs, wait_for):
    running = wait_for(jobs.submit(request("sleeps")), "running")
    waiting, last = jobs.submit(request()), jobs.submit(request())

    waiting.cancel()

    assert waiting.state == "killed"
    told = waiting.as_json(detailed=True)
    assert (told["result"], told["appId"], told["schedulerInfo"]["currentState"]) == ("Cancelled", None, "Ended")
    running.cancel()
    wait_for(last, "success")
    assert waiting.state == "killed"
    assert not waiting.log_file("stdout").exists()


def test_cancel_after_the_end_changes_nothing(jobs, wait_for):
    batch = wait_for(jobs.submit(request()), "success")

    batch.cancel()

    assert batch.state == "success"
    assert batch.as_json(detailed=True)["schedulerInfo"]["cancellationRequestedAt"] is None


def test_job_over_its_time_is_dead(new_jobs, wait_for):
    batch = new_jobs(seconds=0.5).submit(request("sleeps"))

    assert wait_for(batch, "dead", "success", "killed").state == "dead"
    assert "took more than 0.5 s" in batch.log_file("stderr").read_text()


def test_batch_whose_storage_does_not_answer_is_dead_and_the_next_one_runs(new_jobs, wait_for):
    answers = [RuntimeError("no storage"), {}]

    def storage_configuration():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    jobs = new_jobs(storage_configuration=storage_configuration)

    wait_for(jobs.submit(request()), "dead")
    wait_for(jobs.submit(request()), "success")


def test_numbers_go_on_after_a_restart(new_jobs, wait_for):
    wait_for(new_jobs().submit(request()), "success")

    again = new_jobs()

    assert again.batches() == []
    assert again.submit(request()).number == 1


def test_close_ends_the_job_that_runs(new_jobs, wait_for):
    jobs = new_jobs()
    running, waiting = jobs.submit(request("sleeps")), jobs.submit(request())
    wait_for(running, "running")

    jobs.close()

    assert (running.state, waiting.state) == ("killed", "killed")


def test_batch_is_held_until_released(jobs, faults, wait_for):
    faults.add(SparkFault("hold", label="jo*"))
    batch = jobs.submit(request())
    while not faults.listed()[0]["held"]:
        time.sleep(0.01)
    assert batch.state == "not_started"

    faults.release()

    wait_for(batch, "success")


def test_batch_is_delayed(jobs, faults, wait_for):
    faults.add(SparkFault("delay", seconds=0.5))
    start = time.monotonic()

    wait_for(jobs.submit(request()), "starting", "running")

    assert time.monotonic() - start >= 0.5


def test_batch_dies_before_its_job_starts(jobs, faults, wait_for):
    faults.add(SparkFault("die"))

    batch = wait_for(jobs.submit(request()), "dead")

    assert not batch.log_file("stdout").exists()
    assert batch.as_json(detailed=True)["livyInfo"]["startingAt"] is None


@pytest.mark.parametrize(("name", "state"), [("fails", "success"), ("fails too", "dead")])
def test_lie_tells_success_of_a_job_that_failed(jobs, faults, wait_for, name, state):
    faults.add(SparkFault("lie", label="fails"))

    assert wait_for(jobs.submit(request(name)), "success", "dead").state == state
