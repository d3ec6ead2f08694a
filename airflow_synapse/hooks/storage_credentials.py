"""What COPY gets to reach a storage account, from what a connection holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from airflow_synapse.copy.credentials import (
    PublicAccess,
    ServicePrincipal,
    SharedAccessSignature,
    StorageCredential,
)
from airflow_synapse.exceptions import CredentialError
from airflow_synapse.hooks.masking import mask_sas
from airflow_synapse.hooks.storage_settings import StorageSettings
from airflow_synapse.secret import Secret

#: Version 1, which COPY asks for. Source: COPY reference 2026-05, CREDENTIAL.
_TOKEN_ENDPOINT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/token"  # noqa: S105 - a URL
#: How long a SAS that was made serves other loads of this process. A triggerer runs many, and what Airflow has to mask
#: stays for as long as the process lives: each new secret makes every line of a log slower.
_SAS_REUSE: Final = timedelta(hours=4)
#: What was made, by what it is for: when, and the SAS.
_MINTED: Final[dict[tuple[object, ...], tuple[datetime, Secret]]] = {}


def copy_credential(
    settings: StorageSettings, connection_id: str, *, container: str, permissions: str, lifetime: timedelta
) -> StorageCredential:
    """Return the CREDENTIAL for a container: a SAS, one made from the account key, a principal, or public access.

    :param connection_id: Name of the connection, for messages.
    :param permissions: Those of a SAS that is made here, such as ``rl``.
    :param lifetime: How long that one lasts.
    :raises CredentialError: The connection holds nothing that COPY can take.
    """
    if settings.is_public:
        return PublicAccess()
    if settings.sas_token:
        return SharedAccessSignature(token=settings.sas_token)
    if settings.key:
        token = _mint(settings, settings.key, container, permissions, lifetime)
        if token is None:
            raise CredentialError(f"The account key of connection {connection_id!r} is no key: it is not base64.")
        return SharedAccessSignature(token=token)
    if settings.tenant_id and settings.client_id and settings.client_secret:
        return ServicePrincipal(
            client_id=settings.client_id,
            token_endpoint=_TOKEN_ENDPOINT.format(tenant=settings.tenant_id),
            client_secret=settings.client_secret,
        )
    raise CredentialError(
        f"Connection {connection_id!r} holds no SAS token, account key or service principal that COPY could "
        "take. Add one, or say how the pool itself gets in: credential=ManagedIdentity(), EntraPassthrough() or "
        "PublicAccess()."
    )


def _mint(
    settings: StorageSettings, key: Secret, container: str, permissions: str, lifetime: timedelta
) -> Secret | None:
    """Return a SAS; None where the key is none. No traceback carries it."""
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    now = datetime.now(UTC)
    name = (settings.account, settings.endpoint, key, container, permissions, lifetime)
    minted_at, secret = _MINTED.get(name, (datetime.min.replace(tzinfo=UTC), None))
    if secret is not None and now - minted_at < min(_SAS_REUSE, lifetime / 2):
        mask_sas(secret)
        return secret
    # An emulator is reached without TLS; everything else must not be.
    protocol = "https" if settings.endpoint.startswith("https://") else "https,http"
    try:
        token = generate_container_sas(
            settings.account,
            container,
            account_key=key.reveal(),
            permission=ContainerSasPermissions.from_string(permissions),
            expiry=now + lifetime,
            protocol=protocol,
        )
    except ValueError:
        return None
    secret = Secret(token)
    mask_sas(secret)
    _MINTED[name] = now, secret
    return secret
