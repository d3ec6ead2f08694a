"""Scripts as Livy runs them: spark-submit with a file and its pyFiles, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from spark_jobs import JOB_FOLDER, OPTIONS, Outcome, write_request

PY_FILES = ",".join(str(path) for path in sorted(JOB_FOLDER.glob("*.py")))
#: Thirty tasks of half a second.
SLOW = "SELECT id, java_method('java.lang.Thread', 'sleep', 500L) AS s FROM range(0, 30, 1, 30)"


@pytest.fixture
def submit(spark, tmp_path):
    """Start a script with a request for a folder of its own; it is stopped after the test."""
    processes = []

    def start(sql):
        url = write_request(tmp_path, {"source": {"kind": "sql", "text": sql}, **OPTIONS})
        settings = {"spark.ui.enabled": "false", "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2"}
        command = [spark.spark_home / "bin" / "spark-submit", "--master", "local[2]", "--py-files", PY_FILES]
        command += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, JOB_FOLDER / "stage.py", url],
                env={**os.environ, **spark.variables},
                cwd=tmp_path,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.append(process)
        return process, Outcome(tmp_path)

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_job_ends_with_success(submit):
    process, outcome = submit("SELECT 1 AS n")
    assert process.wait(120) == 0
    assert outcome.manifest["rows"] == 1


def test_a_failed_job_ends_with_an_error_and_says_why(submit):
    process, outcome = submit("SELECT NULL AS odd")
    assert process.wait(120) != 0
    assert "odd (void)" in outcome.error["message"]
    assert outcome.manifest is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_killed_leaves_no_file_that_copy_would_read(submit, how):
    process, outcome = submit(SLOW)
    deadline = time.monotonic() + 120
    while not any(outcome.data.glob("_temporary/0/task_*/part-*")):
        assert process.poll() is None, "it ended before a task was done"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, how)
    assert process.wait(60) != 0
    assert outcome.files == []
    assert outcome.manifest is None
