"""Synapse's Livy API for batches, and the driver's logs where Synapse has them.

Source: the operations of azure-synapse-spark 0.7.0, and Apache Livy's REST API. The URL of the driver's logs is in no
document; several public clients use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from airflow_synapse.local.faults import Faults
from airflow_synapse.local.spark.batch import Batch
from airflow_synapse.local.spark.batch_request import batch_request
from airflow_synapse.local.spark.faults import AFTER, BEFORE
from airflow_synapse.local.spark.jobs import Jobs
from airflow_synapse.local.spark.tokens import AUDIENCE, Tokens

_BATCHES: Final = re.compile(r"/livyApi/versions/([^/]+)/sparkPools/([^/]+)/batches(?:/(\d+))?")
_LOG: Final = re.compile(
    r"/sparkhistory/api/v1/sparkpools/([^/]+)/livyid/(\d+)/applications/([^/]+)/driverlog/(stdout|stderr)/?"
)
#: The default of azure-synapse-spark, and what Airflow's Azure provider asks for.
_VERSIONS: Final = ("2019-11-01-preview", "2022-02-22-preview")
#: Source: azure-synapse-spark, "By default it is 20 and that is the maximum".
_LONGEST_LIST: Final = 20

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    :param authorization: Its ``Authorization`` header, empty if it has none.
    """

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    body: bytes


class Refused(Exception):  # noqa: N818 - an answer to the client, not an error of ours
    """A request is answered with an error.

    :param status: HTTP status.
    :param retry_after: Seconds for the header ``Retry-After``.
    """

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class HungUp(Exception):  # noqa: N818 - as above
    """A request gets no answer."""


class LivyApi:
    """Answers requests. Every method may be called from any thread.

    :param pool: Name of the Spark pool.
    """

    def __init__(self, jobs: Jobs, faults: Faults, tokens: Tokens, *, pool: str) -> None:
        self._jobs = jobs
        self._faults = faults
        self._tokens = tokens
        self._pool = pool

    def answer(self, request: Request) -> dict[str, Any] | bytes:
        """Do what a request asks for, and return the answer: JSON, or the text of a log.

        :raises Refused: It is not granted.
        :raises HungUp: A fault wants no answer.
        """
        if not self._tokens.accept(request.authorization):
            raise Refused(401, f"The request needs an access token for {AUDIENCE}.")
        if found := _LOG.fullmatch(request.path):
            return self._log(*found.groups())
        if found := _BATCHES.fullmatch(request.path):
            return self._batches(request, *found.groups())
        raise Refused(404, f"There is nothing at {request.path}.")

    def _log(self, pool: str, number: str, application: str, stream: str) -> bytes:
        batch = self._batch(pool, number)
        if batch.application_id != application or not batch.log_file(stream).exists():
            raise Refused(404, f"Application {application} of batch {number} has no driver log.")
        return self._with_faults("log", batch.name, batch.log_file(stream).read_bytes)

    def _batches(self, request: Request, version: str, pool: str, number: str | None) -> dict[str, Any]:
        if version not in _VERSIONS:
            raise Refused(400, f"The API version {version} is not known; there are {', '.join(_VERSIONS)}.")
        detailed = request.query.get("detailed", "").lower() == "true"
        if number is not None:
            batch = self._batch(pool, number)
            match request.method:
                case "GET":
                    return self._with_faults("get", batch.name, lambda: batch.as_json(detailed=detailed))
                case "DELETE":
                    return self._with_faults("cancel", batch.name, batch.cancel) or {}
        self._check(pool)
        match request.method:
            case "GET":
                return self._with_faults("list", None, lambda: self._list(request.query, detailed=detailed))
            case "POST":
                return self._submit(request, detailed=detailed)
        raise Refused(405, f"The method {request.method} is not allowed for {request.path}.")

    def _submit(self, request: Request, *, detailed: bool) -> dict[str, Any]:
        try:
            asked = batch_request(request.body)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        return self._with_faults("submit", asked["name"], lambda: self._jobs.submit(asked).as_json(detailed=detailed))

    def _list(self, query: Mapping[str, str], *, detailed: bool) -> dict[str, Any]:
        """Return a part of the batches.

        Assumption: The service lists batches oldest first, and ``total`` counts all there are, as in Livy itself.
        """
        first, size = _number(query, "from", 0), min(_number(query, "size", _LONGEST_LIST), _LONGEST_LIST)
        batches = self._jobs.batches()
        sessions = [batch.as_json(detailed=detailed) for batch in batches[first : first + size]]
        return {"from": first, "total": len(batches), "sessions": sessions}

    def _batch(self, pool: str, number: str) -> Batch:
        self._check(pool)
        batch = self._jobs.batch(int(number))
        if batch is None:
            raise Refused(404, f"Batch {number} was not found.")
        return batch

    def _check(self, pool: str) -> None:
        if pool.lower() != self._pool.lower():
            raise Refused(404, f"The Spark pool {pool} was not found.")

    def _with_faults(self, request: str, name: str | None, act: Callable[[], _Answer]) -> _Answer:
        self._misbehave(BEFORE, request, name)
        answer = act()
        self._misbehave(AFTER, request, name)
        return answer

    def _misbehave(self, moment: str, request: str, name: str | None) -> None:
        for fault in self._faults.take(moment, request, name):
            match fault.action:
                case "drop":
                    raise HungUp
                case "throttle":
                    raise Refused(429, "There are too many requests.", fault.seconds)
                case "unavailable":
                    raise Refused(503, "The service is not available.")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise Refused(400, f"The parameter {name} is a number, not {text!r}.")
    return int(text)
