"""Read arguments that are seconds, which templates may have made texts."""

from __future__ import annotations

import math
from typing import Final

from airflow_synapse.exceptions import CopyOptionError

#: A year: what is longer is no wait, and may be no time at all.
_MOST_SECONDS: Final = 366 * 24 * 3600


def parse_seconds(name: str, value: object) -> float:
    """Return a number of seconds.

    :param name: The argument, for the message.
    :raises CopyOptionError: It is none.

    >>> parse_seconds("quiet_seconds", "0.5")
    0.5
    """
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MOST_SECONDS:
        raise CopyOptionError(f"{name} is {value!r}; it is a number of seconds, from 0 to {_MOST_SECONDS:,}.")
    return seconds


def parse_interval(name: str, value: object) -> float:
    """Return a number of seconds between two looks.

    :param name: The argument, for the message.
    :raises CopyOptionError: It is none, or 0, which would be no pause.

    >>> parse_interval("poke_interval", "60")
    60.0
    """
    seconds = parse_seconds(name, value)
    if seconds == 0:
        raise CopyOptionError(f"{name} is {value!r}; it is a number of seconds above 0.")
    return seconds
