"""Job scripts on real Spark: one session for all tests that do not need a process of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from spark_jobs import JOB_FOLDER, SparkJobs

from airflow_synapse.local.home import default_home
from airflow_synapse.local.spark.environment import install


@pytest.fixture(scope="session")
def spark():
    """The environment that runs Spark: programs and variables."""
    return install(default_home())


@pytest.fixture(scope="session")
def jobs(spark, tmp_path_factory):
    """A Spark session that runs job scripts."""
    folder = tmp_path_factory.mktemp("spark_jobs")
    command = [spark.python, Path(__file__).with_name("serve_jobs.py"), JOB_FOLDER, folder / "warehouse"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command,
            env={**os.environ, **spark.variables},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield SparkJobs(process, folder)
        process.stdin.close()
        process.wait(30)
