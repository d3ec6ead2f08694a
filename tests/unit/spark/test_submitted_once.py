"""A job does its work once, whatever happens meanwhile: thousands of schedules of faults, each decided by a seed."""

import logging
import os
from collections import Counter

import pytest
from simulated_pool import Worker, WorkerDied
from simulated_spark_pool import Client, Pool, do_work
from story import Story

from airflow_synapse.exceptions import LoadSupersededError, SparkPoolError, SynapseError
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import MemoryStore
from airflow_synapse.spark.names import BatchName
from airflow_synapse.spark.run import SparkBatchRun

#: Stories of each kind; more by the environment, for a night.
SCHEDULES = int(os.environ.get("SYNAPSE_SCHEDULES", "500"))


class StoppingStore(MemoryStore):
    """Airflow's store: it outlives the workers, and they may die before they read it and after they have written.

    Nothing happens between a read and the write that follows it: the store has no way to write only what nobody else
    has changed, and two tries would have to meet within milliseconds.
    """

    def __init__(self, values, stop):
        self._values, self._stop = values, stop

    def get(self, key):
        self._stop("store")
        return self._values.get(key)

    def set(self, key, value):
        self._values[key] = value
        self._stop("stored")


def dropped():
    return SparkPoolError("the answer was lost", retryable=True)


class Schedule(Story):
    """One story: a task, its tries and clears, and what goes wrong."""

    least_trouble = "break_worker"
    pool_goes_on = 0.3
    last_tries = 30

    def __init__(self, seed, *, has_store=True, work=do_work):
        # Where Airflow remembers nothing, the pool must: its list is all that there is.
        super().__init__(seed, ("forget", "clear", "try_again", "break_worker")[not has_store :])
        self.has_store = has_store
        self.work = work
        self.pool = Pool(self.chance)
        self.start_try()

    def start_try(self):
        if not self.has_store:  # nobody knows of what is under way: it must have ended, arrived or be lost
            for each in self.workers:
                if each.moment == "start":
                    each.step()
                if not each.is_over:
                    each.step(WorkerDied())
            while self.pool.under_way:
                self.pool.arrive(self.pool.under_way[0], is_lost=self.chance.random() < 0.5)
        self.try_number += 1
        identity = LoadIdentity(dag_id="d", task_id="t", run_id="r", clear_number=self.clear_number)
        kept, try_number = self.kept if self.has_store else {}, self.try_number

        def work(_, stop):
            client = Client(self.pool, stop)
            return self.work(
                SparkBatchRun(
                    pool=client,
                    job=client,
                    identity=identity,
                    try_number=try_number,
                    store=StoppingStore(kept, stop),
                    has_store=self.has_store,
                    pause=lambda seconds: stop("pause"),
                )
            )

        self.workers.append(Worker(self.pool, work))

    def break_worker(self):
        if not self.alive:
            return
        worker = self.chance.choice(self.alive)
        if worker.moment == "start":
            worker.step()
        elif worker.moment in {"before", "sent", "after"}:
            worker.step(self.chance.choice([WorkerDied, dropped])())
        else:
            worker.step(WorkerDied())


def check(schedule):
    """Assert what must hold at the end, and return how the task ended."""
    pool, error = schedule.pool, schedule.latest.error
    assert all(count <= 1 for count in pool.done.values()), pool.done
    assert not isinstance(error, LoadSupersededError), "the latest try is never the one to give up"
    if error is not None and not isinstance(error, SynapseError):
        raise error
    if error is None:
        name = schedule.latest.result
        assert name in pool.results
        assert BatchName.parse(name).clear_number == schedule.clear_number
        assert pool.done[schedule.clear_number] == 1
    return type(error)


def tell(**circumstances):
    """Run the stories, and return how many ended how."""
    ends = Counter()
    for seed in range(SCHEDULES):
        try:
            ends[check(Schedule(seed, **circumstances).run())] += 1
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
    return ends


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("has_store", [True, False], ids=["store", "no store"])
def test_the_work_is_done_once(has_store):
    assert tell(has_store=has_store) == {type(None): SCHEDULES}


class TwoTries(Schedule):
    """Another try begins while one is at a given moment, gets to another moment, and the first one goes on."""

    def __init__(self, *, clears):
        super().__init__(seed=0)
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
        self.advance(first, 500)
        for _ in range(20):
            self.advance(self.latest, 500)
            if self.has_ended():
                break
            self.start_try()
        while self.pool.proceed():
            pass
        return is_alive

    def advance(self, worker, steps):
        """Let a worker run that far, and the pool whenever the worker waits for it."""
        for _ in range(steps):
            if worker.is_over:
                return
            if worker.moment in {"pause", "sent"}:
                self.pool.proceed()
            worker.step()


@pytest.mark.parametrize("clears", [0, 1], ids=["retry", "clear"])
def test_two_tries_at_the_same_time_do_the_work_once_at_whatever_moments_they_meet(clears):
    for first_steps in range(100):
        is_alive = False
        for second_steps in range(45):
            schedule = TwoTries(clears=clears)
            is_alive |= schedule.run_moments(first_steps, second_steps)
            try:
                check(schedule)
            except AssertionError as error:
                raise AssertionError(f"{first_steps} and {second_steps} steps") from error
        if not is_alive:
            assert first_steps > 10
            return
    raise AssertionError("the first try never ended")


@pytest.mark.parametrize("fault", [WorkerDied, dropped], ids=["worker dies", "answer is lost"])
def test_a_fault_at_any_moment_costs_nothing(fault):
    for steps in range(100):
        schedule = TwoTries(clears=0)
        worker = schedule.latest
        schedule.advance(worker, steps)
        if worker.is_over:
            assert steps > 10
            return
        if worker.moment != "start" and (fault is WorkerDied or worker.moment in {"before", "sent", "after"}):
            worker.step(fault())
        for _ in range(20):
            schedule.advance(schedule.latest, 500)
            if schedule.has_ended():
                break
            schedule.start_try()
        assert schedule.latest.error is None, (steps, schedule.latest.error)
        check(schedule)
    raise AssertionError("the try never ended")


class OnlyTry(Schedule):
    """The one try of a task without retries, whose calls to the pool may fail."""

    def run(self):
        while not self.latest.is_over:
            can_fail = self.latest.moment in {"before", "sent", "after"}
            if can_fail and self.chance.random() < self.trouble:
                self.latest.step(dropped())
            else:
                self.go_on(faults=False)
        return self


def test_a_batch_that_nobody_waits_for_finds_no_request():
    failures = 0
    for seed in range(SCHEDULES):
        schedule = OnlyTry(seed, work=SparkBatchRun.start)
        error = schedule.run().latest.error
        if error is not None:
            failures += 1
            assert isinstance(error, SparkPoolError), seed
            begun = {job.name for job in schedule.pool.jobs if job.state != "not_started"}
            while schedule.pool.proceed():
                pass
            assert schedule.pool.results <= begun, seed
    assert failures > SCHEDULES / 50
