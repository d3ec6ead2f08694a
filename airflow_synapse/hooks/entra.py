"""Credentials of Microsoft Entra, and access tokens for the pool."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any, Final, Protocol, assert_never

from airflow_synapse.exceptions import SynapseConnectionError
from airflow_synapse.hooks.masking import quiet_azure
from airflow_synapse.hooks.pool_settings import Authentication, PoolSettings
from airflow_synapse.load.redaction import scrub
from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

#: Scope of a token for a dedicated SQL pool of the public cloud.
SCOPE: Final = "https://database.windows.net/.default"
#: A token that ends sooner than this, in seconds, is replaced. Source: dbt-synapse does the same.
LEAST_SECONDS_LEFT: Final = 300
#: Attribute SQL_COPT_SS_ACCESS_TOKEN of Microsoft's driver. Source: ODBC driver, "using Azure Active Directory".
ACCESS_TOKEN_ATTRIBUTE: Final = 1256
#: Statuses of Entra, or of a machine's identity endpoint, for a wrong client, secret, tenant or scope.
_REFUSED: Final = frozenset({400, 401})


class EntraLogin(Protocol):
    """The fields of a connection that say who asks for a token."""

    @property
    def authentication(self) -> Authentication:
        """By what method."""

    @property
    def login(self) -> str | None:
        """Client id; None for the identity of the machine itself."""

    @property
    def password(self) -> Secret | None:
        """Client secret of a service principal."""

    @property
    def tenant_id(self) -> str | None:
        """Entra tenant; None where the environment says it."""


class PoolTokens:
    """Gets tokens for the pool, and keeps the last one while it lasts.

    :param settings: What says who asks. The environment variables of azure-identity apply, such as
        ``AZURE_AUTHORITY_HOST`` for another cloud or ``AZURE_FEDERATED_TOKEN_FILE`` for a workload identity.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._credential: TokenCredential | None = None
        self._token: AccessToken | None = None

    @property
    def needed(self) -> bool:
        """Whether the pool is logged in to with a token."""
        return self._settings.authentication is not Authentication.SQL_LOGIN

    def current(self) -> Secret | None:
        """Return a token that lasts for at least five minutes; None when the pool is logged in to with a password.

        A token that the connection holds is returned as it is: nothing here can replace it.

        :raises SynapseConnectionError: Entra gave no token.
        """
        if not self.needed:
            return None
        if self._settings.authentication is Authentication.ACCESS_TOKEN:
            return self._settings.access_token
        if self._token is None or self._token.expires_on - time.time() < LEAST_SECONDS_LEFT:
            self._token = self._get_token()
        return Secret(self._token.token)

    def _get_token(self) -> AccessToken:
        from azure.core.exceptions import AzureError

        try:
            if self._credential is None:
                self._credential = entra_credential(self._settings)
            return self._credential.get_token(SCOPE)
        except (AzureError, ValueError) as error:
            reason = scrub(str(error), self._settings.secrets)
            may_pass = isinstance(error, AzureError) and not is_refusal(error)
        # Raised out here, so that no traceback carries the library's own error, whose text may hold more.
        raise SynapseConnectionError(
            f"No access token for {self._settings.address} by {self._settings.authentication.value}: {reason} "
            "Check the client id, secret and tenant of the connection, or the identity of this worker.",
            retryable=may_pass,
        )


def is_refusal(error: Exception) -> bool:
    """Say whether an error of azure-identity comes again: Entra refuses who asks, or somebody else is in its place.

    The class does not tell: a ClientAuthenticationError may also be that nobody answers, or not yet.
    """
    from azure.core.exceptions import ClientAuthenticationError

    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return True
    if not isinstance(error, ClientAuthenticationError):
        return False
    return error.status_code in _REFUSED if error.status_code else "AADSTS" in str(error)


def entra_credential(settings: EntraLogin) -> TokenCredential:
    """Return what gets tokens for a connection."""
    from azure import identity

    quiet_azure()
    # An explicit None would override what the environment says of a client, so that only what is known is passed.
    client: dict[str, Any] = {"client_id": settings.login} if settings.login else {}
    tenant = {"tenant_id": settings.tenant_id} if settings.tenant_id else {}
    match settings.authentication:
        case Authentication.SERVICE_PRINCIPAL:
            secret = settings.password.reveal() if settings.password else ""
            return identity.ClientSecretCredential(settings.tenant_id or "", settings.login or "", secret)
        case Authentication.MANAGED_IDENTITY:
            return identity.ManagedIdentityCredential(**client)
        case Authentication.WORKLOAD_IDENTITY:
            return identity.WorkloadIdentityCredential(**client, **tenant)
        case Authentication.DEFAULT:
            managed: dict[str, Any] = {"managed_identity_client_id": settings.login} if settings.login else {}
            workload = {"workload_identity_tenant_id": settings.tenant_id} if settings.tenant_id else {}
            return identity.DefaultAzureCredential(**managed, **workload)
        case Authentication.SQL_LOGIN | Authentication.ACCESS_TOKEN:
            raise AssertionError(settings.authentication)  # no Entra credential is asked for
        case _:
            assert_never(settings.authentication)


def token_attribute(token: Secret) -> dict[int, bytes]:
    """Return ``attrs_before`` for ``pyodbc.connect``: four bytes of length, then the token in UTF-16LE.

    Source: ODBC driver, "using Azure Active Directory", structure ACCESSTOKEN.
    """
    text = token.reveal().encode("utf-16-le")
    return {ACCESS_TOKEN_ATTRIBUTE: struct.pack(f"<I{len(text)}s", len(text), text)}
