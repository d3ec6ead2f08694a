import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import deserialize, serialize

TRIGGERER = str(Path(__file__).parent / "triggerer.py")
_runs = itertools.count(1)
_names = itertools.count(1)


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
                kwargs = json.dumps(serialize(deferral.kwargs))
                self.deferrals.append(row)
                method = deferral.method_name
            values = {**deserialize(json.loads(kwargs)), "event": event_of(row)}

    def run_again(self):
        """Run a retry."""
        self.try_number += 1
        return self.run()

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


@pytest.fixture
def connections(spark_workspace, spark_pool, new_connection):
    """Airflow connections to the workspace."""
    for name, fields in {**spark_workspace.connections(), "azure_synapse_default": spark_pool.connection}.items():
        new_connection(name, **fields)


@pytest.fixture
def new_name(pool_connection):
    """Return the name of a table that is not there: dropped after the test."""
    names = []

    def make():
        names.append(f"dbo.transfer_{next(_names)}")
        return names[-1]

    yield make
    for name in names:
        pool_connection.execute(f"IF OBJECT_ID('{name}') IS NOT NULL DROP TABLE {name}")


@pytest.fixture
def staging(landing):
    """The URL of the staging folder; ``landing`` is its container."""
    return f"abfss://{landing.container_name}@lake.dfs.core.windows.net/staging"


@pytest.fixture
def staged(landing):
    """Return the names of the files below the staging folder."""
    return lambda: [
        blob.name for blob in landing.list_blobs(include=["metadata"]) if not (blob.metadata or {}).get("hdi_isfolder")
    ]


@pytest.fixture
def new_task(connections, staging):
    """Make a task: ``new_task(SparkToSqlPoolOperator, table="dbo.t", ...)``."""

    def make(operator_class, **arguments):
        defaults = {
            "staging_folder": staging,
            "storage_conn_id": "lake",
            "spark_pool": "spark",
            "poll_interval": 0.5,
            "deferrable": False,
        }
        return Task(operator_class, **{**defaults, **arguments})

    return make
