"""Every function that a query may call, by its T-SQL name.

Source of arguments and result types: T-SQL reference, Functions. What the documents list as missing in a dedicated pool
(CHOOSE, PARSE, STRING_ESCAPE, TRANSLATE, CHECKSUM_AGG, GROUPING_ID) is refused as any unknown function is.
"""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql import (
    aggregate_functions,
    conversion_functions,
    date_functions,
    number_functions,
    session_functions,
    text_functions,
)
from airflow_synapse.local.tsql.function_call import Signature

FUNCTIONS: Final[dict[str, Signature]] = {
    **conversion_functions.FUNCTIONS,
    **text_functions.FUNCTIONS,
    **number_functions.FUNCTIONS,
    **date_functions.FUNCTIONS,
    **session_functions.FUNCTIONS,
}
WINDOW_FUNCTIONS: Final[dict[str, Signature]] = aggregate_functions.FUNCTIONS


def find_function(name: str) -> Signature:
    """Return the function of that name.

    :raises PoolError: 195, there is none.
    """
    found = FUNCTIONS.get(name.upper()) or WINDOW_FUNCTIONS.get(name.upper())
    if found is None:
        raise PoolError(195, f"'{name}' is not a recognized built-in function name.", severity=15)
    return found


def supported_functions() -> tuple[str, ...]:
    """Return the names of all functions, for the documentation."""
    hidden = {"N", "BINARY", "MONEY", "VARIABLE", "GLOBAL"}
    return tuple(sorted((FUNCTIONS.keys() | WINDOW_FUNCTIONS.keys()) - hidden))
