"""Read arguments about rejected rows, which templates may have made texts: one clear message for each that is wrong."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from airflow_synapse.exceptions import CopyOptionError

#: A year: what is longer is no wait, and may be no time at all.
_MOST_SECONDS: Final = 366 * 24 * 3600


def parse_rows(name: str, value: object) -> int:
    """Return a number of rows.

    :param name: The argument, for the message.
    :raises CopyOptionError: It is none.

    >>> parse_rows("sample_rows", " 10")
    10
    """
    try:
        rows = int(str(value))
    except ValueError:
        rows = -1
    if rows < 0:
        raise CopyOptionError(f"{name} is {value!r}; it is a number of rows, 0 or more.")
    return rows


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


def parse_newer_than(value: str | None) -> datetime | None:
    """Return a point in time that ``newer_than`` names in ISO 8601, UTC where it does not say; None for None.

    :raises CopyOptionError: It names none.

    >>> str(parse_newer_than("2026-11-22T06:00"))
    '2026-11-22 06:00:00+00:00'
    """
    if value is None:
        return None
    try:
        newer_than = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise CopyOptionError(
            f"newer_than is {value!r}; it is a point in time such as '2026-11-22T06:00:00+00:00'."
        ) from None
    return newer_than if newer_than.tzinfo else newer_than.replace(tzinfo=UTC)
