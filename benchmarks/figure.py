"""A figure of a benchmark: ours and theirs, measured in one run; or ours and the bar, where there is no alternative.

Machines are shared and noisy, so only the ratio of two measurements of the same run says anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of ``make bench``.

    :param name: What is measured.
    :param ours: Our measurement, in ``unit``.
    :param theirs: The alternative's, in the same unit; or the bar.
    :param alternative: What ``theirs`` is.
    :param bar: What the ratio has to reach, as text, for instance ``>= 0.8``.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    alternative: str
    bar: str = ""

    @property
    def ratio(self) -> float:
        """Ours divided by theirs."""
        return self.ours / self.theirs

    def __str__(self) -> str:
        bar = f"   (bar {self.bar})" if self.bar else ""
        return (
            f"{self.name:<44} ours {self.ours:>12,.4g} {self.unit:<8} "
            f"theirs {self.theirs:>12,.4g} {self.unit:<8} ratio {self.ratio:>7.3f}   {self.alternative}{bar}"
        )


def seconds(action: Callable[[], object]) -> float:
    """Return the wall-clock seconds that ``action`` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
