"""The client of the Blob service, and which of its errors pass by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.hooks.entra import is_refusal
from airflow_synapse.hooks.masking import quiet_azure
from airflow_synapse.hooks.storage_settings import StorageSettings

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.core.pipeline import PipelineResponse
    from azure.storage.blob import BlobServiceClient

_TOO_MANY_REQUESTS: Final = 429
#: Bytes of one request of a download: two of them are in memory, several times each. The SDK's own 32 MB cost 100 MB;
#: with fewer, a report waits for the storage most of the time.
_PIECE_BYTES: Final = 8 * 2**20


def open_client(settings: StorageSettings) -> BlobServiceClient:
    """Return a client for an account, by what its connection holds."""
    from azure.storage.blob import BlobServiceClient, LinearRetry

    # The SDK's own repeats take minutes before a network error is reported; a task has retries of its own.
    repeats = LinearRetry(backoff=5, retry_total=3, random_jitter_range=1)
    return BlobServiceClient(
        settings.endpoint,
        credential=client_credential(settings),
        retry_policy=repeats,
        raw_response_hook=_repeat_throttled,
        max_single_get_size=_PIECE_BYTES,
        max_chunk_get_size=_PIECE_BYTES,
    )


def passes(error: AzureError) -> bool:
    """Say whether a later call can succeed: the storage is busy or out of reach, or a file changes just now."""
    from azure.core.exceptions import HttpResponseError

    if is_refusal(error):  # of Entra: it may have no status
        return False
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return True
    is_changing = getattr(error, "error_code", None) in {"BlobNotFound", "ConditionNotMet"}
    return is_changing or error.status_code == 408 or error.status_code >= 500


def client_credential(settings: StorageSettings) -> Any:  # noqa: ANN401 - one of several classes that must not be imported here
    """Return what the SDK's clients take to reach an account; None for public access."""
    quiet_azure()
    if settings.is_public:
        return None
    if settings.key:
        return {"account_name": settings.account, "account_key": settings.key.reveal()}
    if settings.sas_token:
        from azure.core.credentials import AzureSasCredential

        return AzureSasCredential(settings.sas_token.reveal())
    from azure import identity

    if settings.tenant_id and settings.client_id and settings.client_secret:
        return identity.ClientSecretCredential(
            settings.tenant_id, settings.client_id, settings.client_secret.reveal(), **settings.client_options
        )
    # An explicit None would override what the environment says.
    named = {
        "managed_identity_client_id": settings.managed_identity_client_id,
        "workload_identity_tenant_id": settings.workload_identity_tenant_id,
    }
    return identity.DefaultAzureCredential(**{name: value for name, value in named.items() if value})


def _repeat_throttled(answer: PipelineResponse[Any, Any]) -> None:
    """Have the SDK repeat what the storage throttles, as it repeats what breaks off; for 429 it does not by itself."""
    from azure.core.exceptions import ServiceResponseError

    if answer.http_response.status_code == _TOO_MANY_REQUESTS:
        answer.http_response.body()  # read to its end, so that the connection can be used again
        raise ServiceResponseError("429 Too Many Requests")
