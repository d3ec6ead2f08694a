"""A part of the fault matrix that stands for the whole: ``make faults`` runs all of it."""

from collections import defaultdict

import pytest
from cases import LOADS, MOMENTS, Case, Fault, matrix, random_cases
from matrix import Lab, Verdict


@pytest.fixture(scope="module")
def lab(workspace, tmp_path_factory):
    return Lab(workspace, tmp_path_factory.mktemp("faults"))


def representatives():
    """Return every moment and every fault of the three shapes of loads, each moment with another fault."""
    kinds = {"append", "append with ledger", "replace", "append, deferrable", "replace_slice, deferrable"}
    of_moments = defaultdict(list)
    for case in matrix():
        if case.form in kinds:
            of_moments[case.form, case.strikes[0][0].name].append(case)
    return [cases[number % len(cases)] for number, cases in enumerate(of_moments.values())]


@pytest.mark.parametrize("case", representatives(), ids=str)
def test_each_row_is_loaded_once_whatever_happens(lab, case):
    verdict = lab.run(case)

    assert verdict.is_right, f"{verdict}\n{verdict.logs}"


@pytest.mark.parametrize("case", random_cases(6, seed=2013), ids=str)
def test_each_row_is_loaded_once_after_several_faults(lab, case):
    verdict = lab.run(case)

    assert verdict.is_right, f"{verdict}\n{verdict.logs}"


def test_added_rows_are_unknown_when_the_views_were_emptied_while_copy_ran(lab):
    running = next(moment for moment in MOMENTS if moment.name == "while COPY runs")

    assert lab.run(Case(LOADS[0], ((running, Fault.FORGET),))).unknown


def test_a_doubled_row_shows(lab):
    append, truncate = LOADS[0], LOADS[1]
    after = next(moment for moment in MOMENTS if moment.name == "after the XCom")
    wrong = type(append)("truncate", append.rows, truncate.shape)  # what an append leaves is not what truncate does

    verdict = lab.run(Case(wrong, ((after, Fault.CLEAR),)))

    assert (verdict.lost, verdict.duplicated, verdict.is_right) == (3, 0, False)
    assert isinstance(verdict, Verdict)
