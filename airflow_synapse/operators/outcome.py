"""Turn errors of this package into what Airflow understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_synapse.exceptions import SynapseError
from airflow_synapse.version_compat import AirflowFailException

Result = TypeVar("Result")


def or_fail(work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns.

    :raises AirflowFailException: It failed, and no retry can mend that.
    :raises SynapseError: It failed, and that may pass.
    """
    try:
        return work()
    except SynapseError as error:
        if error.retryable:
            raise
        raise AirflowFailException(str(error)) from error
