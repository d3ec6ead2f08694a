"""The time as the catalog and its views show it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC; without a time zone, as the types of the views are."""
    return datetime.now(UTC).replace(tzinfo=None)
