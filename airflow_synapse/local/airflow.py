"""A real Airflow on 127.0.0.1, in a folder of its own: scheduler, DAG processor, triggerer and API server.

It is for the demonstration and for tests. Every user is an administrator, and the REST API asks for no token.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from airflow_synapse.local.child_process import ChildProcess
from airflow_synapse.local.home import WorkspaceError

#: Component -> options. Log servers would listen on every address; the API server reads the log files itself.
_COMPONENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "api-server": (),
    "dag-processor": (),
    "scheduler": ("--skip-serve-logs",),
    "triggerer": ("--skip-serve-logs",),
}
_START_SECONDS: Final = 240.0
_REQUEST_SECONDS: Final = 30.0


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def airflow_environment(home: Path, dags: Path, *, port: int, parallelism: int) -> dict[str, str]:
    """Return the variables of an Airflow in ``home``: those of this process, without its Airflow settings, and ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    url = f"http://127.0.0.1:{port}"
    return inherited | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(parallelism),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        # One key for all components: passwords of connections are stored with it, so it must outlive none of them.
        "AIRFLOW__CORE__FERNET_KEY": _fernet_key(),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _fernet_key() -> str:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - with cryptography, which takes a while to load

    return Fernet.generate_key().decode()


class Airflow:
    """Run Airflow until :meth:`stop`; healthy when the constructor returns.

    :param home: ``AIRFLOW_HOME``: database, logs. Use an empty folder.
    :param dags: Folder of DAG files.
    :param port: Port of the API server and the pages; 0 takes a free one.
    :param parallelism: Tasks that run at the same time.
    :param environment: More variables, such as ``AIRFLOW_CONN_...`` or settings.
    :raises WorkspaceError: It does not start.
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        *,
        port: int = 0,
        parallelism: int = 2,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        port = port or free_port()
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.environment = airflow_environment(home, dags, port=port, parallelism=parallelism) | dict(environment or {})
        self._components: dict[str, ChildProcess] = {}
        self.command("db", "migrate")
        try:
            for name in _COMPONENTS:
                self._components[name] = self._start(name)
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise

    def command(self, *arguments: str) -> str:
        """Run an ``airflow`` command and return its output.

        :raises WorkspaceError: It failed; the message holds what it said.
        """
        completed = subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if completed.returncode:
            raise WorkspaceError(
                f"airflow {' '.join(arguments)} failed:\n{completed.stdout[-2000:]}{completed.stderr[-2000:]}"
            )
        return completed.stdout

    def request(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call the REST API.

        :param path: Below ``/api/v2``, such as ``/dags``.
        :return: The parsed answer; None for an empty one.
        :raises WorkspaceError: The answer is an error.
        """
        request = urllib.request.Request(  # noqa: S310 - our own http URL
            f"{self.url}/api/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as response:  # noqa: S310 - see above
                content = response.read()
        except urllib.error.HTTPError as error:
            raise WorkspaceError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None
        return json.loads(content) if content else None

    def add_connection(self, connection_id: str, connection: Mapping[str, object]) -> None:
        """Store a connection.

        :param connection: As in the JSON form of ``AIRFLOW_CONN_...``.
        """
        extra = connection.get("extra")
        body = {**connection, "connection_id": connection_id}
        if extra is not None:
            body["extra"] = json.dumps(extra)
        self.request("POST", "/connections", body)

    def wait_for_dag(self, dag_id: str, *, timeout: float = 180.0) -> None:
        """Wait until the DAG processor has read a DAG.

        :raises WorkspaceError: It has not in ``timeout`` seconds; the message names the files that do not import.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(WorkspaceError):
                self.request("GET", f"/dags/{dag_id}")
                return
            time.sleep(0.5)
        errors = [error["stack_trace"] for error in self.request("GET", "/importErrors")["import_errors"]]
        raise WorkspaceError(f"Airflow has no DAG {dag_id!r} after {timeout:g} s. Import errors: {errors or 'none'}")

    def run_dag(self, dag_id: str, *, timeout: float = 600.0) -> dict[str, Any]:
        """Start a run of a DAG that has no schedule, and return it when it has ended, as the REST API shows it.

        :raises WorkspaceError: It does not end in ``timeout`` seconds.
        """
        self.wait_for_dag(dag_id)
        self.request("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        run: dict[str, Any] = self.request("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None})
        deadline = time.monotonic() + timeout
        while run["state"] not in {"success", "failed"}:
            if time.monotonic() > deadline:
                raise WorkspaceError(f"{dag_id} was not done in {timeout:g} s. Logs are in {self.home / 'logs'}.")
            time.sleep(1.0)
            run = self.request("GET", f"/dags/{dag_id}/dagRuns/{run['dag_run_id']}")
        return run

    def returned(self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1) -> Any:  # noqa: ANN401 - JSON
        """Return what a task has returned.

        :raises WorkspaceError: It has returned nothing.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.request("GET", f"{path}?deserialize=true&map_index={map_index}")["value"]

    @contextlib.contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Stop components, such as ``triggerer``, and all that they have started, and start them again at the end."""
        for name in names:
            self._components[name].ask_to_stop()
        for name in names:
            self._components[name].stop()
        yield
        for name in names:
            self._components[name] = self._start(name)

    def stop(self) -> None:
        """Stop every component, and all that they started."""
        for component in self._components.values():
            component.ask_to_stop()
        for component in self._components.values():
            component.stop()

    def _start(self, name: str) -> ChildProcess:
        return ChildProcess(
            f"airflow {name}",
            [sys.executable, "-m", "airflow", name, *_COMPONENTS[name]],
            log=self.home / "logs" / f"{name}.log",
            environment=self.environment,
            ends_with_input=False,
        )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        answer: object = None
        while time.monotonic() < deadline:
            for component in self._components.values():
                if not component.is_running:
                    raise WorkspaceError(f"{component.name} ended. {component.log_tail()}")
            try:
                answer = health = self.request("GET", "/monitor/health")
                if all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer")):
                    return
            except (WorkspaceError, OSError) as error:
                answer = error
            time.sleep(0.5)
        logs = self.home / "logs"
        raise WorkspaceError(f"Airflow was not healthy in {_START_SECONDS:g} s ({answer}). Its logs are in {logs}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
