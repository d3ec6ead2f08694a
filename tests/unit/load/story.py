"""A story: one task, its tries and clears, and what goes wrong, each step chosen by a seed."""

import random
from abc import ABC, abstractmethod

from simulated_pool import WorkerDied


class Story(ABC):
    """A story whose tries are workers on a simulated pool.

    :param kinds: Methods for the kinds of trouble that there are; each story has some of them, and more or less of it.
    :ivar kept: What Airflow's store holds.
    :ivar workers: One for each try.
    """

    #: The kind of a story that would have none.
    least_trouble = "try_again"
    #: How often the pool goes on rather than a worker.
    pool_goes_on = 0.2
    #: Tries that a task may need once the faults are over.
    last_tries = 20

    def __init__(self, seed, kinds):
        self.chance = random.Random(seed)
        self.trouble = self.chance.choice([0.1, 0.25, 0.4])
        self.kinds = [kind for kind in kinds if self.chance.random() < 0.6] or [self.least_trouble]
        self.kept = {}
        self.clear_number, self.try_number = 0, 0
        self.workers = []

    @abstractmethod
    def start_try(self):
        """Add a worker."""

    @abstractmethod
    def break_worker(self):
        """Let one worker meet an error, or die."""

    @property
    def latest(self):
        return self.workers[-1]

    @property
    def alive(self):
        return [each for each in self.workers if not each.is_over]

    def run(self):
        for _ in range(self.chance.choice([5, 20, 60])):
            self.go_on(faults=True)
            if self.latest.is_over:
                self.react()
        # The faults are over: Airflow tries again until the task succeeds, or fails for good.
        for _ in range(self.last_tries):
            while not self.latest.is_over:
                self.go_on(faults=False)
            if self.has_ended():
                break
            self.start_try()
        else:
            raise AssertionError(f"no end: {self.latest.error!r}")
        while self.alive:
            self.go_on(faults=False)
        while self.pool.proceed():
            pass
        return self

    def react(self):
        """Airflow tries again what may succeed; a user clears what has ended, green or red, or leaves it."""
        if not self.has_ended():
            self.start_try()
        elif self.chance.random() < 0.3:
            self.clear()

    def has_ended(self):
        error = self.latest.error
        return error is None or not (isinstance(error, WorkerDied) or error.retryable)

    def go_on(self, *, faults):
        if faults and self.chance.random() < self.trouble:
            getattr(self, self.chance.choice(self.kinds))()
            return
        if (not self.alive or self.chance.random() < self.pool_goes_on) and self.pool.proceed():
            return
        if alive := self.alive:
            self.step(self.chance.choice(alive), faults=faults)

    def step(self, worker, *, faults):
        worker.step()

    def forget(self):
        self.pool.forget()

    def try_again(self):
        """Airflow starts another try: the last one is over, or Airflow believes so."""
        self.start_try()

    def clear(self):
        self.clear_number += 1
        self.start_try()
