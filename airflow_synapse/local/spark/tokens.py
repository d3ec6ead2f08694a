"""Access tokens as Microsoft Entra ID and a managed identity give them, for one client and this machine only."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_synapse.secret import Secret

#: Whom a token for Synapse's development endpoint is for. Source: the scope that azure-synapse-spark asks for.
AUDIENCE: Final = "https://dev.azuresynapse.net"
_VALID_SECONDS: Final = 3600


@dataclass(slots=True)
class Tokens:
    """Gives out tokens and knows them again. Every method may be called from any thread.

    :param client_id: The one client (service principal) there is.
    :param identity_header: What a request for a token of the managed identity must show.
    """

    client_id: str
    client_secret: Secret
    identity_header: Secret
    _audiences: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of_client(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Return the answer to a request with the client's secret; None when id or secret are wrong."""
        given = form.get("client_secret", "").encode()
        known = hmac.compare_digest(given, self.client_secret.reveal().encode())
        if not known or form.get("client_id") != self.client_id:
            return None
        token, _ = self._new(form.get("scope", "").removesuffix("/.default"))
        return {"access_token": token, "token_type": "Bearer", "expires_in": _VALID_SECONDS}

    def of_managed_identity(self, identity_header: str, resource: str) -> dict[str, Any] | None:
        """Return the answer to a request of a managed identity; None when the header is wrong."""
        if not hmac.compare_digest(identity_header.encode(), self.identity_header.reveal().encode()):
            return None
        token, expires_on = self._new(resource)
        return {"access_token": token, "token_type": "Bearer", "resource": resource, "expires_on": str(int(expires_on))}

    def accept(self, authorization: str) -> bool:
        """Return whether an ``Authorization`` header holds a token for Synapse that has not expired."""
        with self._lock:
            audience, expires_on = self._audiences.get(authorization.removeprefix("Bearer "), ("", 0.0))
        return audience.rstrip("/") == AUDIENCE and time.time() < expires_on

    def _new(self, audience: str) -> tuple[str, float]:
        token, expires_on = secrets.token_urlsafe(32), time.time() + _VALID_SECONDS
        with self._lock:
            self._audiences[token] = audience, expires_on
        return token, expires_on
