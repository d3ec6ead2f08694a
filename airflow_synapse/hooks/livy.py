"""Talk to the Livy endpoint of a Spark pool.

The SDK ``azure-synapse-spark`` is not used: it has no driver logs, and repeats what must be sent once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from airflow_synapse.exceptions import SparkPoolError
from airflow_synapse.hooks.entra import entra_credential, is_refusal
from airflow_synapse.hooks.spark_settings import SparkSettings
from airflow_synapse.load.redaction import scrub
from airflow_synapse.spark.batch import BatchRequest, BatchStatus

if TYPE_CHECKING:
    from azure.core.rest import HttpRequest

#: Source: azure-synapse-spark 0.7.0.
SCOPE: Final = "https://dev.azuresynapse.net/.default"
#: What the Azure provider asks for, too.
_VERSION: Final = "2022-02-22-preview"
#: Most batches in one page of the list. Source: azure-synapse-spark 0.7.0, get_spark_batch_jobs.
_PAGE: Final = 20
#: Seconds to connect, and without a byte of the answer.
TIMEOUTS: Final[Mapping[str, Any]] = {"connection_timeout": 10, "read_timeout": 60}
#: Repeats of a request that may be repeated, at once and after about one and two seconds.
REPEATS: Final = 3
#: The same where a worker that is being killed waits for the answer: at once, and no more.
_QUICK_REPEATS: Final = 1
#: How much of a foreign answer goes into a message.
_EXCERPT: Final = 500
#: How much of the end of a driver's log is kept: a log may have gigabytes.
_LOG_BYTES: Final = 64 * 1024
#: Statuses after which the same request can succeed. Source: azure-core, RetryPolicy.
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """A page of the list of batches.

    :param total: Number of batches in the whole list.
    :param statuses: The batches of the page by number.
    """

    total: int
    statuses: Mapping[int, BatchStatus]


class LivyRequests:
    """Makes the requests, and reads the answers; it sends nothing.

    :param settings: The Spark pool.
    """

    def __init__(self, settings: SparkSettings) -> None:
        self._settings = settings
        pool = quote(settings.spark_pool, safe="")
        self._batches = f"{settings.endpoint}/livyApi/versions/{_VERSION}/sparkPools/{pool}/batches"
        self._history = f"{settings.endpoint}/sparkhistory/api/v1/sparkpools/{pool}"

    def create(self, request: BatchRequest) -> HttpRequest:
        """Return the request that submits a batch."""
        return _request("POST", self._batches, json=request.to_json())

    def page(self, start: int) -> HttpRequest:
        """Return the request for a page of the list, from the batch at a position."""
        return _request("GET", self._batches, params={"from": start, "size": _PAGE, "detailed": "true"})

    def get(self, batch_id: int) -> HttpRequest:
        """Return the request for the status of a batch."""
        return _request("GET", f"{self._batches}/{batch_id}", params={"detailed": "true"})

    def cancel(self, batch_id: int) -> HttpRequest:
        """Return the request that cancels a batch."""
        return _request("DELETE", f"{self._batches}/{batch_id}")

    def driver_log(self, batch_id: int, application_id: str, stream: str) -> HttpRequest:
        """Return the request for what the driver has written to ``stdout`` or ``stderr``.

        Source: public clients of Synapse; no document describes it.
        """
        path = f"livyid/{batch_id}/applications/{quote(application_id, safe='')}/driverlog/{stream}/"
        return _request("GET", f"{self._history}/{path}", params={"isDownload": "true"})

    def read(self, what: str, response: Any) -> Any:  # noqa: ANN401 - JSON, of a class that must not be imported here
        """Return the body of an answer.

        :param what: What was asked, for a message: "submit a batch".
        :raises SparkPoolError: The answer is an error, or no JSON.
        """
        if response.status_code != 200:
            raise self.refused(what, response.status_code, response.text())
        try:
            return response.json() if response.content else None
        except ValueError:
            text = response.text()
        raise SparkPoolError(self._message(what, f"answered no JSON: {text[:_EXCERPT]}"), retryable=True)

    def read_status(self, what: str, response: Any) -> BatchStatus:  # noqa: ANN401 - as above
        """Return the batch of an answer.

        :raises SparkPoolError: The answer is an error, or no batch.
        """
        body = self.read(what, response)
        try:
            return BatchStatus.from_livy(body)
        except (KeyError, TypeError, ValueError, AttributeError):
            excerpt = str(body)[:_EXCERPT]
        raise SparkPoolError(self._message(what, f"answered no batch: {excerpt}"), retryable=True)

    def read_page(self, what: str, response: Any) -> BatchPage:  # noqa: ANN401 - as above
        """Return the page of the list that is an answer.

        :raises SparkPoolError: The answer is an error, or no list.
        """
        body = self.read(what, response)
        try:
            statuses = [BatchStatus.from_livy(entry) for entry in body["sessions"] or ()]
            return BatchPage(total=int(body["total"]), statuses={each.batch_id: each for each in statuses})
        except (KeyError, TypeError, ValueError, AttributeError):
            excerpt = str(body)[:_EXCERPT]
        raise SparkPoolError(self._message(what, f"answered no list: {excerpt}"), retryable=True)

    def refused(self, what: str, status: int, text: str) -> SparkPoolError:
        """Return the error for an answer that is one."""
        advice = ""
        if status in {401, 403}:
            advice = (
                " The identity of the connection needs the Synapse role Compute Operator or Administrator on the Spark "
                "pool, and the firewall of the workspace must let this worker in."
            )
        elif status == 404:
            advice = " Check the workspace of the connection, and the name of the Spark pool."
        return SparkPoolError(
            self._message(what, f"answered {status}: {text[:_EXCERPT].strip()}{advice}"),
            status=status,
            retryable=status in _PASSING,
        )

    def failed(self, what: str, error: Exception) -> SparkPoolError:
        """Return the error for a request that has no answer."""
        return SparkPoolError(self._message(what, f"cannot be reached: {error}"), retryable=not is_refusal(error))

    def _message(self, what: str, outcome: str) -> str:
        return scrub(f"Cannot {what}: {self._settings.address} {outcome}", self._settings.secrets)


class LivyClient:
    """A client for threads. Each call opens what it needs, so that another thread may call at the same time.

    :param settings: The Spark pool.
    """

    def __init__(self, settings: SparkSettings) -> None:
        self._requests = LivyRequests(settings)
        self._credential = entra_credential(settings)

    def submit(self, request: BatchRequest) -> int:
        """Submit a batch with a single request, and return its number.

        :raises SparkPoolError: The pool refuses it; or, where the error is retryable, may have accepted it or not.
        """
        what = f"submit Spark batch {request.name!r}"
        return self._requests.read_status(what, self._send(what, self._requests.create(request), repeats=0)).batch_id

    def find(self, text: str) -> list[BatchStatus]:
        """Return the batches of the pool whose name contains a text.

        :raises SparkPoolError: The list cannot be read.
        """
        what = "list the Spark batches"
        seen: dict[int, BatchStatus] = {}
        position, total = 0, 1
        while position < total:
            page = self._requests.read_page(what, self._send(what, self._requests.page(position)))
            if page.statuses.keys() <= seen.keys():
                break  # it says that there are more, and shows none
            seen |= page.statuses
            position, total = position + len(page.statuses), page.total
        return [status for status in seen.values() if text in status.name]

    def status(self, batch_id: int) -> BatchStatus | None:
        """Return what the pool says of a batch; None where it knows none of that number.

        :raises SparkPoolError: It cannot be asked.
        """
        what = f"ask for Spark batch {batch_id}"
        response = self._send(what, self._requests.get(batch_id))
        return None if response.status_code == 404 else self._requests.read_status(what, response)

    def cancel(self, batch_id: int) -> None:
        """Cancel a batch, within seconds; one that is over, or unknown, stays as it is.

        :raises SparkPoolError: It cannot be cancelled.
        """
        what = f"cancel Spark batch {batch_id}"
        response = self._send(what, self._requests.cancel(batch_id), repeats=_QUICK_REPEATS)
        if response.status_code != 404:
            self._requests.read(what, response)

    def driver_log(self, batch_id: int, application_id: str, stream: str) -> str:
        """Return the end, 64 KB, of what the driver of a batch has written to ``stdout`` or ``stderr``.

        :raises SparkPoolError: It cannot be read.
        """
        what = f"read the driver log of Spark batch {batch_id}"
        request = self._requests.driver_log(batch_id, application_id, stream)
        status, text = self._send(what, request, read=lambda answer: (answer.status_code, end_of(answer.iter_bytes())))
        if status != 200:
            raise self._requests.refused(what, status, text)
        return str(text)

    def _send(
        self,
        what: str,
        request: HttpRequest,
        *,
        repeats: int = REPEATS,
        read: Callable[[Any], Any] | None = None,
    ) -> Any:  # noqa: ANN401 - as above
        """Return the answer, in memory, or what ``read`` makes of one that is still to be read."""
        from azure.core import PipelineClient
        from azure.core.exceptions import AzureError
        from azure.core.pipeline import policies

        own = [policies.RetryPolicy(retry_total=repeats), policies.BearerTokenCredentialPolicy(self._credential, SCOPE)]
        try:
            with PipelineClient(request.url, policies=own, **TIMEOUTS) as client:
                answer = client.send_request(request, stream=read is not None)
                return read(answer) if read else answer
        except AzureError as error:
            failure = self._requests.failed(what, error)
        raise failure  # out here, so that no traceback carries the library's own error, whose text may hold more


def end_of(parts: Iterable[bytes]) -> str:
    """Return the end of a log, of which no more than that is in memory."""
    kept = bytearray()
    for part in parts:
        kept += part
        del kept[:-_LOG_BYTES]
    return kept.decode("utf-8", errors="replace")


def _request(method: str, url: str, **content: Any) -> HttpRequest:  # noqa: ANN401 - HttpRequest's own arguments
    from azure.core.rest import HttpRequest

    return HttpRequest(method, url, **content)
