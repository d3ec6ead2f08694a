"""Read arguments of a transfer between Spark and the pool: one clear message for each that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow_synapse.exceptions import TransferOptionError

#: Source: Spark, configuration, spark.driver.memory: a JVM memory string with a size unit suffix.
_MEMORY: Final = re.compile(r"[1-9][0-9]*[kmgt]?b?", re.IGNORECASE)


def one_of(value: object, choices: Sequence[str], argument: str) -> str:
    """Return a choice in lower case.

    :raises TransferOptionError: It is none of them.
    """
    choice = str(value).lower()
    if value is None or choice not in choices:
        raise TransferOptionError(f"{argument} is {value!r}, which is none of {', '.join(choices)}.")
    return choice


def whole_number(value: object, argument: str) -> int:
    """Return a number from 1 on.

    :raises TransferOptionError: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TransferOptionError(f"{argument} is {value!r}, which is no whole number from 1 on.")
    return value


def memory_size(value: object, argument: str) -> str:
    """Return a size of memory as Spark writes it.

    :raises TransferOptionError: It is none.
    """
    if not isinstance(value, str) or not _MEMORY.fullmatch(value):
        raise TransferOptionError(f"{argument} is {value!r}, which is no size of memory: write it as in '28g'.")
    return value


def named_values(value: object, argument: str) -> dict[str, Any]:
    """Return a mapping of names to values; none of them for None.

    :raises TransferOptionError: It is no such mapping. Nothing of it is shown: it may hold a secret.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TransferOptionError(
            f"{argument} is a {type(value).__name__}, where a mapping belongs whose names are texts: "
            f"{argument}={{'name': 'value'}}."
        )
    return dict(value)
