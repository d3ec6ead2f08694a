"""Rows as a table of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def text_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with a line a row; numbers stand to the right, everything else to the left, NULL as ``NULL``.

    >>> print(text_table(["day", "rows"], [("2013-01-01", 838), ("2013-01-02", None)]))
    day         rows
    ----------  ----
    2013-01-01   838
    2013-01-02  NULL
    """
    cells = [["NULL" if value is None else str(value) for value in row] for row in rows]
    numbers = [True] * len(columns)
    widths = [len(name) for name in columns]
    for row in cells:
        for index, cell in enumerate(row):
            widths[index] = max(widths[index], len(cell))
            numbers[index] &= cell == "NULL" or cell.lstrip("-").replace(".", "", 1).isdigit()
    lines = [
        "  ".join(
            cell.rjust(width) if number and cells else cell.ljust(width)
            for cell, width, number in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in [list(columns), ["-" * width for width in widths], *cells]
    ]
    return "\n".join(lines)
