"""Batches whose spark-submit is a shell script: quick, with real processes and without Spark."""

import time

import pytest

from airflow_synapse.local.faults import Faults
from airflow_synapse.local.spark.environment import SparkEnvironment
from airflow_synapse.local.spark.jobs import Jobs

#: It tells what it was called with, and then does what its batch is called.
SPARK_SUBMIT = r"""#!/bin/sh
printf '%s\n' "$@"
env
pwd
echo "Successfully started service 'sparkDriver' on port 1." >&2
case "$1" in
  --name=fails*) echo "no good" >&2; exit 3 ;;
  --name=sleeps*) sleep 60 & echo "child $!"; wait ;;
esac
"""


@pytest.fixture
def environment(tmp_path):
    program = tmp_path / "spark" / "bin" / "spark-submit"
    program.parent.mkdir(parents=True)
    program.write_text(SPARK_SUBMIT)
    program.chmod(0o755)
    return SparkEnvironment(python=tmp_path / "python", spark_home=tmp_path / "spark", java_home=tmp_path / "java")


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture
def new_jobs(environment, tmp_path, faults):
    """Start the jobs of a pool: ``new_jobs(seconds=1)``."""
    started = []

    def start(*, seconds=60.0, storage_configuration=dict):
        jobs = Jobs(
            environment,
            tmp_path / "pool",
            faults,
            workspace="local",
            pool="spark",
            storage_configuration=storage_configuration,
            driver_memory="1g",
            seconds=seconds,
        )
        started.append(jobs)
        return jobs

    yield start
    for jobs in started:
        jobs.close()


@pytest.fixture
def jobs(new_jobs):
    return new_jobs()


@pytest.fixture
def wait_for():
    """Wait until a batch is in one of some states, and return it."""

    def wait(batch, *states):
        deadline = time.monotonic() + 30
        while batch.state not in states:
            assert time.monotonic() < deadline, f"The batch is {batch.state}."
            time.sleep(0.01)
        return batch

    return wait
