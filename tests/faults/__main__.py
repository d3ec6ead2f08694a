"""Run the fault matrix: every load, moment and fault, and random combinations; print what came of each.

What Airflow and its users do is done to a real Airflow, too; see ``airflow_lab``.

The last line is JSON: ``{"cases": n, "lost": 0, "duplicated": 0, "unknown_raised": k}``.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

# Before anything imports Airflow, which makes its folder when it is imported.
_AIRFLOW_HOME = tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True)
os.environ["AIRFLOW_HOME"] = _AIRFLOW_HOME.name
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

from airflow_lab import DAGS, AirflowLab, airflow_cases  # noqa: E402 - see above
from cases import MOMENTS, SAME, Case, Fault, matrix, random_cases  # noqa: E402
from lab import Lab, Verdict  # noqa: E402
from process_lab import ProcessLab  # noqa: E402

from airflow_synapse.local.airflow import Airflow  # noqa: E402
from airflow_synapse.local.home import default_home  # noqa: E402
from airflow_synapse.local.text_table import text_table  # noqa: E402
from airflow_synapse.local.workspace import Workspace  # noqa: E402


def main() -> int:
    """Run the matrix; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=200, help="random combinations (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random combinations (default: %(default)s)")
    parser.add_argument("--only", default="", help="run only the cases whose names hold this text")
    options = parser.parse_args()
    listed, mixed, in_airflow = (
        [case for case in cases if options.only in str(case)]
        for cases in (matrix(), random_cases(options.random, options.seed), airflow_cases())
    )
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        Workspace(default_home(), Path(folder) / "workspace") as workspace,
    ):
        verdicts = _run(ProcessLab(workspace, Path(folder)), [*listed, *mixed])
        with Airflow(Path(folder) / "airflow", DAGS, environment=workspace.environment) as airflow:
            for connection_id, connection in workspace.connections().items():
                airflow.add_connection(connection_id, connection)
            in_airflow_verdicts = _run(AirflowLab(workspace, airflow), in_airflow)
    _print_tables(verdicts[: len(listed)])
    print("In a real Airflow; SIGKILL of a deferrable load is that of the triggerer, which is started again:\n")
    _print_tables(in_airflow_verdicts)
    print("Empty cells are not run, because they cannot differ from another:")
    for pair, reason in SAME.items():
        print(f"- {pair}: {reason}")
    verdicts += in_airflow_verdicts
    totals = {
        "cases": len(verdicts),
        "lost": sum(verdict.lost for verdict in verdicts),
        "duplicated": sum(verdict.duplicated for verdict in verdicts),
        "unknown_raised": sum(verdict.unknown for verdict in verdicts),
    }
    print(json.dumps(totals))
    return 0 if all(verdict.is_right for verdict in verdicts) else 1


def _run(lab: Lab, cases: list[Case]) -> list[Verdict]:
    start = time.monotonic()
    verdicts = []
    for number, case in enumerate(cases, 1):
        verdicts.append(lab.run(case))
        _show(verdicts[-1], f"{number}/{len(cases)}", time.monotonic() - start)
    return verdicts


def _show(verdict: Verdict, number: str, seconds: float) -> None:
    line = f"{number} {seconds:6.0f} s  {verdict}  {verdict.case} ({verdict.tries} tries)"
    print(line, verdict.logs if not verdict.is_right else "", file=sys.stderr, flush=True)


def _print_tables(verdicts: list[Verdict]) -> None:
    """Print a table a load: moments down, faults across."""
    for form in dict.fromkeys(verdict.case.form for verdict in verdicts):
        cells = {verdict.case.strikes[0]: str(verdict) for verdict in verdicts if verdict.case.form == form}
        rows = [
            [moment.name, *(cells.get((moment, fault), "") for fault in Fault)]
            for moment in MOMENTS
            if any((moment, fault) in cells for fault in Fault)
        ]
        print(text_table([form, *Fault], rows), end="\n\n")


if __name__ == "__main__":
    sys.exit(main())
