"""A Synapse workspace on this machine: storage and a SQL pool that can read it, started and stopped together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.sql_pool import DATABASE, LOGIN, SqlPool
from airflow_synapse.secret import Secret


class Workspace:
    """Run a workspace until :meth:`stop`; ready when the constructor returns.

    DAGs keep production URLs: ``https://lake.blob.core.windows.net/...`` in a COPY statement reaches the account
    ``lake`` of this workspace, because its pool maps account names to the emulator.

    :param home: Where programs are installed; see :func:`~airflow_synapse.local.home.default_home`.
    :param folder: Folder for blobs, tables, secrets and logs. A second start finds what the first one stored.
    :param accounts: Names of the storage accounts.
    :param storage_port: Port of 127.0.0.1; 0 takes a free one.
    :param sql_port: Port of 127.0.0.1; 0 takes a free one.
    :param access_tokens: Access tokens that log in to the pool as the administrator.
    :param service_principals: Client secret by client id, for COPY's credential of that kind.
    :param service_objective: Performance level of the pool, which says how many queries run at once.
    :param restricted_logins: Password by name of further logins to the pool; see
        :class:`~airflow_synapse.local.sql_pool.SqlPool`.
    :raises WorkspaceError: A part does not start; the message says which and why.
    """

    def __init__(
        self,
        home: Path,
        folder: Path,
        *,
        accounts: Sequence[str] = ("lake",),
        storage_port: int = 0,
        sql_port: int = 0,
        access_tokens: tuple[Secret, ...] = (),
        service_principals: Mapping[str, Secret] | None = None,
        service_objective: str = "DW100c",
        restricted_logins: Mapping[str, Secret] | None = None,
    ) -> None:
        with contextlib.ExitStack() as parts:
            self.storage = parts.enter_context(
                Azurite(home, folder / "storage", accounts=accounts, port=storage_port),
            )
            self.sql_pool = parts.enter_context(
                SqlPool(
                    folder / "sql_pool",
                    storage_accounts={
                        account: (self.storage.endpoint(account), key) for account, key in self.storage.accounts.items()
                    },
                    port=sql_port,
                    access_tokens=access_tokens,
                    service_principals=service_principals,
                    service_objective=service_objective,
                    restricted_logins=restricted_logins,
                )
            )
            self._parts = parts.pop_all()  # both run: from here on, stop() ends them

    def connections(self) -> dict[str, dict[str, Any]]:
        """Return the Airflow connections to the workspace by connection id, as the JSON form of ``AIRFLOW_CONN_...``.

        They hold the password and the account keys in clear text.
        """
        storage = {
            account: {
                "conn_type": "wasb",
                "login": account,
                "password": key.reveal(),
                "host": self.storage.endpoint(account),
            }
            for account, key in self.storage.accounts.items()
        }
        sql_pool = {
            "conn_type": "azure_synapse_sql_pool",
            "host": "localhost",
            "port": self.sql_pool.port,
            "schema": DATABASE,
            "login": LOGIN,
            "password": self.sql_pool.password.reveal(),
            "extra": {"trust_server_certificate": True},  # it is self-signed, and made anew at every start
        }
        return {"synapse_default": sql_pool, **storage}

    def check(self) -> None:
        """Check that both parts run.

        :raises WorkspaceError: One has ended by itself.
        """
        for process in (self.storage.process, self.sql_pool.process):
            if not process.is_running:
                raise WorkspaceError(f"{process.name} has ended by itself. {process.log_tail()}")

    def stop(self) -> None:
        """Stop the pool, then the storage. Blobs and tables stay in the folder."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
