"""Job scripts on real Spark: one session for all tests that do not need a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from spark_jobs import JOB_FOLDER, SparkJobs

from airflow_synapse.local.home import default_home
from airflow_synapse.local.spark.environment import install
from airflow_synapse.local.spark.file_system import FileSystem
from airflow_synapse.local.spark.gateway import Gateway


@pytest.fixture(scope="session")
def spark():
    """The environment that runs Spark: programs and variables."""
    return install(default_home())


@pytest.fixture(scope="session")
def staging(lake):
    """A container that the URLs ``abfss://staging@lake.dfs.core.windows.net/...`` of the Spark session reach."""
    return lake.create_container("staging")


@pytest.fixture(scope="session")
def jobs(spark, workspace, staging, tmp_path_factory):
    """A Spark session that runs job scripts, and reaches local files and the container of ``staging``."""
    folder = tmp_path_factory.mktemp("spark_jobs")
    gateway = Gateway(FileSystem({"lake": (workspace.storage.endpoint("lake"), workspace.storage.key("lake"))}))
    storage = gateway.spark_configuration([("lake", staging.container_name)])
    command = [spark.python, Path(__file__).with_name("serve_jobs.py"), JOB_FOLDER, folder / "warehouse"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [*command, json.dumps(storage)],
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
    gateway.close()
