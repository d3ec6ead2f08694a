"""What an Airflow connection of type ``azure_synapse_sql_pool`` says, checked, and the ODBC text made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from airflow_synapse.exceptions import CredentialError, SynapseConnectionError
from airflow_synapse.hooks.connection_extra import read_extra
from airflow_synapse.hooks.odbc_driver import is_freetds
from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    from airflow.sdk import Connection

DEFAULT_PORT: Final = 1433
#: Seconds. Source: Azure SQL, "troubleshoot common errors", which recommends 30.
DEFAULT_LOGIN_TIMEOUT: Final = 30
DEFAULT_APPLICATION: Final = "airflow-provider-synapse"

_ENCRYPT: Final = ("yes", "no", "strict")
_TRUE: Final = {"true", "yes", "on", "1"}
#: A host name or an IPv4 address alone.
_HOST: Final = re.compile(r"[\w.-]+")
#: Characters that an ODBC attribute value may hold only in braces. Source: SQLDriverConnect, connection strings.
_SPECIAL: Final = frozenset("[]{}(),;?*=!@'\"\\ ")


class Authentication(StrEnum):
    """How the hook logs in to the pool."""

    SQL_LOGIN = "sql_login"
    SERVICE_PRINCIPAL = "service_principal"
    MANAGED_IDENTITY = "managed_identity"
    WORKLOAD_IDENTITY = "workload_identity"
    DEFAULT = "default"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a method


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """A connection to one database of one server.

    :param server: Host name of the server, such as ``myworkspace.sql.azuresynapse.net``.
    :param database: Name of the SQL pool. Without one, an Entra login lands in ``master`` and is refused.
    :param authentication: How to log in.
    :param login: SQL login, or client id of the service principal, user-assigned managed identity or workload identity.
    :param password: Password of the SQL login, or the service principal's client secret.
    :param access_token: A token for the database, for :attr:`Authentication.ACCESS_TOKEN`.
    :param tenant_id: Entra tenant of the service principal or workload identity.
    :param driver: Name or path of the ODBC driver; None looks for Microsoft's.
    :param encrypt: ``yes``, ``no`` or ``strict``.
    :param trust_server_certificate: Whether to accept any certificate: for a server on this machine only.
    :param login_timeout: Seconds for one attempt to connect.
    :param application_name: What ``sys.dm_pdw_exec_sessions.app_name`` shows.
    """

    server: str
    database: str
    port: int = DEFAULT_PORT
    authentication: Authentication = Authentication.SQL_LOGIN
    login: str | None = None
    password: Secret | None = None
    access_token: Secret | None = None
    tenant_id: str | None = None
    driver: str | None = None
    encrypt: str = "yes"
    trust_server_certificate: bool = False
    login_timeout: int = DEFAULT_LOGIN_TIMEOUT
    application_name: str = DEFAULT_APPLICATION

    @classmethod
    def from_connection(cls, connection: Connection, *, database: str | None = None) -> Self:
        """Read an Airflow connection. Extra keys that are not named here are ignored; an empty text is no text.

        :param database: Name of another SQL pool than the connection's.
        :raises SynapseConnectionError: The server, the database or an option is missing or wrong.
        :raises CredentialError: The authentication method lacks what it needs, or the extra is no JSON object.
        """
        extra = read_extra(connection)
        where = f"Connection {connection.conn_id!r}"
        settings = cls(
            server=_required_server(connection.host, where),
            database=_required_database(database or connection.schema, where),
            port=connection.port or DEFAULT_PORT,
            authentication=_authentication(extra, where),
            login=connection.login or None,
            password=_secret(connection.password),
            access_token=_secret(extra.get("access_token")),
            tenant_id=_text(extra.get("tenant_id")),
            driver=_text(extra.get("driver")),
            encrypt=_encrypt(extra, where),
            trust_server_certificate=str(extra.get("trust_server_certificate") or "").casefold() in _TRUE,
            login_timeout=_seconds(extra, where),
            application_name=_text(extra.get("application_name")) or DEFAULT_APPLICATION,
        )
        settings._check_credentials(where)
        return settings

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be shown."""
        return tuple(secret for secret in (self.password, self.access_token) if secret)

    @property
    def address(self) -> str:
        """Server, port and database, for messages."""
        return f"{self.server}:{self.port}/{self.database}"

    def connection_string(self, driver: str) -> str:
        """Return the text for ``SQLDriverConnect``. It holds the password of a SQL login, and nothing of other methods.

        Source: ODBC keywords of Microsoft's driver; UID and PWD must be absent when an access token is used.

        :raises CredentialError: FreeTDS cannot be told this value.
        """
        attributes = {"DATABASE": self.database, "APP": self.application_name}
        if self.authentication is Authentication.SQL_LOGIN and self.login and self.password:
            attributes |= {"UID": self.login, "PWD": self.password.reveal()}
        if is_freetds(driver):
            address = {"SERVER": self.server, "PORT": str(self.port), "TDS_Version": "7.4", "ClientCharset": "UTF-8"}
            address |= {"Encryption": "off" if self.encrypt == "no" else "require"}
            quote = _freetds_value
        else:
            address = {"SERVER": f"tcp:{self.server},{self.port}", "Encrypt": self.encrypt}
            address |= {"TrustServerCertificate": "yes" if self.trust_server_certificate else "no"}
            # Else the driver may go on in another session without a word: one that does not bear a load's name.
            address |= {"ConnectRetryCount": "0"}
            quote = _value
        # Driver managers read DRIVER themselves, and want braces there.
        return f"DRIVER={{{driver}}};" + "".join(f"{k}={quote(v)};" for k, v in (address | attributes).items())

    def _check_credentials(self, where: str) -> None:
        needed: dict[Authentication, dict[str, object]] = {
            Authentication.SQL_LOGIN: {"a login": self.login, "a password": self.password},
            Authentication.SERVICE_PRINCIPAL: {
                "the client id as login": self.login,
                "the client secret as password": self.password,
                "the extra tenant_id": self.tenant_id,
            },
            Authentication.ACCESS_TOKEN: {"the extra access_token": self.access_token},
        }
        missing = [name for name, value in needed.get(self.authentication, {}).items() if not value]
        if missing:
            raise CredentialError(
                f"{where}: authentication {self.authentication.value!r} needs {' and '.join(missing)}."
            )


def _required_server(host: str | None, where: str) -> str:
    if not host:
        raise SynapseConnectionError(
            f"{where} names no host: enter the dedicated SQL endpoint, such as myworkspace.sql.azuresynapse.net.",
            retryable=False,
        )
    if host.partition(".")[0].casefold().endswith("-ondemand"):
        raise SynapseConnectionError(
            f"{where}: {host} is a serverless endpoint, which has no COPY INTO: use the dedicated SQL endpoint, "
            f"{host.replace('-ondemand', '', 1)}.",
            retryable=False,
        )
    if not _HOST.fullmatch(host):
        raise SynapseConnectionError(
            f"{where}: {host!r} is no host name: enter the dedicated SQL endpoint alone, such as "
            "myworkspace.sql.azuresynapse.net, and a port in the Port field.",
            retryable=False,
        )
    return host


def _required_database(schema: str | None, where: str) -> str:
    if not schema:
        raise SynapseConnectionError(
            f"{where} names no database: enter the SQL pool's name in the Schema field. Without it the login goes to "
            "'master' and is refused.",
            retryable=False,
        )
    return schema


def _text(value: object) -> str | None:
    return str(value) if value else None


def _secret(value: object) -> Secret | None:
    return Secret(str(value)) if value else None


def _authentication(extra: Mapping[str, Any], where: str) -> Authentication:
    value = _text(extra.get("authentication")) or Authentication.SQL_LOGIN
    if value not in set(Authentication):
        raise CredentialError(
            f"{where}: the extra authentication is {value!r}, which is none of {', '.join(Authentication)}."
        )
    return Authentication(value)


def _encrypt(extra: Mapping[str, Any], where: str) -> str:
    given = extra.get("encrypt")
    value = "yes" if given in (None, "") else str(given).casefold()  # false is no text that was left empty
    if value not in _ENCRYPT:
        raise SynapseConnectionError(
            f"{where}: the extra encrypt is {value!r}, which is none of {', '.join(_ENCRYPT)}.", retryable=False
        )
    return value


def _seconds(extra: Mapping[str, Any], where: str) -> int:
    value = extra.get("login_timeout") or DEFAULT_LOGIN_TIMEOUT
    if not str(value).isdecimal() or int(value) < 1:
        raise SynapseConnectionError(
            f"{where}: the extra login_timeout is {value!r}, which is no whole number of seconds.", retryable=False
        )
    return int(value)


def _value(value: str) -> str:
    return value if _SPECIAL.isdisjoint(value) else "{" + value.replace("}", "}}") + "}"


def _freetds_value(value: str) -> str:
    """Return a value as FreeTDS reads it: braces end at ``};``, and a brace inside is not doubled. Seen with 1.3.17."""
    if "};" in value:
        raise CredentialError("FreeTDS cannot log in with a password, or any field, that holds '};': change it.")
    return value if _SPECIAL.isdisjoint(value) else "{" + value + "}"
