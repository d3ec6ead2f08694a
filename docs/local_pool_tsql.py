"""Describe the T-SQL that the local pool understands, from its own tables: ``python docs/local_pool_tsql.py``."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_synapse.local.tsql.data_types import UNSUPPORTED_TYPES
from airflow_synapse.local.tsql.functions import supported_functions
from airflow_synapse.local.tsql.parser import supported_statements
from airflow_synapse.local.tsql.refused_statements import MISSING_HERE, UNSUPPORTED_IN_A_DEDICATED_POOL


def as_markdown() -> str:
    """Return the page."""
    return "\n\n".join(
        (
            "# What the local SQL pool understands",
            "Made by docs/generate.py from the tables of the local pool itself.",
            f"Statements: {_code(supported_statements())}.",
            f"Functions: {_code(supported_functions())}.",
            "Refused because a dedicated pool has not got it: "
            f"{_code(map(' '.join, UNSUPPORTED_IN_A_DEDICATED_POOL))}; columns of type {_code(UNSUPPORTED_TYPES)}.",
            f"In a dedicated pool, but not here: {_code(map(' '.join, MISSING_HERE))}.",
            "Everything else is refused by name too.",
        )
    )


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201 - its purpose
