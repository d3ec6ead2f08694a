"""What IDENTITY and SECRET mean.

Source: COPY reference 2026-05, CREDENTIAL and ERRORFILE_CREDENTIAL; ScriptDOM for the limits of the secret's text.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_synapse.local.copy.errors import invalid_option
from airflow_synapse.local.copy.request import (
    Credential,
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
)
from airflow_synapse.local.errors import PoolError
from airflow_synapse.secret import Secret

_MAX_SECRET_LENGTH: Final = 4000
_PRINCIPAL: Final = re.compile(
    r"(?P<client>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@(?P<endpoint>https://[^/\s]+/[^/\s]+/oauth2/(?P<rest>\S*))",
    re.IGNORECASE,
)


def read_credential(option: str, identity: str, secret: str | None) -> Credential:
    """Return the credential that the two literals make.

    Assumption: The constants of IDENTITY are compared without regard to case.

    :param option: CREDENTIAL or ERRORFILE_CREDENTIAL, for messages.
    :raises PoolError: IDENTITY is none of the documented forms, or SECRET is missing, superfluous or unusable.
    """
    kind = identity.strip().upper()
    if kind == "MANAGED IDENTITY":
        if secret is not None:
            raise invalid_option(option, "A managed identity has no SECRET.")
        return ManagedIdentity()
    if kind == "SHARED ACCESS SIGNATURE":
        return SharedAccessSignature(Secret(_checked_secret(option, secret).removeprefix("?")))
    if kind == "STORAGE ACCOUNT KEY":
        return StorageAccountKey(Secret(_checked_secret(option, secret)))
    principal = _PRINCIPAL.fullmatch(identity.strip())
    if principal is None:
        raise invalid_option(
            option,
            "IDENTITY is 'Shared Access Signature', 'Storage Account Key', 'Managed Identity' or "
            "'<ClientID>@<OAuth_2.0_Token_EndPoint>'.",
        )
    if principal["rest"].rstrip("/") != "token":
        raise invalid_option(option, "The OAuth 2.0 token endpoint of IDENTITY is not a V1 endpoint (/oauth2/token).")
    return ServicePrincipal(principal["client"].lower(), principal["endpoint"], Secret(_checked_secret(option, secret)))


def _checked_secret(option: str, secret: str | None) -> str:
    if secret is None or not secret.removeprefix("?"):
        raise invalid_option(option, "It needs a SECRET.")
    if len(secret) > _MAX_SECRET_LENGTH:
        raise PoolError(46131, "COPY statement failed because SECRET contains invalid number of characters.")
    if not secret.isascii():
        raise PoolError(46132, "Copy Command SAS Key is invalid.")
    return secret
