"""A driver that answers what it is told to, and the context of a task."""

import re
from types import SimpleNamespace

import pyodbc
import pytest


class Cursor:
    """One cursor of :class:`Driver`."""

    def __init__(self, driver):
        self._driver = driver
        self.description = None
        self.messages = []
        self.rowcount = -1

    def execute(self, sql, *parameters):
        self._driver.statements.append(sql)
        answer = next((answer for pattern, answer in self._driver.answers if re.search(pattern, sql)), None)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer()
        if answer is None:
            answer = self._driver.view(sql)
        self._rows = answer if isinstance(answer, list) else []
        self.rowcount = answer if isinstance(answer, int) else -1
        self.messages = list(self._driver.messages)
        return self

    def fetchall(self):
        return self._rows

    def nextset(self):
        return False

    def cancel(self):
        self._driver.cancelled.append(True)

    def close(self):
        """Nothing is open."""


class Driver:
    """Stands where ``pyodbc.connect`` is.

    :ivar answers: Pairs of a pattern and what a statement that it fits is answered with: rows, a row count, an error,
        or a function that returns one.
    :ivar statements: The texts that were executed.
    :ivar connections: The connection strings and options that it was given.
    """

    def __init__(self):
        self.answers = []
        self.messages = []
        self.statements = []
        self.connections = []
        self.cancelled = []

    def __call__(self, connection_string, **options):
        self.connections.append((connection_string, options))
        return SimpleNamespace(cursor=lambda: Cursor(self), close=lambda: None)

    @staticmethod
    def error(text, state="42000"):
        """An error as pyodbc raises it; ``text`` ends with the native number and the ODBC function."""
        return pyodbc.ProgrammingError(state, f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text}")

    def view(self, sql):
        """What the pool's views say of the session that asks, which is the only one: its first request is listed."""
        if "AS session_id OPTION" in sql:
            return [("SID7",)]
        named = [text for text in self.statements if "client_correlation_id'" in text]
        if "client_correlation_id LIKE" in sql and named:
            return [("QID6", "SID7", "Completed", "airflow load: begin", re.findall("@value = '(.*)'", named[-1])[0])]
        return None

    @property
    def copies(self):
        return [sql for sql in self.statements if sql.startswith("COPY")]


@pytest.fixture
def driver(monkeypatch):
    """A driver whose COPY loads 842 rows as request QID7."""
    stand_in = Driver()
    stand_in.answers = [("^COPY", 842), ("SUM\\(w.rows_processed", [("QID7", 842)])]
    monkeypatch.setattr(pyodbc, "connect", stand_in)
    return stand_in


@pytest.fixture
def pool(new_connection):
    """Id of a connection to the pool, with password ``pool-password``."""
    return new_connection(
        "pool",
        conn_type="azure_synapse_sql_pool",
        host="ws.sql.azuresynapse.net",
        schema="sales",
        login="loader",
        password="pool-password",
    )


@pytest.fixture
def context():
    """The context of the first try of task ``load`` in DAG ``flights``."""
    task_instance = SimpleNamespace(dag_id="flights", task_id="load", run_id="manual__1", map_index=-1, try_number=1)
    kept = {}
    store = SimpleNamespace(values=kept, get=kept.get, set=lambda key, value, retention: kept.update({key: value}))
    return {"ti": task_instance, "dag_run": SimpleNamespace(clear_number=0), "task_state_store": store}
