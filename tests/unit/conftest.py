"""Airflow without a database: connections come from environment variables, files go to a folder of this run."""

import json
import os
import tempfile

import pytest

# Before anything imports Airflow, which makes its folder and its configuration when it is imported.
_HOME = tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True)
os.environ["AIRFLOW_HOME"] = _HOME.name


@pytest.fixture
def new_connection(monkeypatch):
    """Define a connection: ``new_connection("lake", conn_type="wasb", login="lake")`` returns its id."""

    def define(name, **fields):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
        return name

    return define
