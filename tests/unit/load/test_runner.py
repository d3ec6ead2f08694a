"""Running a load on the simulated pool, with the trouble that a test names. Any trouble: test_exactly_once."""

import logging
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest
from simulated_pool import LEDGER, TARGET, Client, Pool

from airflow_synapse.copy import TableName, build_statement
from airflow_synapse.exceptions import (
    ConnectionLostError,
    CopyFailedError,
    CopyOutcomeUnknownError,
    LoadChangedError,
    LoadCheckError,
    RejectThresholdExceededError,
    StatementCancelledError,
    StatementError,
)
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.load import Load
from airflow_synapse.load.record import MemoryStore, record_key
from airflow_synapse.load.request import BEGIN_MARKER
from airflow_synapse.load.runner import find_result, hand_over, run_load

RECORD_KEY = record_key(LoadIdentity(dag_id="d", task_id="t", run_id="r").load_id)
SOURCE = [(1, "new"), (2, "new")]
ONCE = Counter(SOURCE)
LEDGER_TABLE = TableName.parse("dbo.ledger")


def lost():
    return ConnectionLostError("Communication link failure (10054)", number=10054)


class TroubledClient(Client):
    """Answers a statement that begins with a text otherwise, once: instead of running it, or after it has run."""

    def __init__(self, pool, trouble):
        super().__init__(pool, lambda moment: pool.proceed() if moment in {"running", "pause"} else None)
        self.trouble = trouble

    def _call(self, sql, *parameters):
        self.pool.sent.append(sql)
        found = next((key for key in self.trouble if sql.startswith(key[0])), None)
        if found and found[1] == "instead":
            return self._answer(self.trouble.pop(found))
        answer = super()._call(sql, *parameters)
        return self._answer(self.trouble.pop(found)) if found else answer

    def _answer(self, answer):
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            self.end.is_orphan = isinstance(answer, ConnectionLostError)
            raise answer
        return answer


class Task:
    """A task and the pool that it loads into."""

    def __init__(self, old_rows=()):
        self.pool = Pool(random.Random(1), SOURCE, old_rows)
        self.pool.sent = []
        self.store = MemoryStore()
        self.try_number = 0

    def run(self, *, trouble=None, **arguments):
        load, left = self.load(**arguments), dict(trouble or {})
        return run_load(lambda: TroubledClient(self.pool, left), load)

    def look_back(self, **arguments):
        load = self.load(**arguments)
        return find_result(lambda: TroubledClient(self.pool, {}), load)

    def load(self, *, clear_number=0, statement=None, has_store=True, origin=None, is_empty=False, **options):
        self.try_number += 1
        self.pool.sent.clear()
        identity = LoadIdentity(dag_id="d", task_id="t", run_id="r", clear_number=clear_number)
        return Load(
            copy=build_statement(
                **{
                    "table": "dbo.t",
                    "external_locations": "https://lake.blob.core.windows.net/landing/in/",
                    "label": identity.label,
                    **(statement or {}),
                }
            ),
            options=LoadOptions(**options),
            identity=identity,
            try_number=self.try_number,
            store=self.store,
            has_store=has_store,
            origin=origin,
            is_empty=is_empty,
        )

    @property
    def rows(self):
        return self.pool.tables[TARGET]

    @property
    def copies(self):
        return [sql for sql in self.pool.sent if sql.startswith("COPY")]


@pytest.fixture
def task():
    return Task()


@contextmanager
def refused(match):
    with pytest.raises(StatementError, match=match) as caught:
        yield caught


def test_an_append_announces_itself_writes_the_record_and_copies(task):
    outcome = task.run()
    assert [sql.split("\n")[0][:44] for sql in task.pool.sent] == [
        "EXEC sys.sp_set_session_context @key = 'clie",
        "SELECT session_id() AS session_id OPTION (LA",
        "SELECT request_id, session_id, status, [labe",
        "SELECT CONVERT(nvarchar(40), login_time, 126",
        "SELECT request_id, session_id, status, [labe",
        "COPY INTO [dbo].[t]",
        "SELECT TOP 1 r.request_id, SUM(w.rows_proces",
    ]
    assert (task.rows, outcome.rows_loaded, outcome.reused) == (ONCE, 2, False)
    assert outcome.request_id.startswith("QID")
    assert outcome.seconds >= 0


REPEATABLE = {
    "truncate": {"write_disposition": "truncate"},
    "replace": {"write_disposition": "replace"},
    "replace with ledger": {"write_disposition": "replace", "ledger_table": LEDGER_TABLE},
}
MENDED = [(1, "mended"), (2, "mended")]


@pytest.mark.parametrize("options", REPEATABLE.values(), ids=REPEATABLE)
def test_a_clear_that_keeps_the_clear_number_loads_the_files_as_they_are_now(task, options):
    task.pool.failures = 0
    task.run(**options)
    task.pool.source = Counter(MENDED)
    task.run(**options)
    assert task.rows == Counter(MENDED)


@pytest.mark.parametrize("options", REPEATABLE.values(), ids=REPEATABLE)
@pytest.mark.parametrize("tries", [1, 3])
def test_a_run_that_was_deleted_and_made_again_loads_the_files_as_they_are_now(task, options, tries):
    task.pool.failures = 0
    for _ in range(tries):
        task.run(**options)
    task.run(**options, clear_number=1)
    task.pool.source = Counter(MENDED)
    task.store, task.try_number = MemoryStore(), 0
    task.run(**options)
    assert task.rows == Counter(MENDED)


def test_a_try_after_one_that_died_behind_its_commit_takes_its_result(task):
    died = RuntimeError("as good as dead: nothing is written down")
    with pytest.raises(RuntimeError):
        task.run(write_disposition="truncate", trouble={("COPY", "after"): died})
    task.run(write_disposition="truncate")
    assert (task.rows, task.copies) == (ONCE, [])


def test_a_try_after_whose_commit_the_link_breaks_does_not_repeat_even_what_could_be_repeated(task):
    task.run(write_disposition="truncate", trouble={("COPY", "after"): lost()})
    assert (task.rows, len(task.copies)) == (ONCE, 1)


def test_a_retry_takes_the_result_of_a_try_that_loaded(task):
    first = task.run()
    second = task.run()
    assert (second.request_id, second.rows_loaded, second.attempt) == (first.request_id, 2, first.attempt)
    assert task.copies == []
    assert task.rows == ONCE


def test_the_views_tell_what_a_record_that_was_never_finished_cannot(task):
    task.run()
    kept = task.store.get(RECORD_KEY)
    attempt = kept["loaded"]["attempt"]
    entry = {"attempt": attempt, "session_id": "SID1", "login_time": "login 1", "ledger": None, "is_told": False}
    open_again = {"loaded": None, "attempts": [entry]}
    task.store.set(RECORD_KEY, open_again)
    assert task.run().rows_loaded == 2
    assert task.rows == ONCE
    assert task.store.get(RECORD_KEY)["loaded"]["attempt"] == attempt


def test_a_link_that_breaks_after_the_commit_does_no_harm(task):
    outcome = task.run(trouble={("COPY", "after"): lost()})
    assert (outcome.rows_loaded, task.rows, len(task.copies)) == (2, ONCE, 1)


def test_a_link_that_breaks_again_and_again_is_left_to_airflow(task):
    with pytest.raises(ConnectionLostError) as caught:
        task.run(trouble={("EXEC"[:length], "instead"): lost() for length in (1, 2, 3, 4)})
    assert caught.value.retryable
    assert not task.rows


def test_a_link_that_breaks_while_the_views_forget_leaves_the_outcome_unknown(task):
    def forget_and_break():
        task.pool.requests.clear()
        return lost()

    with pytest.raises(CopyOutcomeUnknownError, match="reload=True") as caught:
        task.run(trouble={("COPY", "after"): forget_and_break})
    assert not caught.value.retryable
    assert task.rows == ONCE


def test_a_clear_of_an_append_returns_the_result_of_before_and_says_so(task, caplog):
    first = task.run()
    with caplog.at_level(logging.INFO):
        second = task.run(clear_number=1)
    assert (second.reused, second.request_id) == (True, first.request_id)
    assert task.rows == ONCE
    assert "reload=True" in caplog.text


def test_a_clear_with_reload_appends_again_but_a_retry_of_it_does_not(task):
    task.run()
    task.run(clear_number=1, reload=True)
    task.run(clear_number=1, reload=True)
    assert task.rows == Counter(SOURCE + SOURCE)


def test_a_clear_with_other_arguments_is_refused_until_reload_is_set(task):
    task.run()
    other = {"external_locations": "https://lake.blob.core.windows.net/landing/other/"}
    with pytest.raises(LoadChangedError, match="reload=True"):
        task.run(clear_number=1, statement=other)
    assert task.rows == ONCE
    task.run(clear_number=1, statement=other, reload=True)
    assert task.rows == Counter(SOURCE + SOURCE)


def test_a_failed_copy_is_tried_again(task):
    with pytest.raises(CopyFailedError, match=r"COPY INTO \[dbo\]\.\[t\] with label .* Nothing was loaded"):
        task.run(trouble={("COPY", "instead"): StatementError("Invalid object name (208)", number=208)})
    task.pool.requests.clear()  # what failed for good needs no view
    task.run()
    assert task.rows == ONCE


def test_a_copy_that_was_rolled_back_is_tried_again_whatever_the_views_forget(task):
    with pytest.raises(CopyFailedError):
        task.run(trouble={("COPY", "instead"): StatementError("deadlock (1205)", number=1205, retryable=True)})
    task.pool.requests.clear()
    task.run()
    assert task.rows == ONCE


def test_a_try_whose_announcement_is_forgotten_at_once_announces_itself_again(task, caplog):
    task.run(trouble={("SELECT request_id, session_id", "instead"): []})
    assert task.pool.sent.count(BEGIN_MARKER) == 2
    assert (task.rows, caplog.text) == (ONCE, "")


def test_what_another_try_has_written_meanwhile_is_not_overwritten(task):
    theirs = {"loaded": None, "attempts": []}

    def take_over():
        task.store.set(RECORD_KEY, theirs)
        return 2

    task.run(trouble={("COPY", "after"): take_over})
    assert task.store.get(RECORD_KEY) is theirs


def test_a_passing_error_of_copy_stays_one(task):
    with pytest.raises(CopyFailedError) as caught:
        task.run(trouble={("COPY", "instead"): StatementError("deadlock (1205)", number=1205, retryable=True)})
    assert caught.value.retryable


def test_a_copy_that_fails_after_truncate_says_that_the_table_is_empty(task):
    with pytest.raises(CopyFailedError, match="The table is empty now"):
        task.run(
            write_disposition="truncate", trouble={("COPY", "instead"): StatementError("Invalid (208)", number=208)}
        )


@pytest.mark.parametrize(
    "error",
    [
        StatementError("Query aborted-- the maximum reject threshold (5 rows) was reached", number=107090),
        StatementError("Bulk load failed due to invalid column value in CSV data file x in row 1, column 1."),
    ],
    ids=["number", "text"],
)
def test_too_many_rejected_rows_are_named_with_limit_and_folder(task, error):
    statement = {"max_errors": 5, "error_file": "/rejects/today"}
    with pytest.raises(RejectThresholdExceededError, match=r"than max_errors=5 allows.*in /rejects/today") as caught:
        task.run(statement=statement, trouble={("COPY", "instead"): error})
    assert caught.value.reject_folder == "/rejects/today"
    assert not caught.value.retryable


def test_a_canceled_copy_stays_canceled(task):
    with pytest.raises(StatementCancelledError):
        task.run(trouble={("COPY", "instead"): StatementCancelledError("by us")})


def test_rows_outside_the_slice_fail_the_load_with_their_number_and_leave_no_trace():
    task = Task([(1, "old")])
    with pytest.raises(LoadCheckError, match=r"not changed: 1,234 rows of the files are outside the slice"):
        task.run(
            write_disposition="replace_slice",
            slice_predicate="k < 9",
            trouble={("SELECT COUNT_BIG", "instead"): [(1234,)]},
        )
    assert task.pool.tables == {TARGET: Counter([(1, "old")])}


def test_a_staging_table_that_was_left_behind_is_dropped_by_the_next_attempt(task, caplog):
    left = "[dbo].[airflow_load_" + LoadIdentity(dag_id="d", task_id="t", run_id="r").load_id + "_dead]"
    task.pool.tables[left] = Counter()
    with caplog.at_level(logging.INFO):
        task.run(ledger_table=LEDGER_TABLE)
    assert set(task.pool.tables) == {TARGET}
    assert left in caplog.text


def test_a_publication_that_fails_is_rolled_back_and_leaves_no_staging_table():
    task = Task([(1, "old")])
    with refused("disk full"):
        task.run(
            write_disposition="replace_slice",
            slice_predicate="k < 9",
            trouble={("INSERT INTO [dbo].[t]", "instead"): StatementError("disk full (1105)", number=1105)},
        )
    assert task.pool.tables == {TARGET: Counter([(1, "old")])}


def test_a_replacement_that_fails_between_two_partitions_says_how_many_hold_the_new_rows(task):
    halves = [("k", "int", 1, "2")]
    trouble = {
        ("SELECT c.name, t.name AS type_name, f.boundary", "instead"): halves,
        ("ALTER TABLE", "instead"): [],  # the first partition
        ("ALTER TABLE [", "instead"): StatementError("no lock (1222)", number=1222, retryable=True),
    }
    with refused(r"1 of the 2 partitions of \[dbo\]\.\[t\] to replace hold the new rows") as caught:
        task.run(write_disposition="replace", trouble=trouble)
    assert caught.value.retryable


def test_the_ledger_is_asked_when_airflow_and_the_views_know_nothing(task):
    task.run(ledger_table=LEDGER_TABLE)
    task.store = MemoryStore()
    task.pool.requests.clear()
    outcome = task.run(ledger_table=LEDGER_TABLE, has_store=False)
    assert (outcome.rows_loaded, task.rows, task.copies) == (2, ONCE, [])


def test_the_ledger_is_written_in_the_transaction_that_publishes(task):
    task.run(ledger_table=LEDGER_TABLE)
    sent = [sql.split("\n")[0] for sql in task.pool.sent]
    begin, commit = sent.index("BEGIN TRANSACTION"), sent.index("COMMIT TRANSACTION")
    marks = [place for place, sql in enumerate(sent) if sql.startswith(f"UPDATE {LEDGER} SET loaded_at = GETUTCDATE()")]
    assert begin < marks[0] < commit


def test_without_the_right_to_see_requests_a_first_load_runs_with_a_warning(task, caplog):
    task.pool.is_blind = True
    assert task.run().rows_loaded == 2
    assert "VIEW DATABASE STATE" in caplog.text


def test_without_the_right_to_see_sessions_a_retry_goes_by_the_requests_and_warns(task, caplog):
    task.pool.hides_sessions = True
    with refused("Invalid"):
        task.run(trouble={("COPY", "instead"): StatementError("Invalid (208)", number=208)})
    assert task.run().rows_loaded == 2
    assert task.rows == ONCE
    assert "VIEW SERVER STATE is needed" in caplog.text


def test_without_the_right_to_see_sessions_a_load_can_be_handed_over(task):
    task.pool.hides_sessions = True
    handed_over = task.load()
    assert hand_over(lambda: TroubledClient(task.pool, {}), handed_over)
    assert run_load(lambda: TroubledClient(task.pool, {}), replace(handed_over, first_number=2)).rows_loaded == 2


def test_without_a_store_and_a_trace_a_later_append_is_refused_and_told_how_to_go_on(task):
    task.try_number = 1
    with pytest.raises(CopyOutcomeUnknownError, match="start a new DAG run"):
        task.run(has_store=False)
    assert not task.copies


def test_statistics_are_updated_when_asked_for_and_their_failure_does_no_harm(task, caplog):
    trouble = {("UPDATE STATISTICS [dbo].[t]", "instead"): StatementError("no right (15151)", number=15151)}
    assert task.run(update_statistics=True, trouble=trouble).rows_loaded == 2
    assert "no right" in caplog.text


def test_what_was_unknown_before_a_reload_that_failed_stays_unknown(task):
    def forget_and_break():
        task.pool.requests.clear()
        return lost()

    with pytest.raises(CopyOutcomeUnknownError):
        task.run(trouble={("COPY", "after"): forget_and_break})
    with pytest.raises(CopyFailedError):
        task.run(
            clear_number=1, reload=True, trouble={("COPY", "instead"): StatementError("Invalid (208)", number=208)}
        )
    task.pool.requests.clear()
    with pytest.raises(CopyOutcomeUnknownError):
        task.run(clear_number=2)
    assert task.rows == ONCE


OTHER_FILES = {"external_locations": "https://lake.blob.core.windows.net/landing/try-2/"}


def test_files_that_were_made_of_the_same_rows_are_the_same_load(task):
    task.run(origin="SELECT 1")
    assert task.run(origin="SELECT 1", statement=OTHER_FILES).rows_loaded == 2
    assert task.rows == ONCE


def test_files_that_were_made_of_other_rows_are_another_load(task):
    task.run(origin="SELECT 1")
    with pytest.raises(LoadChangedError):
        task.run(origin="SELECT 2")


def test_looking_back_finds_the_result_of_an_earlier_try_and_submits_nothing(task):
    assert task.look_back(origin="SELECT 1") is None
    assert (task.rows, task.copies) == (Counter(), [])
    first = task.run(origin="SELECT 1")
    assert task.look_back(origin="SELECT 1").attempt == first.attempt
    assert task.look_back(origin="SELECT 1", clear_number=1).reused
    assert task.look_back(origin="SELECT 1", clear_number=1, reload=True) is None
    with pytest.raises(LoadChangedError):
        task.look_back(origin="SELECT 2", clear_number=1)


def test_a_load_without_rows_does_all_but_copy():
    task = Task(old_rows=[(1, "old")])
    outcome = task.run(is_empty=True, write_disposition="truncate")
    assert (outcome.rows_loaded, outcome.request_id, task.copies) == (0, None, [])
    assert task.rows == Counter()


def test_a_session_whose_login_time_is_not_known_is_not_taken_for_one_of_the_same_name_after_a_pause(task):
    task.pool.failures = 0
    denied = StatementError("VIEW SERVER STATE permission was denied (300)", number=300)
    died = RuntimeError("as good as dead: nothing is written down")
    with pytest.raises(RuntimeError):
        task.run(
            write_disposition="truncate",
            trouble={("SELECT CONVERT(nvarchar(40), login_time", "instead"): denied, ("COPY", "instead"): died},
        )
    task.pool.pause_and_resume()
    foreign = [task.pool.login() for _ in range(3)]
    task.run(write_disposition="truncate", clear_number=1)
    assert all(session.is_open and not session.is_killed for session in foreign)
    assert task.rows == ONCE


def test_a_link_that_breaks_while_the_login_time_is_read_begins_another_attempt(task):
    assert task.run(trouble={("SELECT CONVERT(nvarchar(40), login_time", "instead"): lost()}).rows_loaded == 2
    assert task.rows == ONCE
    assert all(entry["login_time"] for entry in task.store.get(RECORD_KEY)["attempts"])


@pytest.mark.parametrize("forgets", [True, False], ids=["views emptied", "views kept"])
def test_a_ledger_that_was_made_again_after_a_try_died_behind_its_commit_proves_nothing(task, forgets):
    died = RuntimeError("as good as dead: nothing is written down")
    with pytest.raises(RuntimeError):
        task.run(ledger_table=LEDGER_TABLE, trouble={("COMMIT", "after"): died})
    task.pool.ledger = None
    if forgets:
        task.pool.pause_and_resume()
    with pytest.raises(CopyOutcomeUnknownError):
        task.run(ledger_table=LEDGER_TABLE)
    assert task.rows == ONCE


def test_a_load_that_was_handed_over_and_never_begun_is_known_by_the_ledger(task):
    assert hand_over(lambda: TroubledClient(task.pool, {}), task.load(ledger_table=LEDGER_TABLE))
    # It would wait for earlier tries.
    assert not [sql for sql in task.pool.sent if sql.startswith(("INSERT", "UPDATE"))], (
        "it would wait for earlier tries"
    )
    task.pool.pause_and_resume()
    task.run(ledger_table=LEDGER_TABLE)
    assert task.rows == ONCE


def staging_tables(task):
    return [name for name in task.pool.tables if "airflow_load" in name]


DIED = RuntimeError("as good as dead: nothing is written down")


def test_looking_back_drops_what_a_try_that_died_has_staged(task):
    with pytest.raises(RuntimeError):
        task.run(write_disposition="replace", trouble={("COPY", "after"): DIED})
    assert staging_tables(task)
    assert task.look_back(write_disposition="replace") is None
    assert not staging_tables(task)


def test_a_retry_that_takes_a_result_updates_the_statistics(task):
    with pytest.raises(RuntimeError):
        task.run(update_statistics=True, trouble={("COPY", "after"): DIED})
    task.run(update_statistics=True)
    assert f"UPDATE STATISTICS {TARGET}" in task.pool.sent
    task.run(update_statistics=True, clear_number=1)
    assert f"UPDATE STATISTICS {TARGET}" not in task.pool.sent


@pytest.mark.parametrize("statement", ["UPDATE STATISTICS", "IF OBJECT_ID"])
def test_a_link_that_breaks_once_the_rows_are_in_the_table_repeats_nothing_and_leaves_nothing(task, statement):
    outcome = task.run(write_disposition="replace", update_statistics=True, trouble={(statement, "instead"): lost()})
    assert (outcome.rows_loaded, len(task.copies)) == (2, 1)
    assert (task.rows, staging_tables(task)) == (ONCE, [])


def test_a_load_whose_published_marker_fails_has_loaded(task, caplog):
    marker = ("SELECT session_id() AS session_id OPTION (LABEL = 'airflow load: published')", "instead")
    outcome = task.run(write_disposition="replace", trouble={marker: StatementError("no slot (1)", number=1)})
    assert (outcome.rows_loaded, task.rows, staging_tables(task)) == (2, ONCE, [])
    assert "no slot" in caplog.text


def test_a_retry_after_another_task_was_cleared_does_not_reload_what_a_dead_try_has_loaded(task):
    with pytest.raises(RuntimeError):
        task.run(reload=True, trouble={("COPY", "after"): DIED})
    assert task.run(reload=True, clear_number=1).reused
    assert task.rows == ONCE
    assert not task.run(reload=True, clear_number=2).reused  # now the user has asked for it
    assert task.rows == Counter(SOURCE * 2)


def test_a_reload_with_other_arguments_waits_until_the_user_knows_of_what_a_dead_try_has_loaded(task):
    with pytest.raises(RuntimeError):
        task.run(reload=True, trouble={("COPY", "after"): DIED})
    with pytest.raises(LoadChangedError):
        task.run(reload=True, clear_number=1, statement=OTHER_FILES)
    task.run(reload=True, clear_number=2, statement=OTHER_FILES)
    assert task.rows == Counter(SOURCE * 2)


def test_a_reload_waits_until_the_user_knows_that_nobody_knows(task):
    with pytest.raises(RuntimeError):
        task.run(reload=True, trouble={("COPY", "after"): DIED})
    task.pool.pause_and_resume()
    with pytest.raises(CopyOutcomeUnknownError):
        task.run(reload=True, clear_number=1)
    assert task.rows == ONCE
    task.run(reload=True, clear_number=2)
    assert task.rows == Counter(SOURCE * 2)
