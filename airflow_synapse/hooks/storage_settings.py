"""What an Airflow connection of type ``wasb`` or ``adls`` says of a storage account.

The fields count in the order in which the hooks of the Azure provider take them: connection string, service principal,
public_read, shared_access_key, sas_token, password, account_key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import SplitResult, urlsplit

from airflow_synapse.exceptions import CredentialError
from airflow_synapse.hooks.connection_extra import read_extra
from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    from airflow.sdk import Connection


#: Source: storage account overview, standard and DNS zone endpoints.
_ACCOUNT_HOST: Final = re.compile(r"[a-z0-9]+(\.z\d+)?\.(blob|dfs)\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """A storage account, and how its connection gets in. At most one of the methods is given.

    :param account: Name of the account.
    :param endpoint: URL of its Blob service, with the account as first part of the path where it is no host name.
    :param key: Account key.
    :param sas_token: SAS token, without a leading question mark.
    :param tenant_id: Entra tenant of the service principal.
    :param client_id: Its client id.
    :param client_secret: Its secret.
    :param client_options: More arguments of what gets tokens for the service principal, such as ``authority``.
    :param managed_identity_client_id: Client id of a user-assigned identity; None for the machine's own.
    :param workload_identity_tenant_id: Tenant of a workload identity; None where the environment says it.
    :param is_public: Whether everybody may read, so that no credential is used.
    """

    account: str
    endpoint: str
    key: Secret | None = None
    sas_token: Secret | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    client_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    managed_identity_client_id: str | None = None
    workload_identity_tenant_id: str | None = None
    is_public: bool = False

    @classmethod
    def from_connection(cls, connection: Connection) -> Self:
        """Read an Airflow connection; an empty text is no text.

        :raises CredentialError: It names no account, or half of a service principal, or holds something that cannot be
            read.
        """
        fields = _Fields(connection)
        if text := fields.option("connection_string"):
            return cls(**_read_connection_string(text, fields.where))
        if tenant := fields.option("tenant_id"):
            if not connection.login or not connection.password:
                raise CredentialError(
                    f"{fields.where} has a tenant_id: a service principal needs its client id as login and its client "
                    "secret as password."
                )
            account, endpoint = fields.account(connection.login)
            return cls(
                account=account,
                endpoint=endpoint,
                tenant_id=tenant,
                client_id=connection.login,
                client_secret=Secret(connection.password),
                client_options=fields.options("client_secret_auth_config"),
            )
        if (fields.option("public_read") or "").casefold() == "true":
            account, endpoint = fields.account(None)
            return cls(account=account, endpoint=endpoint, is_public=True)
        return cls(**fields.key_or_sas())

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be shown."""
        return tuple(secret for secret in (self.key, self.sas_token, self.client_secret) if secret)


class _Fields:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._extra = read_extra(connection)
        self.where = f"Connection {connection.conn_id!r}"

    def option(self, name: str) -> str | None:
        """Return an extra, also under the long name that old versions of the form gave it."""
        value = self._extra.get(name) or self._extra.get(f"extra__{self._connection.conn_type}__{name}")
        return str(value) if value else None

    def options(self, name: str) -> Mapping[str, Any]:
        """Return an extra that is a mapping."""
        value = self._extra.get(name) or {}
        if not isinstance(value, Mapping):
            raise CredentialError(
                f"{self.where}: the extra {name} is a {type(value).__name__}, where a JSON object belongs."
            )
        return value

    def key_or_sas(self) -> dict[str, Any]:
        """Return the fields for the first key or SAS that the connection has, or for none."""
        sas_token = self.option("sas_token")
        for value in (
            self.option("shared_access_key"),
            sas_token,
            self._connection.password,
            self.option("account_key"),
        ):
            if value:
                return self._with_secret(value, is_sas=value == sas_token)
        account, endpoint = self.account(None)
        identity = {name: self.option(name) for name in ("managed_identity_client_id", "workload_identity_tenant_id")}
        return {"account": account, "endpoint": endpoint, **identity}

    def _with_secret(self, value: str, *, is_sas: bool) -> dict[str, Any]:
        if value.startswith(("https://", "http://")):  # a whole SAS URL, which WasbHook takes too
            url, _, token = value.partition("?")
            account, endpoint = _account_of_url(urlsplit(url))
            return {"account": account, "endpoint": endpoint, "sas_token": _sas_token(token, self.where)}
        account, endpoint = self.account(None)
        if is_sas or "sig=" in value:  # the SDK, too, takes a "key" with a signature for a SAS
            return {"account": account, "endpoint": endpoint, "sas_token": _sas_token(value, self.where)}
        return {"account": account, "endpoint": endpoint, "key": Secret(value)}

    def account(self, client_id: str | None) -> tuple[str, str]:
        """Return the account and its endpoint.

        :param client_id: What the login is, when it is no account name.
        """
        host = self.option("account_url") or self._connection.host
        login = None if self._connection.login == client_id else self._connection.login
        if host:
            url = urlsplit(host if "://" in host else f"https://{host}")
            if "." in url.netloc or url.path.strip("/"):
                return _account_of_url(url)
        # wasb: the login is the account, and a host without a dot is the directory; adls: the host is the account.
        name = (login or host) if self._connection.conn_type == "wasb" else (host or login)
        if not name:
            raise CredentialError(
                f"{self.where} names no storage account: enter https://<account>.blob.core.windows.net."
            )
        return name, f"https://{name}.blob.core.windows.net"


def _sas_token(text: str, where: str) -> Secret:
    token = text.removeprefix("?")
    if not token:
        raise CredentialError(
            f"{where} has a URL, or a question mark, without the SAS token that belongs behind it: enter the whole SAS "
            "URL, or the token."
        )
    return Secret(token)


def _account_of_url(url: SplitResult) -> tuple[str, str]:
    """Return the account of a URL, either its first label or, of another host, its first path segment (an emulator).

    The path behind the host of an account names a container, which the portal puts into a SAS URL.
    """
    segment = url.path.strip("/").partition("/")[0]
    if segment and not _ACCOUNT_HOST.match(url.netloc):
        return segment, f"{url.scheme}://{url.netloc}/{segment}"
    return url.netloc.partition(".")[0], f"{url.scheme}://{url.netloc.replace('.dfs.', '.blob.')}"


def _read_connection_string(text: str, where: str) -> dict[str, Any]:
    parts = dict(part.partition("=")[::2] for part in text.split(";") if "=" in part)
    endpoint, account = parts.get("BlobEndpoint", "").rstrip("/"), parts.get("AccountName")
    if endpoint:
        account = account or _account_of_url(urlsplit(endpoint))[0]
    elif account:
        protocol, suffix = (
            parts.get("DefaultEndpointsProtocol", "https"),
            parts.get("EndpointSuffix", "core.windows.net"),
        )
        endpoint = f"{protocol}://{account}.blob.{suffix}"
    key, token = parts.get("AccountKey"), parts.get("SharedAccessSignature")
    if not account or not (key or token):
        raise CredentialError(f"{where}: connection_string needs AccountName or BlobEndpoint, and a key or signature.")
    if key:
        return {"account": account, "endpoint": endpoint, "key": Secret(key)}
    return {"account": account, "endpoint": endpoint, "sas_token": _sas_token(str(token), where)}
