"""Runs the jobs of batches with spark-submit, one at a time, in the order in which they were submitted.

One at a time, because the catalog of Spark's tables is a Derby database, which belongs to one process; and a laptop has
not the cores for two.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from airflow_synapse.local.child_process import ChildProcess
from airflow_synapse.local.faults import Faults
from airflow_synapse.local.spark.batch import DEAD, KILLED, RUNNING, STARTING, SUCCESS, Batch
from airflow_synapse.local.spark.environment import SparkEnvironment
from airflow_synapse.local.spark.faults import ENDED, QUEUED

_POLL_SECONDS: Final = 0.05
_CONTEXT_STARTED: Final = re.compile(r"Successfully started service 'sparkDriver'")
#: What a batch cannot choose in Synapse, or not here: where it runs, and with how much.
_FIXED: Final = re.compile(
    r"spark\.(master|submit\.deployMode|yarn\..*|dynamicAllocation\..*|driver\.(memory|cores|host|bindAddress)"
    r"|executor\.(memory|cores|instances)|hadoop\.fs\.(abfss\.impl|viewfs\..*))"
)
#: Compile quickly rather than well: it halves the time of jobs that run for seconds. A long job may ask for better code
#: with ``-XX:TieredStopAtLevel=4`` in ``spark.driver.extraJavaOptions``.
_JAVA: Final = "-XX:TieredStopAtLevel=1"
_LISTS: Final = {"--jars": "jars", "--py-files": "pyFiles", "--files": "files", "--archives": "archives"}

log = logging.getLogger(__name__)


class Jobs:
    """The batches of a pool since it started. Every method may be called from any thread.

    :param environment: The Spark that runs the jobs.
    :param folder: Folder for logs, tables and what a job needs while it runs.
    :param storage_configuration: Returns what Spark must be told to reach the storage; asked before each job.
    :param driver_memory: Memory of the driver, which in local mode is all of Spark, such as ``1g``.
    :param seconds: Time limit of a job.
    """

    def __init__(
        self,
        environment: SparkEnvironment,
        folder: Path,
        faults: Faults,
        *,
        workspace: str,
        pool: str,
        storage_configuration: Callable[[], Mapping[str, str]],
        driver_memory: str,
        seconds: float,
    ) -> None:
        self._environment = environment
        self._folder = folder
        self._faults = faults
        self._workspace = workspace
        self._pool = pool
        self._storage_configuration = storage_configuration
        self._driver_memory = driver_memory
        self._seconds = seconds
        self._started = int(time.time() * 1000)
        (folder / "batches").mkdir(parents=True, exist_ok=True)
        earlier = [int(path.name) for path in (folder / "batches").iterdir()]
        self._numbers = itertools.count(max(earlier, default=-1) + 1)
        self._batches: dict[int, Batch] = {}
        self._queue: queue.Queue[Batch] = queue.Queue()
        threading.Thread(target=self._work, name="jobs", daemon=True).start()

    def submit(self, request: Mapping[str, Any]) -> Batch:
        """Queue a batch."""
        number = next(self._numbers)
        folder = self._folder / "batches" / str(number)
        folder.mkdir()
        application_id = f"application_{self._started}_{number + 1:04}"
        batch = Batch(number, request, self._workspace, self._pool, folder, application_id)
        self._batches[number] = batch
        self._queue.put(batch)
        return batch

    def batch(self, number: int) -> Batch | None:
        """Return a batch."""
        return self._batches.get(number)

    def batches(self) -> list[Batch]:
        """Return all batches, oldest first."""
        return list(self._batches.values())

    def close(self) -> None:
        """Stop the job that runs, and start none any more."""
        for batch in self.batches():
            batch.cancel()
        while not all(batch.ended for batch in self.batches()):
            time.sleep(_POLL_SECONDS)

    def _work(self) -> None:
        while True:
            batch = self._queue.get()
            try:
                self._wait_as_told(batch)
                if batch.move_to(STARTING):
                    batch.move_to(self._run(batch))
            except Exception:
                log.exception("Batch %d could not be run", batch.number)
                batch.move_to(DEAD)

    def _wait_as_told(self, batch: Batch) -> None:
        for fault in self._faults.take(QUEUED, "", batch.name):
            if fault.action == "hold":
                self._faults.hold(fault, batch.cancelled)
            elif fault.action == "delay":
                batch.cancelled.wait(fault.seconds)
            else:
                batch.move_to(DEAD)

    def _run(self, batch: Batch) -> str:
        scratch = batch.folder / "scratch"
        scratch.mkdir()
        try:
            with ChildProcess(
                "spark-submit",
                self._command(batch, scratch),
                log=batch.log_file("stdout"),
                error_log=batch.log_file("stderr"),
                environment=self._variables(scratch),
                ends_with_input=False,
            ) as process:
                state = self._wait_for(process, batch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        lies = [fault for fault in self._faults.take(ENDED, "", batch.name) if fault.action == "lie"]
        return SUCCESS if lies else state

    def _wait_for(self, process: ChildProcess, batch: Batch) -> str:
        deadline = time.monotonic() + self._seconds
        while process.is_running:
            if batch.cancelled.wait(_POLL_SECONDS):
                process.stop()
                return KILLED
            if time.monotonic() > deadline:
                process.stop()
                with batch.log_file("stderr").open("a") as errors:
                    errors.write(f"The local Spark pool has ended the job, which took more than {self._seconds:g} s.\n")
                return DEAD
            if batch.state == STARTING and _CONTEXT_STARTED.search(
                batch.log_file("stderr").read_text(errors="replace")
            ):
                batch.move_to(RUNNING)
        return SUCCESS if process.exit_code == 0 else DEAD

    def _variables(self, scratch: Path) -> dict[str, str]:
        """Return the environment of a job. It has nothing of ours: an Airflow connection would be a secret."""
        passed = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        return passed | self._environment.variables | {"LANG": "C.UTF-8", "TMPDIR": str(scratch)}

    def _command(self, batch: Batch, scratch: Path) -> list[str]:
        request = batch.request
        asked = {name: value for name, value in (request.get("conf") or {}).items() if not _FIXED.fullmatch(name)}
        configuration = asked | self._configuration(scratch) | dict(self._storage_configuration())
        options = [f"--conf={name}={value}" for name, value in configuration.items()]
        options += [f"{option}={','.join(request[name])}" for option, name in _LISTS.items() if request.get(name)]
        options += [f"--class={request['className']}"] if request.get("className") else []
        # A relative PYTHONPATH would lead elsewhere from the folder of the batch, and ours has nothing for a job.
        in_scratch = ["sh", "-c", 'unset PYTHONPATH; cd "$0" && exec "$@"', str(scratch)]
        submit = str(self._environment.spark_home / "bin" / "spark-submit")
        return [*in_scratch, submit, f"--name={batch.name}", *options, request["file"], *(request.get("args") or [])]

    def _configuration(self, scratch: Path) -> dict[str, str]:
        return {
            "spark.master": "local[2]",
            "spark.driver.memory": self._driver_memory,
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.defaultJavaOptions": f'"-Djava.io.tmpdir={scratch}" "-Dderby.system.home={scratch}" {_JAVA}',
            "spark.ui.enabled": "false",
            "spark.local.dir": str(scratch),
            # As in Synapse, a batch finds the tables of the batches before it.
            "spark.sql.catalogImplementation": "hive",
            "spark.sql.warehouse.dir": str(self._folder / "warehouse"),
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                f"jdbc:derby:;databaseName={self._folder / 'catalog'};create=true"
            ),
        }
