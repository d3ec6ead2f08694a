"""The procedures that drivers call for their catalog functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import Outcome, Parameter

if TYPE_CHECKING:
    from airflow_synapse.local.tsql.session_state import SessionState


def call_procedure(state: SessionState, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Outcome]:
    """Run a procedure.

    :raises PoolError: 2812, there is none of that name.
    """
    raise PoolError(2812, f"Could not find stored procedure '{procedure}'.")
    yield
