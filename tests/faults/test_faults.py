"""A part of the fault matrix that stands for the whole: ``make faults`` runs all of it."""

from collections import defaultdict
from dataclasses import replace

import pytest
from cases import AFTER_XCOM, LOADS, MOMENTS, NEW, OLD, Case, Fault, matrix, random_cases
from process_lab import ProcessLab


@pytest.fixture(scope="module")
def lab(workspace, tmp_path_factory):
    return ProcessLab(workspace, tmp_path_factory.mktemp("faults"))


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


@pytest.mark.parametrize(
    ("load", "rows", "lost", "duplicated"),
    [
        pytest.param(LOADS[0], OLD, 0, len(NEW), id="doubled"),
        pytest.param(LOADS[1], OLD + NEW, len(OLD), 0, id="lost"),
    ],
)
def test_what_is_wrong_shows(lab, load, rows, lost, duplicated):
    verdict = lab.run(Case(replace(load, rows=rows), ((AFTER_XCOM, Fault.CLEAR),)))

    assert (verdict.lost, verdict.duplicated, verdict.is_right) == (lost, duplicated, False)
