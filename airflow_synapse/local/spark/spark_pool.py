"""The workspace's Spark pool as its owner sees it: a child process, :mod:`airflow_synapse.local.spark.server`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from airflow_synapse.local.child_process import ChildProcess, ChildServer
from airflow_synapse.local.home import stored_secret
from airflow_synapse.local.spark.environment import install
from airflow_synapse.local.spark.faults import SparkFaultClient
from airflow_synapse.secret import Secret

WORKSPACE: Final = "local"
POOL: Final = "spark"
CLIENT_ID: Final = "11111111-1111-1111-1111-111111111111"
#: With this tenant Azure's clients ask the authority itself, and not first Microsoft's cloud about it.
TENANT_ID: Final = "adfs"
_NO_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
_READY: Final = r"listens on 127\.0\.0\.1:(\d+); its control port is (\d+)"
_START_SECONDS: Final = 60.0


class SparkPool(ChildServer):
    """Run a Spark pool until :meth:`stop`; ready when the constructor returns. Spark itself runs only during a batch.

    :param home: Where Spark is installed at the first start.
    :param folder: Folder for tables, logs, secrets and the certificate. A second start finds the tables of the first
        one; it knows its batches no more, and goes on counting where it stopped.
    :param storage_accounts: Endpoint and key of each storage account that jobs can reach, by account name.
    :param port: Port of 127.0.0.1; 0 takes a free one.
    :param driver_memory: Memory of a job's Spark, whatever the batch asks for.
    :param job_seconds: Time limit of a job; it is dead then.
    :ivar endpoint: URL of the workspace's development endpoint, ``https://127.0.0.1:...``.
    :ivar name: Name of the pool.
    :ivar certificate: PEM file that a client must trust.
    :ivar faults: Tells the pool what to do wrong.
    :raises WorkspaceError: Spark cannot be installed, or the process does not start.
    """

    def __init__(
        self,
        home: Path,
        folder: Path,
        *,
        storage_accounts: Mapping[str, tuple[str, Secret]],
        port: int = 0,
        driver_memory: str = "1g",
        job_seconds: float = 600.0,
    ) -> None:
        environment = install(home)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # tables and logs are for nobody else
        self.name = POOL
        self.client_secret = stored_secret(folder / "client_secret")
        self.identity_header = stored_secret(folder / "identity_header")
        configuration = {
            "port": port,
            "folder": str(folder.resolve()),
            "environment": {name: str(path) for name, path in asdict(environment).items()},
            "workspace": WORKSPACE,
            "pool": POOL,
            "driver_memory": driver_memory,
            "job_seconds": job_seconds,
            "client_id": CLIENT_ID,
            "client_secret": self.client_secret.reveal(),
            "identity_header": self.identity_header.reveal(),
            "accounts": {
                account: {"endpoint": endpoint, "key": key.reveal()}
                for account, (endpoint, key) in storage_accounts.items()
            },
        }
        self.process = ChildProcess(
            "The Spark pool",
            [sys.executable, "-m", "airflow_synapse.local.spark.server"],
            log=folder / "spark_pool.log",
            first_input=json.dumps(configuration) + "\n",
        )
        ports = self.process.wait_for(_READY, timeout=_START_SECONDS)
        self.port, self.control_port = int(ports[1]), int(ports[2])
        self.endpoint = f"https://127.0.0.1:{self.port}"
        self.certificate = folder / "certificate.pem"
        self.faults = SparkFaultClient(self.control_port)

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection to the pool, of the type of Airflow's Azure provider.

        It holds the client secret in clear text. A process that uses it needs :attr:`environment` too.
        """
        return {
            "conn_type": "azure_synapse",
            "host": self.endpoint,
            "login": CLIENT_ID,
            "password": self.client_secret.reveal(),
            # Airflow's own hook asks for a subscription, which it does not use.
            "extra": {"tenantId": TENANT_ID, "subscriptionId": _NO_SUBSCRIPTION, "spark_pool": POOL},
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that a client needs: whom to trust, and where tokens come from.

        The first is for clients with ``requests``, the second for those with ``aiohttp``.
        """
        return {
            "REQUESTS_CA_BUNDLE": str(self.certificate),
            "SSL_CERT_FILE": str(self.certificate),
            "AZURE_AUTHORITY_HOST": self.endpoint,
        }

    @property
    def managed_identity_environment(self) -> dict[str, str]:
        """The environment variables that let a client have tokens without a secret, as on a machine of Azure."""
        return {
            "IDENTITY_ENDPOINT": f"{self.endpoint}/msi/token",
            "IDENTITY_HEADER": self.identity_header.reveal(),
        }
