"""A workspace with storage account ``lake`` that this process has Airflow connections to."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from airflow_synapse.local.home import default_home
from airflow_synapse.local.workspace import Workspace


@contextmanager
def connected_workspace(*, spark: bool = False) -> Iterator[Workspace]:
    """Run a workspace, with connections ``synapse_default``, ``lake`` and, with Spark, ``azure_synapse_default``."""
    with tempfile.TemporaryDirectory() as folder, Workspace(default_home(), Path(folder), spark=spark) as workspace:
        os.environ.update(workspace.environment)
        for name, fields in workspace.connections().items():
            os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(fields)
        yield workspace


def new_container(workspace: Workspace, name: str, files: Mapping[str, bytes]) -> None:
    """Make a container of the account ``lake`` with these files."""
    with BlobServiceClient(workspace.storage.endpoint(), credential=workspace.storage.key().reveal()) as account:
        container = account.create_container(name)
        for file, content in files.items():
            container.upload_blob(file, content)
