"""Cases in a real Airflow: its scheduler, workers and triggerer; the REST API stands for the user."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cases import AFTER_XCOM, LOADS, MOMENTS, Case, Fault, LoadKind, Moment
from lab import Ended, Lab

from airflow_synapse.local.airflow import Airflow
from airflow_synapse.local.faults import COMMITTED, RUNNING
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.workspace import Workspace

DAGS = Path(__file__).parent / "dags"
#: Seconds that a task may take.
_PATIENCE = 300.0
_STEP_SECONDS = 0.25


def moments_of(load: LoadKind) -> tuple[Moment, Moment]:
    """Return when COPY runs, and when the rows are committed and nobody knows it yet."""
    found = [moment for moment in MOMENTS if moment.is_of(load) and moment.label is None]
    running = next(moment for moment in found if moment.at == RUNNING)
    return running, [moment for moment in found if moment.at == COMMITTED][-1]


def airflow_cases() -> Iterator[Case]:
    """Yield what Airflow and its users do to a load, for every load.

    What the pool does wrong is the same to the operator wherever it runs; ``cases.matrix`` has that.
    """
    for deferrable in (False, True):
        for load in LOADS:
            for moment in moments_of(load):
                for fault in (Fault.KILL, Fault.MARK_FAILED, Fault.CLEAR):
                    yield Case(load, ((moment, fault),), deferrable)
            yield Case(load, ((AFTER_XCOM, Fault.CLEAR),), deferrable)


class AirflowTask:
    """The task of a DAG run."""

    def __init__(self, airflow: Airflow, dag_id: str, run_id: str, configuration: dict[str, object]) -> None:
        self._airflow = airflow
        self._runs = f"/dags/{dag_id}/dagRuns"
        self._run = f"{self._runs}/{run_id}"
        self._instance = f"{self._run}/taskInstances/load"
        self._body = {"dag_run_id": run_id, "logical_date": None, "conf": configuration}

    def start(self) -> None:
        """Start the run."""
        self._airflow.request("POST", self._runs, self._body)

    @property
    def try_number(self) -> int:
        return int(self._airflow.request("GET", self._instance)["try_number"])

    @property
    def state(self) -> str | None:
        return self._airflow.request("GET", self._instance)["state"]

    def kill(self) -> None:
        """SIGKILL the worker's process."""
        os.kill(self._airflow.request("GET", self._instance)["pid"], signal.SIGKILL)

    def mark_failed(self) -> None:
        """Mark it failed, and wait until Airflow has ended the run."""
        self._airflow.request("PATCH", self._instance, {"new_state": "failed"})
        self._wait_for_run("failed")

    def _wait_for_run(self, state: str) -> None:
        """Wait until Airflow has ended the run: it would end one that is cleared meanwhile, too."""
        deadline = time.monotonic() + _PATIENCE
        while (found := self._airflow.request("GET", self._run)["state"]) != state:
            if time.monotonic() > deadline:
                raise AssertionError(f"The run is {found} {_PATIENCE:g} s after its task has ended.")
            time.sleep(_STEP_SECONDS)

    def clear(self) -> None:
        self._airflow.request("POST", f"{self._run}/clear", {"dry_run": False})

    def wait_for_success(self, *, tries: int) -> Ended:
        """Wait until the task has succeeded, in this try or a later one."""
        self.wait(lambda: self.try_number >= tries and self.state == "success", tries=tries)
        self._wait_for_run("success")
        return Ended("returned")

    def wait(self, is_so: Callable[[], bool], *, tries: int = 1) -> None:
        """Wait until something is so.

        :raises AssertionError: It is not in time, or the task has failed in this try or a later one.
        """
        deadline = time.monotonic() + _PATIENCE
        while not is_so():
            state, number = self.state, self.try_number
            if state == "failed" and number >= tries:
                raise AssertionError(f"The task has failed in try {number}.")
            if time.monotonic() > deadline:
                raise AssertionError(f"The task is {state} in try {number} after {_PATIENCE:g} s.")
            time.sleep(_STEP_SECONDS)

    def logs(self) -> str:
        """Return what the tries have logged."""
        parts = []
        for number in range(1, self.try_number + 1):
            try:
                answer = self._airflow.request("GET", f"{self._instance}/logs/{number}")
                parts.append("\n".join(str(line.get("event", line)) for line in answer["content"]))
            except WorkspaceError as error:
                parts.append(str(error))
        return "\n--- next try\n".join(parts)


class AirflowLab(Lab[AirflowTask]):
    """A workspace and an Airflow with the DAGs of the folder ``DAGS``, in which cases are run one after the other."""

    def __init__(self, workspace: Workspace, airflow: Airflow) -> None:
        super().__init__(workspace)
        self._airflow = airflow
        for dag_id in ("copy_faulty", "copy_faulty_deferred"):
            airflow.wait_for_dag(dag_id)
            airflow.request("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def _task(self, name: str, arguments: dict[str, object], *, deferrable: bool) -> AirflowTask:
        dag_id = "copy_faulty_deferred" if deferrable else "copy_faulty"
        return AirflowTask(self._airflow, dag_id, name, arguments)

    def _strike_all(self, task: AirflowTask, case: Case) -> Ended:
        ((moment, fault),) = case.strikes
        if moment is AFTER_XCOM:
            task.start()
            task.wait_for_success(tries=1)
            task.clear()
            return task.wait_for_success(tries=2)
        hold = self._pool.hold(**moment.statement(case.load))
        task.start()
        task.wait(lambda: any(listed["number"] == hold and listed["held"] for listed in self._pool.listed()))
        if fault is Fault.KILL and case.deferrable:
            with self._airflow.without("triggerer"):
                pass
            return task.wait_for_success(tries=1)
        if fault is Fault.KILL:
            task.kill()
        elif fault is Fault.MARK_FAILED:
            task.mark_failed()
            task.clear()
        else:
            task.clear()
        return task.wait_for_success(tries=2)
