"""Read arguments about rejected rows, which templates may have made texts: one clear message for each that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow_synapse.exceptions import CopyOptionError


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
