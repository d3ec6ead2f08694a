"""A task whose tries run in processes of their own, and what Airflow and its user do with it."""

import json
import multiprocessing
import os
from importlib.util import find_spec
from pathlib import Path

from lab import Ended
from worker import PRELOADED, Work, run_try

#: Seconds that a try may take; each is a matter of a few.
PATIENCE = 90.0
#: Seconds between SIGTERM and SIGKILL, as Airflow's supervisor gives them.
_ESCALATION = 5.0


class Try:
    """A running try."""

    def __init__(self, work: Work) -> None:
        # Forked from a process that has imported everything and has neither threads nor connections.
        context = multiprocessing.get_context("forkserver")
        assert all(map(find_spec, PRELOADED))  # what cannot be imported is passed over there
        context.set_forkserver_preload(PRELOADED)
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=run_try, args=(work, other), daemon=True)
        self._process.start()
        other.close()

    def has_told(self, seconds: float) -> bool:
        """Say whether the try has told how it ended, or does so within that time."""
        return self._pipe.poll(seconds)

    def ended(self) -> Ended:
        """Wait for what the try tells; one that has returned still waits before its XCom."""
        if not self.has_told(PATIENCE):
            self.kill()
            raise AssertionError(f"A try has not ended in {PATIENCE:g} s.")
        try:
            return Ended(*self._pipe.recv())
        except EOFError:
            return Ended("died")

    def write_xcom(self) -> None:
        """Let a try that has returned come to its end."""
        self._pipe.send("go on")
        self._process.join(PATIENCE)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.join()

    def terminate(self) -> None:
        """SIGTERM, and SIGKILL where that is not enough: what Airflow does when a user marks or clears the task."""
        self._process.terminate()
        self._process.join(_ESCALATION)
        self.kill()


class Task:
    """A task instance of one DAG run.

    :param connections: Airflow connections by id.
    :param arguments: Of the operator.
    :param folder: For its state and logs.
    """

    def __init__(
        self, name: str, connections: dict[str, dict[str, object]], arguments: dict[str, object], folder: Path
    ) -> None:
        self._name = name
        self._variables = {f"AIRFLOW_CONN_{key.upper()}": json.dumps(value) for key, value in connections.items()}
        self._arguments = arguments
        self._folder = folder
        self.try_number = 0
        self.clear_number = 0

    def start(self) -> Try:
        """Start the next try; where one is deferred, it goes on in a new triggerer."""
        if not self._deferral.exists():
            self.try_number += 1
        return Try(
            Work(
                connections=self._variables,
                arguments={"task_id": "load", **self._arguments},
                run_id=self._name,
                try_number=self.try_number,
                clear_number=self.clear_number,
                state=self._folder / f"{self._name}.json",
                deferral=self._deferral,
                log=self._folder / f"{self._name}-{self.try_number}.log",
            )
        )

    @property
    def _deferral(self) -> Path:
        return self._folder / f"{self._name}-{self.try_number}.deferral"

    def clear(self) -> None:
        """Do what a user's clear does: the run's clear number grows, and what was stored stays."""
        self._deferral.unlink(missing_ok=True)
        self.clear_number += 1

    def finish(self, running: Try) -> Ended:
        """Wait for the end of a try. After a failure for good the user mends the cause, and clears."""
        ended = running.ended()
        if ended.how == "returned":
            running.write_xcom()
        running.kill()
        if ended.how == "failed":
            self.clear()
        return ended

    def go_on(self) -> Ended:
        """Try until the task has succeeded, or the outcome is unknown."""
        for _ in range(8):
            ended = self.finish(self.start())
            if ended.is_final:
                return ended
        raise AssertionError(f"The task does not come to an end: {ended}")

    def logs(self) -> str:
        """Return what the tries have logged."""
        paths = sorted(self._folder.glob(f"{self._name}-*.log"), key=os.path.getmtime)
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in paths)
