"""The workspace's SQL pool as its owner sees it: a child process that runs :mod:`airflow_synapse.local.server`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_synapse.local.child_process import ChildProcess, ChildServer
from airflow_synapse.local.fault_client import FaultClient
from airflow_synapse.local.home import stored_secret
from airflow_synapse.local.odbc import connect
from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    import pyodbc

#: The administrator's name that the Azure portal proposes for a new workspace.
LOGIN: Final = "sqladminuser"
DATABASE: Final = "sqlpool"
_READY: Final = r"listens on 127\.0\.0\.1:(\d+); its control port is (\d+)"
_START_SECONDS: Final = 60.0


class SqlPool(ChildServer):
    """Run a SQL pool until :meth:`stop`; ready when the constructor returns.

    :param folder: Folder for the database, the password, the certificate and the log. A second start finds what the
        first one stored.
    :param storage_accounts: Endpoint and key of each storage account that the pool can reach, by account name.
    :param port: Port of 127.0.0.1; 0 takes a free one.
    :param access_tokens: Access tokens that log in as the administrator.
    :param service_principals: Client secret by client id, for COPY's credential of that kind.
    :param service_objective: Performance level, which says how many queries run at once: 4 for ``DW100c``.
    :param restricted_logins: Password by name of further logins: ``CREATE USER name FOR LOGIN name`` lets one in, with
        the permissions that it is granted. A dedicated pool has them in master, which there is none of here.
    :ivar faults: Tells the pool what to do wrong.
    :raises WorkspaceError: It does not start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        storage_accounts: Mapping[str, tuple[str, Secret]],
        port: int = 0,
        access_tokens: tuple[Secret, ...] = (),
        service_principals: Mapping[str, Secret] | None = None,
        service_objective: str = "DW100c",
        restricted_logins: Mapping[str, Secret] | None = None,
    ) -> None:
        self._restricted_logins = dict(restricted_logins or {})
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # the database keeps secrets of credentials
        self.password = stored_secret(folder / "password")
        configuration = {
            "port": port,
            "folder": str(folder),
            "database": DATABASE,
            "service_objective": service_objective,
            "logins": {LOGIN: self.password.reveal()},
            "restricted_logins": {login: secret.reveal() for login, secret in self._restricted_logins.items()},
            "access_tokens": [token.reveal() for token in access_tokens],
            "storage_accounts": {
                account: {"endpoint": endpoint, "key": key.reveal()}
                for account, (endpoint, key) in storage_accounts.items()
            },
            "service_principals": {
                client_id: secret.reveal() for client_id, secret in (service_principals or {}).items()
            },
        }
        self.process = ChildProcess(
            "The SQL pool",
            [sys.executable, "-m", "airflow_synapse.local.server"],
            log=folder / "sql_pool.log",
            first_input=json.dumps(configuration) + "\n",
        )
        self.certificate = folder / "certificate.pem"
        ports = self.process.wait_for(_READY, timeout=_START_SECONDS)
        self.port, self.control_port = int(ports[1]), int(ports[2])
        self.faults = FaultClient(self.control_port)

    def connect(self, login: str = LOGIN) -> pyodbc.Connection:
        """Open a connection with autocommit, as the administrator or as one of the restricted logins."""
        password = self.password if login == LOGIN else self._restricted_logins[login]
        return connect(port=self.port, database=DATABASE, user=login, password=password.reveal())
