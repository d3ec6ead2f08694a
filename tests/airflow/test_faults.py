"""Airflow's own faults, in a real Airflow: the rows are in the table once. ``make faults`` has them for every load."""

import airflow as installed_airflow
import pytest
from airflow_lab import AirflowLab, airflow_cases
from cases import Fault
from packaging.version import Version

# Before, Airflow remembers nothing of a try, and tells a trigger nothing of a kill: an append then fails rather than
# guesses, which the unit tests show.
pytestmark = pytest.mark.skipif(
    Version(installed_airflow.__version__) < Version("3.3"), reason="the task state store came with Airflow 3.3"
)


@pytest.fixture(scope="module")
def lab(workspace, airflow):
    return AirflowLab(workspace, airflow)


def representatives():
    """Return all that happens to rows that are added, and a killed worker of each other way to publish."""
    for case in airflow_cases():
        ((_, fault),) = case.strikes
        if case.form in {"append", "append, deferrable"} or (
            case.form in {"replace", "replace_slice with ledger"} and fault is Fault.KILL
        ):
            yield case


@pytest.mark.parametrize("case", list(representatives()), ids=str)
def test_each_row_is_loaded_once_whatever_happens(lab, case):
    verdict = lab.run(case)

    assert verdict.is_right, f"{verdict}\n{verdict.logs}"
