"""A task instance of a transfer: its tries run here, and its triggers in processes of their own."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import serialize

WORKER = str(Path(__file__).parent / "transfer_worker.py")
TRIGGERER = str(Path(__file__).parent / "transfer_triggerer.py")
_runs = itertools.count(1)


class Task:
    """A task instance: its operator, its context, and what Airflow keeps for it."""

    def __init__(self, operator_class, **arguments):
        self._class = operator_class
        self.arguments = {"task_id": "transfer", **arguments}
        self.kept = {}
        self.try_number = 1
        self.clear_number = 0
        self.run_id = f"scheduled__{next(_runs)}"
        self.deferrals = []

    @property
    def context(self):
        instance = SimpleNamespace(
            dag_id="spark", task_id="transfer", run_id=self.run_id, map_index=-1, try_number=self.try_number
        )
        store = SimpleNamespace(get=self.kept.get, set=lambda key, value, retention: self.kept.update({key: value}))
        return {
            "ti": instance,
            "dag_run": SimpleNamespace(clear_number=self.clear_number),
            "task_state_store": store,
            "outlet_events": {},
        }

    def operator(self):
        return self._class(**self.arguments)

    def run(self):
        """Run the current try to its end; each deferral ends its worker, and the next one knows nothing of it."""
        method, values = "execute", {}
        while True:
            try:
                return getattr(self.operator(), method)(self.context, **values)
            except TaskDeferred as deferral:
                row = json.dumps([deferral.trigger.serialize()[0], serialize(deferral.trigger.serialize()[1])])
                self.deferrals.append(row)
                method = deferral.method_name
            values = {"event": event_of(row)}

    def run_again(self):
        """Run a retry, in this process."""
        self.try_number += 1
        return self.run()

    def work(self, store):
        """Return what a worker of its own is to do, as JSON can hold it."""
        return {
            "operator": f"{self._class.__module__}.{self._class.__name__}",
            "arguments": self.arguments,
            "instance": vars(self.context["ti"]),
            "clear_number": self.clear_number,
            "store": str(store),
        }

    def run_cleared(self):
        """Run the task after a user has cleared it."""
        self.clear_number += 1
        return self.run_again()


def event_of(row):
    """Run a trigger in a triggerer of its own."""
    output = subprocess.run(
        [sys.executable, TRIGGERER], input=row, capture_output=True, text=True, check=True, timeout=300
    ).stdout
    return json.loads(output.splitlines()[-1])
