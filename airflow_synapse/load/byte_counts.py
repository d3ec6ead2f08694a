"""Numbers of bytes for people."""

from __future__ import annotations


def bytes_text(count: float) -> str:
    """Return a number of bytes with three digits and a decimal unit.

    >>> [bytes_text(count) for count in (0, 999, 1_500, 256_000_000, 1.2e13)]
    ['0 B', '999 B', '1.5 kB', '256 MB', '12 TB']
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB" if count < 999.5 else f"{count:,.0f} TB"
