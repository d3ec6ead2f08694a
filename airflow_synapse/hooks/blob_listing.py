"""List blobs from an event loop, at a small part of what a client of the Azure SDK takes for it.

A triggerer lists once a minute for each sensor that waits: the cost of a listing is the cost of waiting. Everybody on
the event loop who uses a storage connection shares one HTTP session and one credential.

To import it is slow: modules of DAG files and event loops import it when they need it, the latter in a thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from airflow.sdk.exceptions import AirflowRuntimeError
from asgiref.sync import sync_to_async
from yarl import URL

from airflow_synapse.copy.credentials import SharedAccessSignature
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import CredentialError, SourceFilesError
from airflow_synapse.hooks.blob_answers import read_error, read_page
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.redaction import scrub
from airflow_synapse.rejected_rows.layout import StoredFile
from airflow_synapse.secret import Secret
from airflow_synapse.version_compat import AirflowException, AirflowNotFoundException

#: Version of the service's protocol. Source: Versioning for the Azure Storage services.
_VERSION: Final = "2023-11-03"
#: How long a credential is used, in seconds, before the connection is read again: what was renewed is found.
_CREDENTIAL_SECONDS: Final = 1800.0
#: A token that ends sooner than this, in seconds, is replaced.
_LEAST_SECONDS_LEFT: Final = 300.0
#: Source: Common REST API error codes; List Blobs. Anything else stays until somebody changes something.
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_REFUSED: Final = frozenset({401, 403})
#: Requests at the same time, and seconds to wait for the service.
_MOST_REQUESTS: Final = 16
_TIMEOUT: Final = 60.0
#: A longer page is read in a thread: one of 5,000 blobs takes a tenth of a second.
_SHORT_PAGE: Final = 2**16


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below a prefix.

    :param files: Without those that stand for a folder.
    :param at: When the service began to answer, by its own clock.
    """

    files: tuple[StoredFile, ...]
    at: datetime


@dataclass(frozen=True, slots=True, repr=False)  # its URL and headers are secret
class _Authorization:
    """How requests to a container get in.

    :param url: Of a listing, without prefix and marker.
    :param proxy: URL of the proxy to use; None for none.
    :param secrets: What no message may show.
    :param until: When to look at the connection again, by the monotonic clock.
    """

    url: str
    headers: dict[str, str]
    proxy: str | None
    secrets: tuple[Secret, ...]
    until: float


class BlobLister:
    """Lists blobs with one storage connection, for everybody on an event loop; see :func:`open_lister`.

    :param storage_conn_id: Connection of type ``wasb`` or ``adls``.
    """

    def __init__(self, storage_conn_id: str) -> None:
        self.users = 0
        self._storage_conn_id = storage_conn_id
        self._authorizations: dict[tuple[str, str], _Authorization] = {}
        self._authorizing = asyncio.Lock()
        self._session = _open_session()
        self._resume_at = 0.0

    async def list_files(self, location: ExternalLocation, prefix: str) -> Listing:
        """List the files of the location's container whose names begin with ``prefix``.

        A request for each 5,000 files. When the service asks for a pause, the next call of anybody waits that long.

        :raises SourceFilesError: They cannot be listed; it is retryable where that may pass.
        :raises CredentialError: The connection is for another account, or is incomplete.
        """
        await asyncio.sleep(max(0.0, self._resume_at - time.monotonic()))
        authorization = await self._authorize(location, None)
        try:
            return await self._list(location, authorization, prefix)
        except _RefusedError:
            # Somebody may have renewed what the connection holds.
            authorization = await self._authorize(location, authorization)
        try:
            return await self._list(location, authorization, prefix)
        except _RefusedError as error:
            failure = self._failure(location, str(error), retryable=False)
        raise failure

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._session.close()

    async def _authorize(self, location: ExternalLocation, refused: _Authorization | None) -> _Authorization:
        """Return what gets in; a new one where it ends soon or was refused."""
        key = location.account, location.container
        async with self._authorizing:
            current = self._authorizations.get(key)
            if current is None or current is refused or current.until < time.monotonic():
                # Airflow's synchronous calls need a thread of this kind before Airflow 3.3.
                authorize = sync_to_async(_authorize, thread_sensitive=False)
                current = self._authorizations[key] = await authorize(self._storage_conn_id, location)
            return current

    async def _list(self, location: ExternalLocation, authorization: _Authorization, prefix: str) -> Listing:
        files: list[StoredFile] = []
        at, marker = None, ""
        while at is None or marker:
            page, answered_at = await self._get(location, authorization, prefix, marker)
            at = at or answered_at
            try:
                # A long page would hold up the event loop.
                found, marker = read_page(page) if len(page) < _SHORT_PAGE else await asyncio.to_thread(read_page, page)
            except ValueError as error:
                raise self._failure(location, str(error), retryable=True) from None
            files += found
        return Listing(tuple(files), at)

    async def _get(
        self, location: ExternalLocation, authorization: _Authorization, prefix: str, marker: str
    ) -> tuple[bytes, datetime]:
        url = f"{authorization.url}&prefix={quote(prefix, safe='')}&marker={quote(marker, safe='')}"
        try:
            async with self._session.get(
                URL(url, encoded=True), headers=authorization.headers, proxy=authorization.proxy
            ) as response:
                content = await response.read()
                if response.ok:
                    return content, parsedate_to_datetime(response.headers["Date"])
        except (ClientError, TimeoutError) as error:
            reason, passing = scrub(str(error) or type(error).__name__, authorization.secrets), True
        else:
            answer = f"{response.status} {read_error(content) or response.reason}"
            reason, passing = scrub(answer, authorization.secrets), response.status in _PASSING
            if response.status in _REFUSED:
                raise _RefusedError(reason)
            self._pause(response)
        # Raised out here, so that no traceback carries the library's error, whose text may hold the URL.
        raise self._failure(location, reason, retryable=passing)

    def _pause(self, response: ClientResponse) -> None:
        seconds = response.headers.get("Retry-After", "")
        if seconds.isdecimal():
            self._resume_at = time.monotonic() + int(seconds)

    def _failure(self, location: ExternalLocation, reason: str, *, retryable: bool) -> SourceFilesError:
        failure = SourceFilesError(
            f"Container {location.container!r} of {location.account!r} cannot be read with connection "
            f"{self._storage_conn_id!r}: {reason}"
        )
        failure.retryable = retryable
        return failure


class _RefusedError(Exception):
    """The service does not let this credential in."""


_LISTERS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, BlobLister]]] = WeakKeyDictionary()


@asynccontextmanager
async def open_lister(storage_conn_id: str) -> AsyncIterator[BlobLister]:
    """Return the lister of this event loop for a storage connection, which the last user closes."""
    listers = _LISTERS.setdefault(asyncio.get_running_loop(), {})
    lister = listers.get(storage_conn_id) or listers.setdefault(storage_conn_id, BlobLister(storage_conn_id))
    lister.users += 1
    try:
        yield lister
    finally:
        lister.users -= 1
        if not lister.users:
            del listers[storage_conn_id]
            await lister.close()


def _open_session() -> ClientSession:
    return ClientSession(
        connector=TCPConnector(limit=_MOST_REQUESTS),
        cookie_jar=DummyCookieJar(),
        # Not the time that a request waits for its turn.
        timeout=ClientTimeout(total=None, sock_connect=_TIMEOUT, sock_read=_TIMEOUT),
    )


def _authorize(storage_conn_id: str, location: ExternalLocation) -> _Authorization:
    """Read the connection, and return the URL and the headers of a listing that it gets in with."""
    hook = SynapseStorageHook(storage_conn_id)
    try:
        settings = hook.settings
    except AirflowNotFoundException:
        raise CredentialError(f"There is no connection {storage_conn_id!r}.") from None
    except (AirflowException, AirflowRuntimeError) as error:
        failure = SourceFilesError(f"Airflow does not give connection {storage_conn_id!r}: {type(error).__name__}.")
        failure.retryable = True
        raise failure from None
    url = f"{settings.endpoint}/{location.container}?restype=container&comp=list&include=metadata"
    headers, secrets, seconds = {"x-ms-version": _VERSION}, settings.secrets, _CREDENTIAL_SECONDS
    if settings.is_public or settings.key or settings.sas_token:
        credential = hook.source_credential(location)
        if isinstance(credential, SharedAccessSignature):
            secrets = (*secrets, credential.token)
            url += f"&{credential.token.reveal().lstrip('?')}"
    else:
        token, expires_on = hook.access_token(location)
        secrets = (*secrets, token)
        headers["Authorization"] = f"Bearer {token.reveal()}"
        seconds = min(seconds, expires_on - time.time() - _LEAST_SECONDS_LEFT)
    return _Authorization(url, headers, _proxy(settings.endpoint), secrets, time.monotonic() + seconds)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL; aiohttp itself would ask it for each request."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
