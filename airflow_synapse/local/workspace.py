"""A Synapse workspace on this machine: storage, and pools that can read it, started and stopped together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.spark.spark_pool import SparkPool
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
    :param spark: Whether to start a Spark pool too.
    :param spark_port: Port of 127.0.0.1; 0 takes a free one.
    :ivar spark_pool: The Spark pool, if there is one.
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
        spark: bool = False,
        spark_port: int = 0,
    ) -> None:
        self._home = home
        self._folder = folder
        with contextlib.ExitStack() as parts:
            self.storage = parts.enter_context(
                Azurite(home, folder / "storage", accounts=accounts, port=storage_port),
            )
            self.sql_pool = parts.enter_context(
                SqlPool(
                    folder / "sql_pool",
                    storage_accounts=self._storage_accounts(),
                    port=sql_port,
                    access_tokens=access_tokens,
                    service_principals=service_principals,
                    service_objective=service_objective,
                    restricted_logins=restricted_logins,
                )
            )
            self.spark_pool = parts.enter_context(self._new_spark_pool(spark_port)) if spark else None
            self._parts = parts.pop_all()  # all run: from here on, stop() ends them

    def start_spark_pool(self) -> SparkPool:
        """Start the Spark pool unless it runs, and return it.

        :raises WorkspaceError: It does not start.
        """
        if self.spark_pool is None:
            self.spark_pool = self._parts.enter_context(self._new_spark_pool(port=0))
        return self.spark_pool

    def _new_spark_pool(self, port: int) -> SparkPool:
        return SparkPool(self._home, self._folder / "spark_pool", storage_accounts=self._storage_accounts(), port=port)

    def _storage_accounts(self) -> dict[str, tuple[str, Secret]]:
        return {account: (self.storage.endpoint(account), key) for account, key in self.storage.accounts.items()}

    def connections(self) -> dict[str, dict[str, Any]]:
        """Return the Airflow connections to the workspace by connection id, as the JSON form of ``AIRFLOW_CONN_...``.

        They hold the passwords and the account keys in clear text.
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
        spark_pool = {"azure_synapse_default": self.spark_pool.connection} if self.spark_pool else {}
        return {"synapse_default": sql_pool, **storage, **spark_pool}

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that a process needs beside the connections."""
        return self.spark_pool.environment if self.spark_pool else {}

    def check(self) -> None:
        """Check that every part runs.

        :raises WorkspaceError: One has ended by itself.
        """
        spark_pool = [self.spark_pool.process] if self.spark_pool else []
        for process in (self.storage.process, self.sql_pool.process, *spark_pool):
            if not process.is_running:
                raise WorkspaceError(f"{process.name} has ended by itself. {process.log_tail()}")

    def stop(self) -> None:
        """Stop the pools, then the storage. Blobs and tables stay in the folder."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
