"""Run every benchmark, or those named on the command line, and print a line a figure."""

from __future__ import annotations

import importlib
import sys
import warnings

#: Modules of this folder; each has ``figures()``, which yields figures as they are measured.
BENCHMARKS = ("import_cost", "operator_overhead", "deferred_loads", "tds_benchmark", "copy_benchmark")


def main(names: list[str]) -> None:
    """Run the named benchmarks; all where none is named."""
    warnings.simplefilter("ignore")
    for name in names or BENCHMARKS:
        for figure in importlib.import_module(f"benchmarks.{name}").figures():
            print(figure, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
