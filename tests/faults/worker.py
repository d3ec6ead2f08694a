"""One try of the operator in a process of its own, as Airflow's task runner and its triggerer would run it.

Airflow itself is not there: the context is made here, and the task state store is a file. So is the row of a trigger: a
process that finds one goes on with it, as a new triggerer does.
"""

import asyncio
import json
import logging
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import deserialize, serialize

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.triggers.copy_load import SynapseCopyTrigger
from airflow_synapse.version_compat import AirflowFailException

#: What takes long to import; each worker is forked from a process that has done it.
PRELOADED = [
    "airflow.sdk.serde",
    "airflow_synapse.triggers.deferred_load",
    "airflow_synapse.operators.copy",
    "airflow_synapse.operators.loading",
    "azure.storage.blob",
    "pyodbc",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What a worker is to do.

    :param connections: Airflow connections, as variables of the environment.
    :param arguments: Of the operator.
    :param state: File of the task state store.
    :param deferral: File of the trigger's row.
    """

    connections: dict[str, str]
    arguments: dict[str, Any]
    run_id: str
    try_number: int
    clear_number: int
    state: Path
    deferral: Path
    log: Path


class FileStore:
    """The task state store's interface; what is set is in the file when ``set`` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> Any:
        return json.loads(self._path.read_text()).get(key) if self._path.exists() else None

    def set(self, key: str, value: Any, *, retention: object = None) -> None:
        values = json.loads(self._path.read_text()) if self._path.exists() else {}
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({**values, key: value}))
        draft.replace(self._path)


def run_try(work: Work, driver: Connection) -> None:
    """Run a try and tell ``driver`` how it ended; a success ends only when the driver says so."""
    os.environ.update(work.connections)
    logging.getLogger("airflow.task.operators").setLevel(logging.ERROR)  # it says that no task runner is there
    logging.basicConfig(filename=work.log, level=logging.INFO, force=True, format="%(relativeCreated)d %(message)s")
    operator = SynapseCopyOperator(**work.arguments)
    instance = SimpleNamespace(
        dag_id="faults", task_id="load", run_id=work.run_id, map_index=-1, try_number=work.try_number
    )
    context = {
        "ti": instance,
        "dag_run": SimpleNamespace(clear_number=work.clear_number),
        "task_state_store": FileStore(work.state),
    }
    try:
        result = _run(operator, context, work.deferral)
    except AirflowFailException as error:
        log.exception("failed")
        driver.send(("failed", type(error.__cause__).__name__, str(error)))
    except Exception as error:
        log.exception("up for retry")
        driver.send(("retry", type(error).__name__, str(error)))
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to be cancelled
        driver.send(("returned", "", json.dumps(result)))
        driver.recv()  # here Airflow would write the XCom


def _run(operator: Any, context: Any, row: Path) -> Any:
    """Run a task to its end, through a trigger if it defers."""
    if not row.exists():
        signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())  # as Airflow's task runner does
        try:
            return operator.execute(context)
        except TaskDeferred as deferral:
            _, arguments = deferral.trigger.serialize()
            parts = {"arguments": arguments, "method": deferral.method_name}
            row.write_text(json.dumps(serialize(parts)))
    parts = deserialize(json.loads(row.read_text()))
    event = asyncio.run(_event_of(SynapseCopyTrigger(**parts["arguments"])))
    row.unlink()
    return getattr(operator, parts["method"])(context, event=event)


async def _event_of(trigger: Any) -> Any:
    """Run a trigger as a triggerer does."""
    loop = asyncio.get_running_loop()
    kills = []
    loop.add_signal_handler(signal.SIGTERM, lambda: kills.append(loop.create_task(trigger.on_kill())))
    async for event in trigger.run():
        return event.payload
    return None
