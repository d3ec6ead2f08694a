"""A load happens once, whatever happens meanwhile: thousands of schedules of faults, each decided by a seed."""

import logging
import os
from collections import Counter

import pytest
from simulated_pool import TARGET, Pool, Worker, WorkerDied, lost_link, paused
from story import Story

from airflow_synapse.copy import ColumnName, TableName, build_statement
from airflow_synapse.exceptions import (
    CopyOutcomeUnknownError,
    LoadSupersededError,
    SourceFilesError,
    StatementError,
    SynapseError,
    TooManyRejectedRowsError,
)
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.load import Load
from airflow_synapse.load.record import MemoryStore
from airflow_synapse.load.runner import run_load

#: Stories of each kind; more by the environment, for a night.
SCHEDULES = int(os.environ.get("SYNAPSE_SCHEDULES", "250"))
SOURCE = [(1, "new"), (2, "new")]
#: Rows with keys of the slice, and one beside it.
OLD = [(1, "old"), (3, "old")]
OLD_BESIDE = [(9, "beside")]
LEDGER = TableName.parse("dbo.ledger")

LOADS = {
    "append": LoadOptions(),
    "append with reload": LoadOptions(reload=True),
    "append with ledger": LoadOptions(ledger_table=LEDGER),
    "truncate": LoadOptions(write_disposition="truncate"),
    "replace": LoadOptions(write_disposition="replace"),
    "replace_slice": LoadOptions(write_disposition="replace_slice", slice_predicate="k < 9"),
    "replace_slice with ledger": LoadOptions(
        write_disposition="replace_slice", slice_predicate="k < 9", ledger_table=LEDGER
    ),
    "upsert": LoadOptions(write_disposition="upsert", upsert_keys=(ColumnName("k"),)),
}


#: The loads that look at their rejected rows before they publish.
INSPECTED = [name for name, options in LOADS.items() if options.path == "staged"]


def storage_is_busy():
    error = SourceFilesError("503")
    error.retryable = True
    return error


class StoppingStore(MemoryStore):
    """Airflow's store: it outlives the workers, and they may die before and after a write."""

    def __init__(self, values, stop):
        self._values, self._stop = values, stop

    def set(self, key, value):
        self._stop("store")
        self._values[key] = value
        self._stop("stored")


class Schedule(Story):
    """One story: a task, its tries and clears, and what goes wrong.

    :param is_inspected: Whether rejected rows are compared with thresholds. They are beyond them for some of the
        clears: the user mends the files or not, and nothing changes in between.
    """

    def __init__(self, options, seed, *, has_store=True, is_blind=False, hides_sessions=False, is_inspected=False):
        # Without a store, a trigger has the record of the worker that handed the load over: see test_runner.
        kinds = ("forget", "pause", "clear", "try_again", "break_worker", *(["take_over"] if has_store else []))
        super().__init__(seed, kinds)
        self.options, self.has_store = options, has_store
        self.pool = Pool(self.chance, SOURCE, old_rows(options), is_blind=is_blind, hides_sessions=hides_sessions)
        self.is_inspected, self.too_many = is_inspected, {}
        self.start_try()

    def start_try(self):
        self.try_number += 1
        identity = LoadIdentity(dag_id="d", task_id="t", run_id="r", clear_number=self.clear_number)
        kept, try_number = self.kept if self.has_store else {}, self.try_number
        self.too_many.setdefault(identity.clear_number, self.is_inspected and self.chance.random() < 0.4)

        def work(open_session, stop):
            def inspect(copy, rows):
                assert rows == len(SOURCE)
                stop("inspect")
                if self.too_many[identity.clear_number]:
                    raise TooManyRejectedRowsError("too many")

            load = Load(
                copy=build_statement(
                    table="dbo.t",
                    external_locations="https://lake.blob.core.windows.net/landing/in/",
                    label=identity.label,
                ),
                options=self.options,
                identity=identity,
                try_number=try_number,
                store=StoppingStore(kept, stop),
                has_store=self.has_store,
                inspect=inspect if self.is_inspected else None,
            )

            return run_load(open_session, load)

        self.workers.append(Worker(self.pool, work))

    def step(self, worker, *, faults):
        if not faults and all(each.moment == "blocked" for each in self.alive):
            worker.step(lost_link())  # a deadlock
        else:
            worker.step()
        if not faults:
            self.pool.proceed()

    def break_worker(self):
        if not self.alive:
            return
        worker = self.chance.choice(self.alive)
        if worker.moment == "start":
            worker.step()
        elif worker.moment == "connect":
            worker.step(self.chance.choice([WorkerDied, paused, lost_link])())
        elif worker.moment in {"store", "stored", "pause"}:
            worker.step(WorkerDied())
        elif worker.moment == "inspect":
            worker.step(self.chance.choice([WorkerDied, storage_is_busy])())
        else:
            worker.step(self.chance.choice([WorkerDied, lost_link])())

    def pause(self):
        self.pool.pause_and_resume()

    def take_over(self):
        """A second triggerer takes the load of the first one, which is slow, or dead."""
        self.try_number -= 1  # the same try
        self.start_try()


def old_rows(options):
    return [] if options.write_disposition == "append" else OLD + OLD_BESIDE


def expected(options):
    new = {
        "append": SOURCE,
        "truncate": SOURCE,
        "replace": SOURCE,
        "replace_slice": [*SOURCE, (3, "old"), *OLD_BESIDE],
        "upsert": [*SOURCE, (3, "old"), *OLD_BESIDE],
    }
    return Counter(new[options.write_disposition])


def check(schedule, options):
    """Assert what must hold at the end, and return how the task ended."""
    rows, error = schedule.pool.tables[TARGET], schedule.latest.error
    assert not isinstance(error, LoadSupersededError), "the latest try is never the one to give up"
    if error is not None and not isinstance(error, SynapseError):
        raise error
    if options.reload:
        assert all(count <= 1 for count in schedule.pool.commits.values()), schedule.pool.commits
    elif error is None:
        assert rows == expected(options)
    elif options.write_disposition == "append":
        assert rows in (Counter(), expected(options))
    if isinstance(error, TooManyRejectedRowsError):
        assert rows in (Counter(old_rows(options)), expected(options))
    if all(schedule.too_many.values()):
        assert rows == Counter(old_rows(options))
    if error is None and options.reload:
        assert schedule.pool.commits[str(schedule.clear_number)] == 1 or schedule.latest.result.reused
    staging = [name for name in schedule.pool.tables if "airflow_load" in name]
    if error is None and schedule.has_store and len(schedule.workers) == 1:
        assert not staging
    return type(error)


def tell(options, **circumstances):
    """Run the stories, and return how many ended how."""
    ends = Counter()
    for seed in range(SCHEDULES):
        try:
            ends[check(Schedule(options, seed, **circumstances).run(), options)] += 1
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
    return ends


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("name", LOADS)
@pytest.mark.parametrize("has_store", [True, False], ids=["store", "no store"])
def test_rows_are_loaded_once_or_the_task_says_that_nobody_can_know(name, has_store):
    options = LOADS[name]
    ends = tell(options, has_store=has_store)
    assert ends[type(None)] > SCHEDULES / 4
    if options.is_repeatable or options.ledger_table:
        assert not ends[CopyOutcomeUnknownError]
    else:
        assert ends[CopyOutcomeUnknownError]


def test_the_ledger_is_enough_where_the_pool_shows_no_requests():
    ends = tell(LOADS["append with ledger"], has_store=False, is_blind=True)
    assert ends[type(None)] > SCHEDULES / 4
    assert not ends[CopyOutcomeUnknownError]


@pytest.mark.parametrize("name", ["append", "append with ledger", "truncate", "replace_slice"])
def test_rows_are_loaded_once_where_the_pool_does_not_show_which_sessions_are_open(name):
    ends = tell(LOADS[name], hides_sessions=True)
    assert ends[type(None)] > SCHEDULES / 4
    assert not ends[StatementError]


@pytest.mark.parametrize("name", INSPECTED)
@pytest.mark.parametrize("has_store", [True, False], ids=["store", "no store"])
def test_a_load_with_too_many_rejected_rows_changes_nothing_and_one_with_fewer_loads_once(name, has_store):
    ends = tell(LOADS[name], has_store=has_store, is_inspected=True)
    assert ends[type(None)] > SCHEDULES / 8
    assert ends[TooManyRejectedRowsError] > SCHEDULES / 8
    assert not ends[CopyOutcomeUnknownError]


class TwoTries(Schedule):
    """Another try begins while one is at a given moment, gets to another moment, and the first one goes on."""

    def __init__(self, options, *, clears, is_inspected=False):
        super().__init__(options, seed=0, is_inspected=is_inspected)
        self.pool.failures = 0
        self.clears = clears

    def run_moments(self, first_steps, second_steps):
        """Return whether the first try was still alive at its moment."""
        first = self.latest
        self.advance(first, first_steps)
        is_alive = not first.is_over
        self.clear_number += self.clears
        self.start_try()
        self.advance(self.latest, second_steps)
        self.finish(first)
        for _ in range(20):
            self.finish(self.latest)
            if self.has_ended():
                break
            self.start_try()
        while self.pool.proceed():
            pass
        return is_alive

    def advance(self, worker, steps):
        for _ in range(steps):
            if worker.is_over:
                return
            if worker.moment in {"blocked", "pause", "running"}:  # it was seen there one step long
                self.pool.proceed()
            worker.step()

    def finish(self, worker):
        """Let a worker run to its end, and another one, or the pool, when it has to wait for that."""
        for _ in range(500):
            if worker.is_over:
                return
            if worker.moment in {"blocked", "pause", "running"}:
                self.pool.proceed()
            worker.step()
            if worker.moment in {"blocked", "pause"}:
                for other in self.workers:
                    if other is not worker:
                        self.advance(other, 1)
        raise AssertionError("no end")


@pytest.mark.parametrize("clears", [0, 1], ids=["retry", "clear"])
@pytest.mark.parametrize("name", ["append", "append with ledger", "truncate", "replace_slice"])
def test_two_tries_at_the_same_time_load_once_at_whatever_moments_they_meet(name, clears):
    options = LOADS[name]
    for first_steps in range(0, 200, 2):
        is_alive = False
        for second_steps in (0, 3, 5, 7, 11, 17, 29):
            schedule = TwoTries(options, clears=clears)
            is_alive |= schedule.run_moments(first_steps, second_steps)
            try:
                check(schedule, options)
            except AssertionError as error:
                raise AssertionError(f"{first_steps} and {second_steps} steps") from error
        if not is_alive:
            return
    raise AssertionError("the first try never ended")


@pytest.mark.parametrize("fault", [WorkerDied, lost_link], ids=["worker dies", "link breaks"])
@pytest.mark.parametrize("name", LOADS)
def test_a_fault_at_any_moment_costs_nothing_as_long_as_the_pool_remembers(name, fault):
    options = LOADS[name]
    for steps in range(200):
        schedule = TwoTries(options, clears=0, is_inspected=options.path == "staged")
        schedule.too_many = {0: False}
        worker = schedule.latest
        schedule.advance(worker, steps)
        if worker.is_over:
            return
        if worker.moment != "start" and not (fault is lost_link and worker.moment in {"store", "stored", "inspect"}):
            worker.step(fault())
        for _ in range(20):
            schedule.finish(schedule.latest)
            if schedule.has_ended():
                break
            schedule.start_try()
        assert schedule.latest.error is None, (steps, schedule.latest.error)
        check(schedule, options)
    raise AssertionError("the try never ended")


TAKEN_OVER = ["append with ledger", "truncate", "replace"]


@pytest.mark.parametrize("name", TAKEN_OVER)
def test_of_two_triggerers_with_one_load_the_one_that_began_last_loads(name):
    """The first one was slow, not dead: when its session is ended, it makes another attempt."""
    schedule = Schedule(LOADS[name], 0)
    schedule.pool.failures = 0
    first = schedule.latest
    while first.moment != "running":
        first.step()
    schedule.try_number -= 1  # the same try
    schedule.kept = {}  # a trigger writes into no store that another one reads
    schedule.start_try()
    second = schedule.latest
    for _ in range(2000):
        if first.is_over and second.is_over:
            break
        if second.moment in {"pause", "blocked"}:
            schedule.pool.proceed()
        for worker in schedule.alive:
            worker.step()
        if second.moment == "running" and first.is_over:
            schedule.pool.proceed()
    assert isinstance(first.error, LoadSupersededError)
    assert second.error is None
    assert schedule.pool.tables[TARGET] == expected(LOADS[name])
