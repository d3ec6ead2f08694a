"""Azurite whose blobs are found by an index, as those of a storage account are: with MariaDB for its metadata.

By itself Azurite searches all of its blobs for every listing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from airflow_synapse.local.airflow import free_port
from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.child_process import ChildProcess
from airflow_synapse.local.home import default_home

_START_SECONDS = 60.0
#: The container's blobs again and again, one for each number; ``#`` in their names becomes the number.
_COPY = """INSERT INTO Blobs ({columns}) SELECT {values} FROM Blobs JOIN (WITH RECURSIVE numbers AS
    (SELECT 1 AS number UNION ALL SELECT number + 1 FROM numbers WHERE number < {count}) SELECT number FROM numbers) n
    WHERE blobName LIKE '%#%'"""


class IndexedStorage:
    """Azurite, and the database that it keeps the names of its blobs in."""

    def __init__(self, azurite: Azurite, client: list[str]) -> None:
        self.azurite = azurite
        self._client = client

    def repeat_blobs(self, count: int) -> None:
        """Let there be ``count`` more blobs for each whose name has a ``#``: with a number in the place of it."""
        columns = self._sql("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_NAME = 'Blobs'").split()
        columns.remove("blobId")
        values = ["REPLACE(blobName, '#', number)" if column == "blobName" else column for column in columns]
        self._sql(
            "SET SESSION max_recursive_iterations = 1000000; "
            + _COPY.format(columns=", ".join(columns), values=", ".join(values), count=count)
        )
        self._sql("ANALYZE TABLE Blobs")

    def _sql(self, statement: str) -> str:
        command = [*self._client, "azurite", "--batch", "--skip-column-names", "--execute", statement]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def is_installed() -> bool:
    """Return whether MariaDB is there."""
    return all(map(_program, ("mariadbd", "mariadb-install-db", "mariadb")))


@contextmanager
def indexed_storage(folder: Path) -> Iterator[IndexedStorage]:
    """Run both in a folder."""
    data, socket, port = folder / "mariadb", folder / "mariadb.sock", free_port()
    owner = f"--user={os.environ.get('USER', 'root')}"
    subprocess.run(
        [_program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", owner, "--skip-test-db"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ChildProcess(
        "MariaDB",
        [_program("mariadbd"), "--no-defaults", f"--datadir={data}", owner, f"--socket={socket}",
         "--bind-address=127.0.0.1", f"--port={port}", "--innodb-flush-log-at-trx-commit=0"],
        log=folder / "mariadb.log",
        ends_with_input=False,
    )  # fmt: skip
    with server:
        server.wait_for("ready for connections", timeout=_START_SECONDS)
        client = [_program("mariadb"), "--no-defaults", f"--socket={socket}", "--user=root"]
        password = secrets.token_hex(16)
        statement = f"CREATE DATABASE azurite; GRANT ALL ON azurite.* TO azurite@'%' IDENTIFIED BY '{password}'"
        subprocess.run([*client, "--execute", statement], check=True, capture_output=True)
        with (
            mock.patch.dict(os.environ, AZURITE_DB=f"mysql://azurite:{password}@127.0.0.1:{port}/azurite"),
            Azurite(default_home(), folder / "azurite") as azurite,
        ):
            yield IndexedStorage(azurite, client)


def _program(name: str) -> str:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))) or ""
