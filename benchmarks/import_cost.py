"""What it costs to import an operator, on top of ``airflow.sdk``: every parse of a DAG file and every task pays it.

The parent imports ``airflow.sdk`` as Airflow's DAG processor does; each measurement is a fork of it, so that nothing
that one import loads makes another cheaper. CPU time, median of the runs.
"""

from __future__ import annotations

import importlib
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure

OURS = "airflow_synapse.operators.copy"
THEIRS = {
    "AzureSynapseRunSparkBatchOperator": "airflow.providers.microsoft.azure.operators.synapse",
    "WasbPrefixSensor": "airflow.providers.microsoft.azure.sensors.wasb",
    "SQLExecuteQueryOperator": "airflow.providers.common.sql.operators.sql",
}
_RUNS = 7


def figures() -> Iterator[Figure]:
    """Yield CPU milliseconds and new modules, against each peer."""
    importlib.import_module("airflow.sdk").DAG  # noqa: B018 - the attribute is loaded when it is first asked for
    ours = _median_cost(OURS)
    for peer, module in THEIRS.items():
        theirs = _median_cost(module)
        alternative = f"{peer} ({theirs[1]:.0f} modules; ours {ours[1]:.0f})"
        yield Figure(
            name="import of SynapseCopyOperator", ours=ours[0], theirs=theirs[0], unit="ms CPU", alternative=alternative
        )


def _median_cost(module: str) -> tuple[float, float]:
    context = multiprocessing.get_context("fork")
    costs = []
    for _ in range(_RUNS):
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_import, args=(module, sender))
        child.start()
        costs.append(receiver.recv())
        child.join()
    milliseconds, modules = zip(*costs, strict=True)
    return statistics.median(milliseconds), statistics.median(modules)


def _import(module: str, sender) -> None:
    known, start = len(sys.modules), time.process_time()
    importlib.import_module(module)
    sender.send(((time.process_time() - start) * 1000, len(sys.modules) - known))
