"""Open the storage account that a location names, with the credential that the statement gives.

The account's name is looked up in the pool's configuration; what is found there is a real storage service, so that a
wrong or expired credential fails as it would fail in Azure.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobProperties, ContainerClient, LinearRetry

from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration
from airflow_synapse.local.copy.errors import file_not_found, location_unreachable
from airflow_synapse.local.copy.locations import literal_prefix, matcher
from airflow_synapse.local.copy.request import (
    Credential,
    Location,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
)
from airflow_synapse.local.errors import PoolError

_STATUS_TEXTS: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    503: "Server Unavailable",
}
#: Storage on the same machine answers soon or not at all.
_RETRIES: Final = 2
_RETRY_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One blob to load, as the listing showed it.

    :param size: Stored bytes.
    :param etag: What it must still be when it is read.
    """

    name: str
    size: int
    etag: str


def open_container(location: Location, credential: Credential | None, storage: StorageConfiguration) -> ContainerClient:
    """Return a client of the location's container.

    Assumption: Managed identities, Entra logins and service principals are granted whatever the account's key allows.

    :param credential: None: the identity of the login.
    :raises PoolError: No such account, or a service principal whose id or secret is wrong.
    """
    account = storage.accounts.get(location.account)
    if account is None:
        # Assumption: An unknown storage account is reported as a name that does not resolve.
        raise location_unreachable(f"The remote name could not be resolved: '{location.host}'.")
    return ContainerClient(
        account_url=account.endpoint,
        container_name=location.container,
        credential=_sdk_credential(credential, account, location.account, storage),
        retry_policy=LinearRetry(backoff=_RETRY_SECONDS, retry_total=_RETRIES, random_jitter_range=0),
        transport=RequestsTransport(connection_timeout=10, read_timeout=60),
    )


def _sdk_credential(
    credential: Credential | None, account: StorageAccount, name: str, storage: StorageConfiguration
) -> AzureSasCredential | dict[str, str]:
    match credential:
        case SharedAccessSignature(token):
            return AzureSasCredential(token.reveal())
        case StorageAccountKey(key):
            return {"account_name": name, "account_key": key.reveal()}
        case ServicePrincipal():
            _authenticate(credential, storage)
    return {"account_name": name, "account_key": account.key.reveal()}


def _authenticate(principal: ServicePrincipal, storage: StorageConfiguration) -> None:
    known = storage.service_principals.get(principal.client_id)
    secret = principal.client_secret.reveal()
    if known is None or not hmac.compare_digest(known.reveal().encode(), secret.encode()):
        # Assumption: A service principal with a wrong id or secret is reported like any refused credential, as 401.
        raise _refused(401)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the storage answers into the error that a pool reports. The answer itself may show a signature."""
    try:
        yield
    except HttpResponseError as error:
        raise _refused(error.status_code or 403) from None  # without a status: the key could not sign the request
    except AzureError:
        raise location_unreachable("Unable to connect to the remote server.") from None
    except binascii.Error:
        raise _refused(403) from None  # the key is not base64


def _refused(status: int) -> PoolError:
    return location_unreachable(
        f"The remote server returned an error: ({status}) {_STATUS_TEXTS.get(status, 'Error')}."
    )


def list_source_files(container: ContainerClient, locations: tuple[Location, ...]) -> list[SourceFile]:
    """Return the files of all locations, in the order given, by name within each; a file is listed once.

    Assumption: A file that two locations name is loaded once.

    :raises PoolError: The storage refuses, or a location has no file.
    """
    files: dict[str, SourceFile] = {}
    for location in locations:
        pattern = matcher(location.path)
        with storage_errors():
            blobs = container.list_blobs(name_starts_with=literal_prefix(location.path) or None, include=["metadata"])
            found = {
                blob.name: SourceFile(blob.name, blob.size, blob.etag)
                for blob in blobs
                if pattern.fullmatch("/" + blob.name) and not _is_directory(blob)
            }
        if not found:
            raise file_not_found(str(location))
        files |= found
    return list(files.values())


def check_reachable(container: ContainerClient, path: str) -> None:
    """List one blob, to see that the storage and the credential answer.

    :raises PoolError: They do not.
    """
    with storage_errors():
        for _ in container.list_blobs(name_starts_with=path, results_per_page=1):
            return


def _is_directory(blob: BlobProperties) -> bool:
    return (blob.metadata or {}).get("hdi_isfolder") == "true" or blob.name.endswith("/")
