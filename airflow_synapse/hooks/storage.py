"""The hook for the storage account that COPY reads: credentials for the statement, and a look at the files.

It works on the connections of the Azure provider, of type ``wasb`` or ``adls``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow.sdk import BaseHook

from airflow_synapse.copy.credentials import (
    PublicAccess,
    ServicePrincipal,
    SharedAccessSignature,
    StorageCredential,
)
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import CredentialError, SourceFilesError
from airflow_synapse.hooks import parquet_footers
from airflow_synapse.hooks.masking import mask
from airflow_synapse.hooks.storage_settings import StorageSettings
from airflow_synapse.load.redaction import scrub
from airflow_synapse.load.source_files import patterns
from airflow_synapse.load.source_survey import SourceFile, SourceSurvey, SurveyCounter
from airflow_synapse.rejected_rows.layout import REJECTED_ROWS, StoredFile, find_load_folders
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.report_builder import build_report
from airflow_synapse.rejected_rows.rows import OpenFile, RejectedRow, read_rejected_rows
from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.core.pipeline import PipelineResponse
    from azure.storage.blob import BlobProperties, ContainerClient

#: How long a SAS lasts that is made for one load. COPY checks it while it reads, so that it must outlast the load.
SAS_LIFETIME: Final = timedelta(hours=12)
#: Version 1, which COPY asks for. Source: COPY reference 2026-05, CREDENTIAL.
_TOKEN_ENDPOINT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/token"  # noqa: S105 - a URL
#: Scope of a token for the Blob service of the public cloud, which those of other clouds take too.
_STORAGE_SCOPE: Final = "https://storage.azure.com/.default"
#: How long a SAS that was made serves other loads of this process. A triggerer runs many, and what Airflow has to mask
#: stays for as long as the process lives: each new secret makes every line of a log slower.
_SAS_REUSE: Final = timedelta(hours=1)
#: What was made, by what it is for: when, and the SAS.
_MINTED: Final[dict[tuple[object, ...], tuple[datetime, Secret]]] = {}
_TOO_MANY_REQUESTS: Final = 429
#: Bytes of one request of a download: two of them are in memory, several times each. The SDK's own 32 MB cost 100 MB;
#: with fewer, a report waits for the storage most of the time.
_PIECE_BYTES: Final = 8 * 2**20

T = TypeVar("T")


class SynapseStorageHook(BaseHook):
    """Get a credential for COPY from a storage connection, and list what COPY will load.

    :param storage_conn_id: Connection of type ``wasb`` or ``adls``.
    :param sas_lifetime: How long a SAS lasts that is made from the connection's account key.
    """

    conn_name_attr = "storage_conn_id"
    default_conn_name = "wasb_default"

    def __init__(self, storage_conn_id: str = default_conn_name, *, sas_lifetime: timedelta = SAS_LIFETIME) -> None:
        super().__init__()
        self.storage_conn_id = storage_conn_id
        self.sas_lifetime = sas_lifetime

    @cached_property
    def settings(self) -> StorageSettings:
        """The connection's fields, checked; what is secret in them is masked from here on in the task's log.

        :raises CredentialError: It names no account, or holds half of a credential.
        """
        settings = StorageSettings.from_connection(self.get_connection(self.storage_conn_id))
        for secret in settings.secrets:
            mask(secret)
        return settings

    def source_credential(self, location: ExternalLocation) -> StorageCredential:
        """Return the CREDENTIAL to read a location: a SAS with READ and LIST, a service principal, or public access.

        A SAS is the connection's own, or made from its account key: for the container, and for a limited time.

        :raises CredentialError: The connection is for another account, or holds nothing that COPY can take.
        """
        return self._credential(location, "rl")

    def error_file_credential(self, location: ExternalLocation) -> StorageCredential:
        """Return the ERRORFILE_CREDENTIAL to write a location, as :meth:`source_credential` but with more rights.

        A SAS made here has READ, LIST, WRITE, CREATE and DELETE, which the reference asks for.

        :raises CredentialError: The connection is for another account, or holds nothing that COPY can take.
        """
        return self._credential(location, "rwcdl")

    def access_token(self, location: ExternalLocation) -> tuple[Secret, float]:
        """Return an Entra token to read a location, and when it ends, in seconds since 1970.

        :raises CredentialError: The connection is for another account.
        :raises SourceFilesError: Entra gave none.
        """
        self._check_account(location)
        token = self._ask(location, lambda: self._client_credential().get_token(_STORAGE_SCOPE))
        secret = Secret(token.token)
        mask(secret)
        return secret, token.expires_on

    def survey(self, locations: Sequence[ExternalLocation], *, read_footers: bool = False) -> SourceSurvey:
        """Look at the files that the locations stand for, with one listing for each. A file of two counts once.

        :param locations: At least one, all in one container of the connection's account.
        :param read_footers: Whether to read the footers of some files, which are Parquet files.
        :raises SourceFilesError: They cannot be listed, or one of them cannot be read.
        :raises CredentialError: The connection is for another account.
        """

        def look(container: ContainerClient) -> SourceSurvey:
            counter = SurveyCounter()
            for blob in _source_blobs(container, locations):
                counter.add(SourceFile(blob.name, blob.size))
            survey = counter.survey()
            if not read_footers:
                return survey
            return replace(survey, parquet_files=parquet_footers.read_footers(container, survey.sample))

        return self.in_container(locations[0], look)

    def rejected_row_files(self, location: ExternalLocation) -> list[StoredFile]:
        """List the files of rejected rows below a folder, with one request for each 5,000.

        :param location: The ERRORFILE directory of one load, or of many.
        :raises SourceFilesError: They cannot be listed.
        :raises CredentialError: The connection is for another account.
        """
        prefix = f"{location.path.rstrip('/')}/{REJECTED_ROWS}/".lstrip("/")
        return self.in_container(
            location,
            lambda container: [
                StoredFile(blob.name, blob.size, blob.last_modified) for blob in _files_below(container, prefix)
            ],
        )

    def rejected_rows_report(
        self,
        location: ExternalLocation,
        *,
        rows_loaded: int | None = None,
        sample_rows: int = 10,
        sample_characters: int = 200,
    ) -> RejectedRowsReport:
        """Report the rejected rows below a folder, in constant memory.

        :param location: The ERRORFILE directory of one load, or of many.
        :param rows_loaded: Rows that the same loads have loaded; None where they are not known.
        :param sample_rows: Rows to show, each with its reason; 0 for none.
        :param sample_characters: Characters that are shown of each text of such a row.
        :raises SourceFilesError: A file cannot be read.
        :raises CredentialError: The connection is for another account.
        """
        return build_report(
            find_load_folders(self.rejected_row_files(location)),
            self.open_rejected_rows(location),
            rows_loaded=rows_loaded,
            sample_rows=sample_rows,
            sample_characters=sample_characters,
        )

    def read_rejected_rows(self, location: ExternalLocation) -> Iterator[RejectedRow]:
        """Yield the rejected rows below a folder, in constant memory.

        :param location: The ERRORFILE directory of one load, or of many.
        :raises SourceFilesError: A file cannot be read.
        :raises CredentialError: The connection is for another account.
        """
        return read_rejected_rows(
            find_load_folders(self.rejected_row_files(location)), self.open_rejected_rows(location)
        )

    def open_rejected_rows(self, location: ExternalLocation) -> OpenFile:
        """Return a function that reads one file of :meth:`rejected_row_files` piece by piece, for :func:`build_report`.

        :param location: Any folder in the container of the files.
        """
        container = self.in_container(location, lambda container: container)

        def read(file: StoredFile) -> Iterator[bytes]:
            pieces = self._ask(location, lambda: container.download_blob(file.name).chunks())
            take = partial(self._ask, location, lambda: next(pieces, None))
            with ThreadPoolExecutor(1) as ahead:  # the next piece comes while this one is worked on
                coming = ahead.submit(take)
                while (piece := coming.result()) is not None:
                    coming = ahead.submit(take)
                    yield piece

        return read

    def get_conn(self) -> Any:  # noqa: ANN401 - a class that must not be imported here
        """Return a ``BlobServiceClient`` for the account."""
        from azure.storage.blob import BlobServiceClient, LinearRetry

        # It writes the headers of every request and answer to the task's log.
        logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)

        # The SDK's own repeats take minutes before a network error is reported; a task has retries of its own.
        repeats = LinearRetry(backoff=5, retry_total=3, random_jitter_range=1)
        return BlobServiceClient(
            self.settings.endpoint,
            credential=self._client_credential(),
            retry_policy=repeats,
            raw_response_hook=_repeat_throttled,
            max_single_get_size=_PIECE_BYTES,
            max_chunk_get_size=_PIECE_BYTES,
        )

    def _credential(self, location: ExternalLocation, permissions: str) -> StorageCredential:
        settings = self.settings
        self._check_account(location)
        if settings.is_public:
            return PublicAccess()
        if settings.sas_token:
            return SharedAccessSignature(token=settings.sas_token)
        if settings.key:
            return SharedAccessSignature(token=self._mint(settings.key, location.container, permissions))
        if settings.tenant_id and settings.client_id and settings.client_secret:
            return ServicePrincipal(
                client_id=settings.client_id,
                token_endpoint=_TOKEN_ENDPOINT.format(tenant=settings.tenant_id),
                client_secret=settings.client_secret,
            )
        raise CredentialError(
            f"Connection {self.storage_conn_id!r} holds no SAS token, account key or service principal that COPY could "
            "take. Add one, or say how the pool itself gets in: credential=ManagedIdentity(), EntraPassthrough() or "
            "PublicAccess()."
        )

    def _mint(self, key: Secret, container: str, permissions: str) -> Secret:
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        now = datetime.now(UTC)
        name = (self.settings.account, self.settings.endpoint, key, container, permissions, self.sas_lifetime)
        minted_at, secret = _MINTED.get(name, (datetime.min.replace(tzinfo=UTC), None))
        if secret is not None and now - minted_at < min(_SAS_REUSE, self.sas_lifetime / 2):
            mask(secret)
            return secret
        # An emulator is reached without TLS; everything else must not be.
        protocol = "https" if self.settings.endpoint.startswith("https://") else "https,http"
        try:
            token = generate_container_sas(
                self.settings.account,
                container,
                account_key=key.reveal(),
                permission=ContainerSasPermissions.from_string(permissions),
                expiry=now + self.sas_lifetime,
                protocol=protocol,
            )
        except ValueError:
            token = ""  # raised below, where no traceback carries the key
        if not token:
            raise CredentialError(
                f"The account key of connection {self.storage_conn_id!r} is no key: it is not base64."
            )
        secret = Secret(token)
        mask(secret)
        _MINTED[name] = now, secret
        return secret

    def _client_credential(self) -> Any:  # noqa: ANN401 - one of several classes that must not be imported here
        settings = self.settings
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
                settings.tenant_id, settings.client_id, settings.client_secret.reveal()
            )
        return identity.DefaultAzureCredential()

    def _check_account(self, location: ExternalLocation) -> None:
        if location.account != self.settings.account.lower():
            raise CredentialError(
                f"Connection {self.storage_conn_id!r} is for storage account {self.settings.account!r}, but {location} "
                f"is in {location.account!r}."
            )

    def in_container(self, location: ExternalLocation, work: Callable[[ContainerClient], T]) -> T:
        """Return what ``work`` makes of the container of a location.

        :raises SourceFilesError: The account refuses, or cannot be reached.
        :raises CredentialError: The connection is for another account.
        """
        self._check_account(location)
        return self._ask(location, lambda: work(self.get_conn().get_container_client(location.container)))

    def _ask(self, location: ExternalLocation, call: Callable[[], T]) -> T:
        """Return what a call of the SDK returns; its errors become ours."""
        from azure.core.exceptions import AzureError

        try:
            return call()
        except (AzureError, ValueError) as error:
            reason = scrub(str(error).partition("\n")[0], self.settings.secrets)
            passing = isinstance(error, AzureError) and _passes(error)
        # Raised out here, so that no traceback carries the SDK's own error, whose text may hold more.
        failure = SourceFilesError(
            f"Container {location.container!r} of {self.settings.account!r} cannot be used with connection "
            f"{self.storage_conn_id!r}: {reason}"
        )
        failure.retryable = passing
        raise failure


def _files_below(container: ContainerClient, prefix: str) -> Iterator[BlobProperties]:
    """Yield the blobs whose names begin with ``prefix``, without those that stand for a folder."""
    for blob in container.list_blobs(name_starts_with=prefix, include=["metadata"]):
        if not (blob.metadata or {}).get("hdi_isfolder"):
            yield blob


def _source_blobs(container: ContainerClient, locations: Sequence[ExternalLocation]) -> Iterator[BlobProperties]:
    """Yield each file that the locations stand for, once."""
    wanted = patterns(locations)
    for index, pattern in enumerate(wanted):
        for blob in _files_below(container, pattern.prefix):
            if pattern.matches(blob.name) and not any(other.matches(blob.name) for other in wanted[:index]):
                yield blob


def _repeat_throttled(answer: PipelineResponse[Any, Any]) -> None:
    """Have the SDK repeat what the storage throttles, as it repeats what breaks off; for 429 it does not by itself."""
    from azure.core.exceptions import ServiceResponseError

    if answer.http_response.status_code == _TOO_MANY_REQUESTS:
        answer.http_response.body()  # read to its end, so that the connection can be used again
        raise ServiceResponseError("429 Too Many Requests")


def _passes(error: AzureError) -> bool:
    """Say whether a later call can succeed: the storage is busy or out of reach, or a file changes just now."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    if isinstance(error, ClientAuthenticationError):  # also from Entra, without a status
        return False
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return True
    is_changing = getattr(error, "error_code", None) in {"BlobNotFound", "ConditionNotMet"}
    return is_changing or error.status_code == 408 or error.status_code >= 500
