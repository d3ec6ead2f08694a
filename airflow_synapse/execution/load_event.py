"""What a deferred load tells the task that waits for it: JSON, without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_synapse import exceptions
from airflow_synapse.exceptions import SynapseError
from airflow_synapse.load.result import LoadResult


def loaded(result: LoadResult) -> dict[str, Any]:
    """Return the event of a load that succeeded."""
    return {"result": result.to_json()}


def failed(error: SynapseError) -> dict[str, Any]:
    """Return the event of a load that failed."""
    return {"error": {"type": type(error).__name__, "message": str(error), "attributes": vars(error)}}


def timed_out() -> dict[str, Any]:
    """Return the event of a load that ``execution_timeout`` ended."""
    return {"timed_out": True}


def error_of(event: Mapping[str, Any]) -> SynapseError | None:
    """Return the error of an event, as it was raised; None where there was none."""
    if "error" not in event:
        return None
    told = event["error"]
    kind: type[SynapseError] = getattr(exceptions, told["type"])
    error = kind(told["message"])
    vars(error).update(told["attributes"])
    return error
