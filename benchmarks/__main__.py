"""Run every benchmark, or those named on the command line, each in a process of its own; print a line a figure."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings

#: Modules of this folder; each has ``figures()``, which yields figures as they are measured.
BENCHMARKS = (
    "import_cost",
    "operator_overhead",
    "deferred_loads",
    "rejected_rows_sensor",
    "tds_benchmark",
    "copy_benchmark",
    "rejected_rows_report",
    "spark_staging",
    "spark_transfer",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks; all where none is named. Return the exit code."""
    if len(names) != 1:  # what one has imported would make another's imports look cheap
        runs = [subprocess.run([sys.executable, "-m", "benchmarks", name], check=False) for name in names or BENCHMARKS]
        return max(run.returncode for run in runs)
    warnings.simplefilter("ignore")
    for figure in importlib.import_module(f"benchmarks.{names[0]}").figures():
        print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
