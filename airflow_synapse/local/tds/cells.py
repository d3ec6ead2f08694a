"""Cells of many rows, and how numpy copies them to their places.

A cell has a head of fixed size (its length, or the whole value), perhaps a body of any size, and perhaps zero bytes
behind it. Heads of neighboring columns without NULL are joined into one block, the places of all cells come from one
cumulative sum, and each block is copied by one assignment: no Python code runs for a single row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]


class Segment(Protocol):
    """Bytes that stand at one place of each row."""

    @property
    def sizes(self) -> Positions | int:
        """Bytes in each row; one number where all are equal."""

    def copy_to(self, output: Bytes, positions: Positions) -> None:
        """Copy the bytes of each row to its position in ``output``."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Rows of equal size; those that are not ``valid`` are left out.

    :param content: One row of bytes for each row of the batch, contiguous.
    """

    content: Bytes
    valid: NDArray[np.bool_] | None = None

    @property
    def sizes(self) -> Positions | int:
        """Bytes in each row."""
        width = self.content.shape[1]
        return width if self.valid is None else self.valid * np.int64(width)

    def copy_to(self, output: Bytes, positions: Positions) -> None:
        """Copy all rows with one assignment."""
        content = self.content
        if self.valid is not None:
            content, positions = content[self.valid], positions[self.valid]
        if len(content):
            width = content.shape[1]
            _windows(output, width)[positions] = content.view(f"V{width}").reshape(-1)


@dataclass(frozen=True, slots=True)
class Body:
    """Values of any size, as slices of one buffer.

    :param buffer: Holds the values.
    :param starts: Where each value begins in ``buffer``.
    :param lengths: Bytes of each value; 0 for NULL.
    :param tail: Zero bytes behind each value that is not empty.
    """

    buffer: Bytes
    starts: Positions
    lengths: Positions
    tail: int = 0

    @property
    def sizes(self) -> Positions:
        """Bytes in each row."""
        return self.lengths + self.tail * (self.lengths > 0) if self.tail else self.lengths

    def copy_to(self, output: Bytes, positions: Positions) -> None:
        """Copy all values of one length with one assignment.

        Total bytes bound the number of different lengths (to the square root of twice as many), so that this is fast
        both for many short values and for a few long ones.
        """
        for length, rows in _groups(self.lengths):
            if length:
                _windows(output, length)[positions[rows]] = _windows(self.buffer, length)[self.starts[rows]]


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of a batch.

    :param head: Bytes of fixed size that each cell starts with: rows of the batch x bytes.
    :param valid: False where the cell is NULL; None when none is.
    """

    head: Bytes
    valid: NDArray[np.bool_] | None = None
    body: Body | None = None


def lay_out(columns: Sequence[Cells]) -> bytes:
    """Return all rows: the cells of the first, those of the second ..."""
    segments = list(_segments(columns))
    row_sizes = np.zeros(len(columns[0].head), np.int64)
    for segment in segments:
        row_sizes += segment.sizes
    ends = np.cumsum(row_sizes)
    output = np.zeros(int(ends[-1]), np.uint8)  # zeros: tails are never written
    positions = ends - row_sizes
    for segment in segments:
        segment.copy_to(output, positions)
        positions += segment.sizes
    return output.tobytes()


def _segments(columns: Sequence[Cells]) -> Iterator[Segment]:
    block: list[Bytes] = []
    for column in columns:
        if column.valid is None:
            block.append(column.head)
        else:
            yield from _join(block)
            yield Heads(np.ascontiguousarray(column.head), column.valid)
        if column.body is not None:
            yield from _join(block)
            yield column.body
    yield from _join(block)


def _join(block: list[Bytes]) -> Iterator[Heads]:
    if block:
        yield Heads(np.concatenate(block, axis=1))
        block.clear()


def _groups(lengths: Positions) -> Iterator[tuple[int, Positions]]:
    """Yield each length that occurs, with the rows that have it."""
    if not len(lengths):
        return
    longest = int(lengths.max())
    # numpy sorts 16-bit keys by radix: several times faster.
    keys = lengths.astype(np.uint16) if longest < 65536 else lengths
    order = np.argsort(keys, kind="stable")
    ordered = lengths[order]
    bounds = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(ordered)]
    for start, end in pairwise(bounds):
        yield int(ordered[start]), order[start:end]


def _windows(buffer: Bytes, width: int) -> NDArray[Any]:
    """Return every run of ``width`` bytes of ``buffer`` as one opaque item, the i-th starting at byte i."""
    return np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer=buffer, strides=(1,))
