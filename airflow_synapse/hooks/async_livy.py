"""The Livy endpoint of a Spark pool for triggers: those of one connection and event loop share a client."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from airflow_synapse.hooks.entra import entra_credential
from airflow_synapse.hooks.livy import REPEATS, SCOPE, TIMEOUTS, LivyRequests
from airflow_synapse.hooks.spark_settings import SparkSettings
from airflow_synapse.spark.batch import BatchStatus

if TYPE_CHECKING:
    from azure.core import AsyncPipelineClient
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.core.rest import HttpRequest

#: Event loop -> connection -> its client.
_CLIENTS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[SparkSettings, AsyncLivyClient]]] = (
    WeakKeyDictionary()
)


class AsyncLivyClient:
    """What a trigger asks of a Spark pool. It belongs to the event loop that uses it first.

    The constructor opens nothing, and imports what takes a second: an event loop has not that time, a thread has.

    :param settings: The Spark pool.
    """

    def __init__(self, settings: SparkSettings) -> None:
        from azure.core import AsyncPipelineClient
        from azure.core.pipeline import policies

        #: How many use it now.
        self.users = 0
        self.settings = settings
        self._requests = LivyRequests(settings)
        credential = _ThreadedCredential(entra_credential(settings))
        own = [
            policies.AsyncRetryPolicy(retry_total=REPEATS),
            policies.AsyncBearerTokenCredentialPolicy(credential, SCOPE),
        ]
        self._client: AsyncPipelineClient[Any, Any] = AsyncPipelineClient(
            settings.endpoint,
            policies=own,
            # aiohttp does not read this variable, and a worker's client does: both must trust the same.
            connection_verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
            **TIMEOUTS,
        )

    async def status(self, batch_id: int) -> BatchStatus | None:
        """Return what the pool says of a batch; None where it knows none of that number.

        :raises SparkPoolError: It cannot be asked.
        """
        what = f"ask for Spark batch {batch_id}"
        response = await self._send(what, self._requests.get(batch_id))
        return None if response.status_code == 404 else self._requests.read_status(what, response)

    async def cancel(self, batch_id: int) -> None:
        """Cancel a batch; one that is over, or unknown, stays as it is.

        :raises SparkPoolError: It cannot be cancelled.
        """
        what = f"cancel Spark batch {batch_id}"
        response = await self._send(what, self._requests.cancel(batch_id))
        if response.status_code != 404:
            self._requests.read(what, response)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _send(self, what: str, request: HttpRequest) -> Any:  # noqa: ANN401 - a class of azure-core's
        from azure.core.exceptions import AzureError

        try:
            return await self._client.send_request(request)
        except AzureError as error:
            failure = self._requests.failed(what, error)
        raise failure  # out here, so that no traceback carries the library's own error, whose text may hold more


@asynccontextmanager
async def shared(own: AsyncLivyClient) -> AsyncIterator[AsyncLivyClient]:
    """Lend the client that all of this event loop use for a connection; the last one who gives it back closes it.

    :param own: A new client for the connection, which is taken where there is none.
    """
    clients = _CLIENTS.setdefault(asyncio.get_running_loop(), {})
    client = clients.setdefault(own.settings, own)
    client.users += 1
    try:
        yield client
    finally:
        client.users -= 1
        if not client.users:
            del clients[own.settings]
            await client.close()


class _ThreadedCredential:
    """Gets tokens in a thread, from the very credential that a worker uses: a trigger is the same identity."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # noqa: ANN401 - azure-core's own
        return await asyncio.to_thread(self._credential.get_token, *scopes, **options)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> _ThreadedCredential:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""
