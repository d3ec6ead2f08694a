"""The process of the Spark pool: its https endpoint, the gateway to the storage, and the jobs.

It reads its configuration, which holds secrets, as one line of JSON from standard input, and runs until standard input
ends; so it neither shows a secret in the list of processes nor outlives whoever started it. The jobs end with it.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from airflow_synapse.local.certificate import make_certificate
from airflow_synapse.local.fault_control import FaultControl, fault_commands
from airflow_synapse.local.faults import Faults
from airflow_synapse.local.spark.endpoint import Endpoint
from airflow_synapse.local.spark.environment import SparkEnvironment
from airflow_synapse.local.spark.faults import SparkFault
from airflow_synapse.local.spark.file_system import FileSystem
from airflow_synapse.local.spark.gateway import Gateway
from airflow_synapse.local.spark.jobs import Jobs
from airflow_synapse.local.spark.livy import LivyApi
from airflow_synapse.local.spark.tokens import Tokens
from airflow_synapse.secret import Secret


def _wait_for_end_of_input(stop_asked: threading.Event) -> None:
    sys.stdin.read()
    stop_asked.set()


def run(settings: dict[str, Any]) -> None:
    """Serve until standard input ends or SIGTERM comes."""
    stop_asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_asked.set())
    threading.Thread(target=_wait_for_end_of_input, args=(stop_asked,), daemon=True).start()
    folder = Path(settings["folder"])
    files = FileSystem(
        {name: (account["endpoint"], Secret(account["key"])) for name, account in settings["accounts"].items()}
    )
    gateway = Gateway(files)
    faults = Faults()
    jobs = Jobs(
        SparkEnvironment(**{name: Path(path) for name, path in settings["environment"].items()}),
        folder,
        faults,
        workspace=settings["workspace"],
        pool=settings["pool"],
        storage_configuration=lambda: gateway.spark_configuration(files.containers()),
        driver_memory=settings["driver_memory"],
        seconds=settings["job_seconds"],
    )
    tokens = Tokens(
        settings["client_id"], Secret(settings["client_secret"]), identity_header=Secret(settings["identity_header"])
    )
    endpoint = Endpoint(
        LivyApi(jobs, faults, tokens, pool=settings["pool"]),
        tokens,
        certificate=make_certificate(folder),
        port=settings["port"],
    )
    control = FaultControl(fault_commands(faults, SparkFault))
    ready = f"The Spark pool listens on 127.0.0.1:{endpoint.port}; its control port is {control.port}."
    print(ready, flush=True)  # noqa: T201 - the parent waits for it
    stop_asked.wait()
    control.close()
    endpoint.close()
    jobs.close()
    gateway.close()


if __name__ == "__main__":
    run(json.loads(sys.stdin.readline()))
