"""What SynapseCopyOperator takes around its COPY: an append with preflight of 100 files, against bare pyodbc.

python -m benchmarks.operator_overhead
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import statistics
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

from airflow_synapse.local.workspace import Workspace
from airflow_synapse.operators.copy import SynapseCopyOperator
from benchmarks.connected import connected_workspace, new_container
from benchmarks.figure import Figure, seconds

FILES = 100
_RUNS = 7
_CONTAINER = "overhead"
_BAR = 250.0
#: What the first use imports.
_USED = ("airflow_synapse.operators.loading", "azure.storage.blob", "pyodbc")
_IMPORTS = """
import sys, time
import airflow.sdk
airflow.sdk.DAG, airflow.sdk.BaseOperator, airflow.sdk.BaseHook
start = time.perf_counter()
for name in sys.argv[1:]:
    __import__(name)
print((time.perf_counter() - start) * 1000)
"""


def figures() -> Iterator[Figure]:
    """Yield the time of the task around COPY, and what the imports of its first use take."""
    with connected_workspace() as workspace:
        files = {f"{number:03}.csv": f"{number}\n".encode() * 100 for number in range(FILES)}
        new_container(workspace, _CONTAINER, files)
        with workspace.sql_pool.connect() as connection:
            connection.execute("CREATE TABLE dbo.overhead (n int) WITH (HEAP)")
        logging.disable(logging.CRITICAL)  # a worker writes its log to a pipe, which is not ours
        for module in _USED:
            importlib.import_module(module)
        runs = [_in_child(workspace, number) for number in range(_RUNS)]
    ours, theirs = zip(*runs, strict=True)
    around = statistics.median(mine - bare for mine, bare in runs) * 1000
    yield Figure(
        name=f"COPY task, {FILES} files", unit="ms", alternative="connect, execute, close by pyodbc",
        ours=statistics.median(ours) * 1000, theirs=statistics.median(theirs) * 1000,
    )  # fmt: skip
    yield Figure(name="of it around COPY", ours=around, theirs=_BAR, unit="ms", alternative="the bar", bar="<= 1")
    yield Figure(
        name="imports of the first use",
        ours=_import_time(*_USED),
        theirs=_import_time("azure.storage.blob"),
        unit="ms",
        alternative="azure-storage-blob alone",
    )


def _in_child(workspace: Workspace, number: int) -> tuple[float, float]:
    """Run a task in a process of its own, as a worker does, but with the imports done; then its statement by pyodbc."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_run_both, args=(workspace, number, sender))
    child.start()
    times = receiver.recv()
    child.join()
    return times


def _run_both(workspace: Workspace, number: int, sender) -> None:
    task = _task()
    logging.getLogger("airflow.task.operators").setLevel(logging.ERROR)  # it says that no task runner is there
    ours = seconds(lambda: task.execute(_context(number)))
    statement = task.copy_load.copy.to_sql()
    sender.send((ours, seconds(lambda: _execute(workspace, statement))))


def _task() -> SynapseCopyOperator:
    return SynapseCopyOperator(
        task_id="load",
        table="dbo.overhead",
        external_locations=f"https://lake.blob.core.windows.net/{_CONTAINER}/",
        storage_conn_id="lake",
        file_type="CSV",
        row_terminator="0x0A",
    )


def _context(number: int) -> dict:
    kept: dict = {}
    task_instance = SimpleNamespace(
        dag_id="benchmark", task_id="load", run_id=f"run {number}", map_index=-1, try_number=1
    )
    store = SimpleNamespace(get=kept.get, set=lambda key, value, **_: kept.update({key: value}))
    return {"ti": task_instance, "dag_run": SimpleNamespace(clear_number=0), "task_state_store": store}


def _execute(workspace: Workspace, statement: str) -> None:
    connection = workspace.sql_pool.connect()
    connection.execute(statement)
    connection.close()


def _import_time(*modules: str) -> float:
    command = [sys.executable, "-W", "ignore", "-c", _IMPORTS, *modules]
    times = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3)]
    return statistics.median(times)


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
