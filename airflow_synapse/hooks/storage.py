"""The hook for the storage account that COPY reads: credentials for the statement, and a look at the files.

It works on the connections of the Azure provider, of type ``wasb`` or ``adls``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow.sdk import BaseHook

from airflow_synapse.copy.credentials import StorageCredential
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import CredentialError, SourceFilesError
from airflow_synapse.hooks import parquet_footers
from airflow_synapse.hooks.blob_client import client_credential, open_client, passes
from airflow_synapse.hooks.masking import mask
from airflow_synapse.hooks.storage_credentials import copy_credential
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
    from azure.storage.blob import BlobProperties, ContainerClient

#: How long a SAS lasts that is made for one load. COPY checks it while it reads, so that it must outlast the load: a
#: longer one takes a connection with a SAS of its own.
_SAS_LIFETIME: Final = timedelta(hours=12)
#: Scope of a token for the Blob service of the public cloud, which those of other clouds take too.
_STORAGE_SCOPE: Final = "https://storage.azure.com/.default"

T = TypeVar("T")


class SynapseStorageHook(BaseHook):
    """Get a credential for COPY from a storage connection, and list what COPY will load.

    :param storage_conn_id: Connection of type ``wasb`` or ``adls``.
    """

    conn_name_attr = "storage_conn_id"
    default_conn_name = "wasb_default"

    def __init__(self, storage_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.storage_conn_id = storage_conn_id

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

        A SAS is the connection's own, or made from its account key: for the container, and for eight to twelve hours.

        :raises CredentialError: The connection is for another account, or holds nothing that COPY can take.
        """
        return self._copy_credential(location, "rl")

    def error_file_credential(self, location: ExternalLocation) -> StorageCredential:
        """Return the ERRORFILE_CREDENTIAL to write a location, as :meth:`source_credential` but with more rights.

        A SAS made here has READ, LIST, WRITE, CREATE and DELETE, which the reference asks for.

        :raises CredentialError: The connection is for another account, or holds nothing that COPY can take.
        """
        return self._copy_credential(location, "rwcdl")

    def access_token(self, location: ExternalLocation) -> tuple[Secret, float]:
        """Return an Entra token to read a location, and when it ends, in seconds since 1970.

        :raises CredentialError: The connection is for another account.
        :raises SourceFilesError: Entra gave none.
        """
        self._check_account(location)
        token = self._ask(location, lambda: client_credential(self.settings).get_token(_STORAGE_SCOPE))
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
        location: ExternalLocation | str,
        *,
        rows_loaded: int | None = None,
        sample_rows: int = 10,
        sample_characters: int = 200,
    ) -> RejectedRowsReport:
        """Report the rejected rows below a folder, in constant memory.

        :param location: The ERRORFILE directory of one load, or of many; its URL will do.
        :param rows_loaded: Rows that the same loads have loaded; None where they are not known.
        :param sample_rows: Rows to show, each with its reason; 0 for none.
        :param sample_characters: Characters that are shown of each text of such a row.
        :raises CopyOptionError: It is no such URL.
        :raises SourceFilesError: A file cannot be read.
        :raises CredentialError: The connection is for another account.
        """
        location = _folder(location)
        return build_report(
            find_load_folders(self.rejected_row_files(location)),
            self.open_rejected_rows(location),
            rows_loaded=rows_loaded,
            sample_rows=sample_rows,
            sample_characters=sample_characters,
        )

    def read_rejected_rows(self, location: ExternalLocation | str) -> Iterator[RejectedRow]:
        """Yield the rejected rows below a folder, in constant memory.

        :param location: The ERRORFILE directory of one load, or of many; its URL will do.
        :raises CopyOptionError: It is no such URL.
        :raises SourceFilesError: A file cannot be read.
        :raises CredentialError: The connection is for another account.
        """
        location = _folder(location)
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
        return open_client(self.settings)

    def _copy_credential(self, location: ExternalLocation, permissions: str) -> StorageCredential:
        self._check_account(location)
        return copy_credential(
            self.settings,
            self.storage_conn_id,
            container=location.container,
            permissions=permissions,
            lifetime=_SAS_LIFETIME,
        )

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
            passing = isinstance(error, AzureError) and passes(error)
        # Raised out here, so that no traceback carries the SDK's own error, whose text may hold more.
        failure = SourceFilesError(
            f"Container {location.container!r} of {self.settings.account!r} cannot be used with connection "
            f"{self.storage_conn_id!r}: {reason}"
        )
        failure.retryable = passing
        raise failure


def _folder(location: ExternalLocation | str) -> ExternalLocation:
    return ExternalLocation.parse(location, option="ERRORFILE") if isinstance(location, str) else location


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
