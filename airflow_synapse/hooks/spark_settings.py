"""What an Airflow connection of type ``azure_synapse``, that of the Azure provider, says of a Spark pool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlencode, urlsplit

from airflow_synapse.exceptions import CredentialError, SparkPoolError
from airflow_synapse.hooks.connection_extra import read_extra
from airflow_synapse.hooks.pool_settings import Authentication
from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    from airflow.sdk import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSettings:
    """A Spark pool of a workspace, and how to log in.

    :param endpoint: ``https://<workspace>.dev.azuresynapse.net``.
    :param spark_pool: Name of the Spark pool.
    :param authentication: Service principal, or whatever this machine finds (DefaultAzureCredential).
    :param login: Client id of the service principal, or of a user-assigned managed identity.
    :param password: Client secret of the service principal.
    :param tenant_id: Entra tenant of the service principal or workload identity.
    :param subscription_id: Azure subscription of the workspace, for links to Synapse Studio.
    :param resource_group: Its resource group, for the same.
    """

    endpoint: str
    spark_pool: str
    authentication: Authentication = Authentication.DEFAULT
    login: str | None = None
    password: Secret | None = None
    tenant_id: str | None = None
    subscription_id: str | None = None
    resource_group: str | None = None

    @classmethod
    def from_connection(cls, connection: Connection, spark_pool: str | None) -> Self:
        """Read an Airflow connection; an empty text is no text.

        Extra: ``tenantId``, ``subscriptionId``, ``managed_identity_client_id`` and ``workload_identity_tenant_id`` of
        the Azure provider, and ``spark_pool`` and ``resource_group_name``.

        :param spark_pool: Name of the Spark pool; None takes that of the connection.
        :raises SparkPoolError: The endpoint or the Spark pool is missing, or the endpoint is none.
        :raises CredentialError: Half of a service principal is missing, or the extra is no JSON object.
        """
        extra = read_extra(connection)
        where = f"Connection {connection.conn_id!r}"

        def option(name: str) -> str | None:
            value = extra.get(name) or extra.get(f"extra__azure_synapse__{name}")
            return str(value) if value else None

        pool = spark_pool or option("spark_pool")
        if not pool:
            raise SparkPoolError(f"{where} names no Spark pool: set spark_pool of the task, or in the extra.")
        settings = cls(
            endpoint=_endpoint(connection.host, where),
            spark_pool=pool,
            login=option("managed_identity_client_id") or connection.login or None,
            tenant_id=option("workload_identity_tenant_id"),
            subscription_id=option("subscriptionId"),
            resource_group=option("resource_group_name"),
        )
        if not connection.password:
            return settings
        tenant = option("tenantId")
        if not connection.login or not tenant:
            raise CredentialError(
                f"{where} has a password: a service principal also needs its client id as login, and tenantId."
            )
        return replace(
            settings,
            authentication=Authentication.SERVICE_PRINCIPAL,
            login=connection.login,
            password=Secret(connection.password),
            tenant_id=tenant,
        )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be shown."""
        return (self.password,) if self.password else ()

    @property
    def address(self) -> str:
        """Endpoint and pool, for messages."""
        return f"Spark pool {self.spark_pool!r} of {self.endpoint}"

    def studio_url(self, name: str, batch_id: int) -> str | None:
        """Return the page of a batch in Synapse Studio; None where the connection does not say enough.

        Source: links that public tools for Synapse make; no document describes them.
        """
        if not self.subscription_id or not self.resource_group:
            return None
        workspace = (urlsplit(self.endpoint).hostname or "").partition(".")[0]
        resource = (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Synapse/workspaces/{workspace}"
        )
        query = urlencode({"workspace": resource, "livyId": batch_id, "sparkPoolName": self.spark_pool})
        return f"https://web.azuresynapse.net/en/monitoring/sparkapplication/{quote(name, safe='')}?{query}"


def _endpoint(host: str | None, where: str) -> str:
    if not host:
        raise SparkPoolError(f"{where} names no host: enter https://<workspace>.dev.azuresynapse.net.")
    url = urlsplit(host if "://" in host else f"https://{host}")
    if url.scheme != "https" or not url.hostname or url.query:
        raise SparkPoolError(
            f"{where}: {host!r} is no development endpoint: enter https://<workspace>.dev.azuresynapse.net. An "
            "access token is sent there, and only by https."
        )
    return f"https://{url.netloc}"
