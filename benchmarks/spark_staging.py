"""The staging job against a bare ``df.write.parquet``: the same rows, from local disk to the same storage account.

    python -m benchmarks.spark_staging [rows]

The rows go to Azurite by the ``abfss://`` URLs that a job in Synapse would write to. Both ways run in one warm Spark
session, in turn; ours also counts the rows, measures the columns, lists the files and writes the manifest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from azure.storage.blob import BlobServiceClient

import airflow_synapse
from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import default_home
from airflow_synapse.local.spark.environment import install
from airflow_synapse.local.spark.file_system import FileSystem
from airflow_synapse.local.spark.gateway import Gateway
from benchmarks.figure import Figure

ROWS = 5_000_000
_RUNS = 3
_CONTAINER = "staging"
_JOBS = Path(airflow_synapse.__file__).parent / "transfer" / "job"
_OPTIONS = {"compression": "snappy", "file_bytes": 256 * 2**20, "nested": "json", "not_a_number": "null"}


def figures(rows: int = ROWS) -> Iterator[Figure]:
    """Yield the rates of both."""
    spark = install(default_home())
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(default_home(), Path(folder) / "azurite", accounts=("lake",)) as azurite,
    ):
        endpoint, key = azurite.endpoint("lake"), azurite.key("lake")
        with BlobServiceClient(endpoint, credential=key.reveal()) as client:
            client.create_container(_CONTAINER)
        gateway = Gateway(FileSystem({"lake": (endpoint, key)}))
        settings = {
            "jobs": str(_JOBS),
            "configuration": gateway.spark_configuration([("lake", _CONTAINER)]),
            "rows": rows,
            "warm_up_rows": min(rows, 100_000),
            "runs": _RUNS,
            "source": f"file://{folder}/source",
            "target": f"abfss://{_CONTAINER}@lake.dfs.core.windows.net/runs",
            "options": _OPTIONS,
        }
        session = subprocess.run(
            [spark.python, Path(__file__).with_name("spark_staging_session.py"), json.dumps(settings)],
            env={**os.environ, **spark.variables},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        gateway.close()
    if session.returncode:
        raise RuntimeError(session.stderr[-4000:])
    seconds = json.loads(session.stdout.splitlines()[-1])
    yield Figure(
        name=f"staging of {rows:,} rows",
        ours=rows / min(seconds["stage"]),
        theirs=rows / min(seconds["bare"]),
        unit="rows/s",
        alternative="bare df.write.parquet to the same place",
        bar=">= 0.9",
    )


if __name__ == "__main__":
    for figure in figures(*map(int, sys.argv[1:])):
        print(figure, flush=True)
