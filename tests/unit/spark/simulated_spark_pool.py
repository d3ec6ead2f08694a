"""A Spark pool, the storage of a job, and what goes wrong between them and a worker, in an order that a seed decides.

Each call stops before it has an effect and again before its answer arrives, and in between anything may happen: a
submission may arrive late, or never, and whoever has sent it does not learn which.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from airflow_synapse.exceptions import SparkJobError, SparkPoolError
from airflow_synapse.spark.batch import BatchRequest, BatchStatus
from airflow_synapse.spark.names import BatchName


@dataclass(eq=False)
class Submission:
    """A request to submit, under way."""

    request: BatchRequest
    batch: Job | None = None
    is_lost: bool = False


@dataclass(eq=False)
class Job:
    """A batch that the pool has accepted. The first one has number 0."""

    batch_id: int
    name: str
    state: str = "not_started"
    is_cancelled: bool = False
    is_forgotten: bool = False

    @property
    def status(self):
        return BatchStatus(batch_id=self.batch_id, name=self.name, state=self.state)


class Pool:
    """The pool and the storage. ``done`` counts how often the work was done for each clear number."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.failures = 0.2
        self.jobs = []
        self.under_way = []
        self.requests = set()  # names whose request is in storage
        self.results = set()  # names whose job has written its result
        self.done = Counter()

    def proceed(self):
        """Let one thing go on that needs no worker; return whether there was one."""
        active = [job for job in self.jobs if not job.status.is_over]
        choices = [*self.under_way, *active]
        if not choices:
            return False
        choice = self.chance.choice(choices)
        if isinstance(choice, Submission):
            self.arrive(choice, is_lost=self.chance.random() < self.failures)
        else:
            self.go_on(choice)
        return True

    def arrive(self, submission, *, is_lost):
        self.under_way.remove(submission)
        submission.is_lost = is_lost
        if not is_lost:
            submission.batch = Job(len(self.jobs), submission.request.name)
            self.jobs.append(submission.batch)

    def go_on(self, job):
        if job.state == "not_started":
            if job.is_cancelled:
                job.state = "killed"
            else:  # the job reads its request first, and ends when there is none
                job.state = "running" if job.name in self.requests else "dead"
        elif job.is_cancelled and self.chance.random() < 0.7:
            job.state = "killed"
        elif self.chance.random() < self.failures:
            job.state = self.chance.choice(["dead", "error", "success"])  # a state may be wrong
        else:
            self.done[BatchName.parse(job.name).clear_number] += 1
            self.results.add(job.name)
            job.state = self.chance.choice(["success", "success", "success", "dead"])  # here, too

    def forget(self):
        """The pool lists no more what is over for long."""
        for job in self.jobs:
            if job.status.is_over and self.chance.random() < 0.5:
                job.is_forgotten = True


class Client:
    """The pool and the job as a run sees them. ``stop`` hands control to the schedule, which may answer by an error."""

    def __init__(self, pool, stop):
        self.pool, self.stop = pool, stop

    def submit(self, request):
        self.stop("before")
        submission = Submission(request)
        self.pool.under_way.append(submission)
        while submission.batch is None:
            if submission.is_lost:
                raise SparkPoolError("503", status=503, retryable=True)
            self.stop("sent")
        self.stop("after")
        return submission.batch.batch_id

    def find(self, text):
        self.stop("before")
        found = [job.status for job in self.pool.jobs if text in job.name and not job.is_forgotten]
        self.stop("after")
        return found

    def status(self, batch_id):
        self.stop("before")
        job = self.pool.jobs[batch_id]
        status = None if job.is_forgotten else job.status
        self.stop("after")
        return status

    def cancel(self, batch_id):
        self.stop("before")
        self.pool.jobs[batch_id].is_cancelled = True
        self.stop("after")

    def prepare(self, name, earlier):
        self.stop("storage")
        self.pool.requests.add(name)
        self.stop("stored")
        return BatchRequest(name=name, file="abfss://c@a.dfs.core.windows.net/job.py")

    def has_result(self, name):
        self.stop("storage")
        return name in self.pool.results

    def withdraw(self, name):
        self.stop("storage")
        self.pool.requests.discard(name)
        self.stop("stored")


def do_work(run):
    """What an operator does with a run, and return the name of the batch whose result it takes."""
    batch = run.start()
    if not batch.is_done:
        run.wait(batch, poll_interval=1.0)
        if not run._job.has_result(batch.name):
            raise SparkJobError("no result")
    return batch.name
