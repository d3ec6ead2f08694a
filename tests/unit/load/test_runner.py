"""Running the statements of a load, on a session that answers what it is told to."""

import pytest

from airflow_synapse.copy import build_statement
from airflow_synapse.exceptions import (
    ConnectionLostError,
    CopyFailedError,
    CopyOutcomeUnknownError,
    PoolPausedError,
    RejectThresholdExceededError,
    StatementCancelledError,
    StatementError,
)
from airflow_synapse.load.request import REQUEST_BY_LABEL
from airflow_synapse.load.runner import run_load

TRUNCATE = "TRUNCATE TABLE [dbo].[flights]"


def copy(**options):
    return build_statement(
        table="dbo.flights",
        external_locations="https://lake.blob.core.windows.net/landing/in/",
        label="the label",
        **options,
    )


class Session:
    """Answers each statement with a row count or an error."""

    def __init__(self, *, copy_answer=842, view_answer=(), truncate_answer=None):
        self.ran = []
        self.answers = {"COPY": copy_answer, "TRUNCATE": truncate_answer}
        self.view_answer = view_answer

    def execute(self, statement):
        self.ran.append(statement.to_sql())
        return self._answer(self.answers[statement.to_sql().split()[0]])

    def fetch(self, sql, *parameters):
        self.ran.append((sql, parameters))
        return self._answer(self.view_answer)

    def _answer(self, answer):
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_truncate_empties_the_table_first_and_then_asks_the_view_by_label():
    session = Session()
    run_load(session, "truncate", copy())
    assert session.ran == [TRUNCATE, copy().to_sql(), (REQUEST_BY_LABEL, ("the label",))]


@pytest.mark.parametrize(
    ("row_count", "view", "expected"),
    [
        (-1, [("QID7", "Completed", 800)], ("QID7", 800)),
        (842, [("QID7", "Completed", 800)], ("QID7", 800)),
        (842, [("QID7", "Completed", None)], ("QID7", 842)),
        (842, [], (None, 842)),
        (None, [], (None, None)),
        (842, StatementError("VIEW DATABASE STATE permission was denied"), (None, 842)),
        (842, PoolPausedError("paused just now"), (None, 842)),
    ],
    ids=["view", "view before driver", "no writer", "forgotten", "nothing known", "no right", "paused"],
)
def test_rows_come_from_the_view_else_from_the_driver_else_are_unknown(row_count, view, expected):
    outcome = run_load(Session(copy_answer=row_count, view_answer=view), "append", copy())
    assert (outcome.request_id, outcome.rows_loaded) == expected


def test_a_refused_copy_says_which_copy_and_that_nothing_was_loaded():
    refused = StatementError("The statement failed: Invalid object name. (208)", number=208)
    with pytest.raises(
        CopyFailedError, match=r"COPY INTO \[dbo\].\[flights\] with label 'the label' failed: .*Nothing was loaded"
    ) as caught:
        run_load(Session(copy_answer=refused), "append", copy())
    assert caught.value.number == 208
    assert not caught.value.retryable


def test_a_passing_error_stays_one():
    with pytest.raises(CopyFailedError) as caught:
        run_load(Session(copy_answer=StatementError("deadlock (1205)", number=1205, retryable=True)), "append", copy())
    assert caught.value.retryable


def test_a_copy_that_fails_after_truncate_says_that_the_table_is_empty():
    with pytest.raises(CopyFailedError, match="The table is empty now"):
        run_load(Session(copy_answer=StatementError("no")), "truncate", copy())


def test_copy_is_not_sent_when_truncate_fails():
    session = Session(truncate_answer=StatementError("Cannot find the object"))
    with pytest.raises(StatementError):
        run_load(session, "truncate", copy())
    assert session.ran == [TRUNCATE]


@pytest.mark.parametrize(
    "error",
    [
        StatementError("Query aborted-- the maximum reject threshold (5 rows) was reached", number=107090),
        StatementError("Bulk load failed due to invalid column value in CSV data file x in row 1, column 1."),
    ],
    ids=["number", "text"],
)
def test_too_many_rejected_rows_are_named_with_limit_and_folder(error):
    statement = copy(max_errors=5, error_file="/rejects/today")
    with pytest.raises(RejectThresholdExceededError, match=r"than max_errors=5 allows.*in /rejects/today") as caught:
        run_load(Session(copy_answer=error), "append", statement)
    assert caught.value.reject_folder == "/rejects/today"
    assert not caught.value.retryable


def test_a_lost_link_during_append_is_not_tried_again_because_rows_could_double():
    with pytest.raises(CopyOutcomeUnknownError, match=r"Look for the label in sys\.dm_pdw_exec_requests") as caught:
        run_load(Session(copy_answer=ConnectionLostError("reset (10054)")), "append", copy())
    assert not caught.value.retryable


def test_a_lost_link_during_truncate_is_tried_again_because_that_repeats_the_whole():
    with pytest.raises(CopyOutcomeUnknownError) as caught:
        run_load(Session(copy_answer=ConnectionLostError("reset (10054)")), "truncate", copy())
    assert caught.value.retryable


def test_a_cancelled_copy_stays_cancelled():
    with pytest.raises(StatementCancelledError):
        run_load(Session(copy_answer=StatementCancelledError("by us")), "append", copy())
