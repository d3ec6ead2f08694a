"""What a try does about the batches before it, one case at a time. ``test_submitted_once`` tells what must never be."""

import logging
import random

import pytest
from simulated_spark_pool import Client, Job, Pool

from airflow_synapse.exceptions import (
    LoadSupersededError,
    SourceFilesError,
    SparkBatchBusyError,
    SparkPoolError,
    StatementCancelledError,
)
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import MemoryStore
from airflow_synapse.spark.names import BatchName
from airflow_synapse.spark.run import SparkBatchRun

IDENTITY = LoadIdentity(dag_id="flights", task_id="stage", run_id="manual__1")


class RecordingClient(Client):
    """The simulated pool, with what it was asked for, and errors that tests put in the way."""

    def __init__(self, pool):
        super().__init__(pool, lambda moment: None)
        self.calls = []
        self.errors = {}  # name of a call -> errors, one for each call
        self.prepared = []

    def submit(self, request):
        self.calls.append(("submit", request.name))
        if errors := self.errors.get("submit"):
            raise errors.pop(0)
        self.pool.jobs.append(Job(len(self.pool.jobs), request.name))
        return self.pool.jobs[-1].batch_id

    def find(self, text):
        self._note("find", text)
        return super().find(text)

    def status(self, batch_id):
        self._note("status", batch_id)
        return super().status(batch_id)

    def cancel(self, batch_id):
        self._note("cancel", batch_id)
        self.pool.jobs[batch_id].state = "killed"

    def prepare(self, name, earlier):
        self.prepared.append((name, earlier))
        return super().prepare(name, earlier)

    def withdraw(self, name):
        self._note("withdraw", name)
        super().withdraw(name)

    def _note(self, call, argument):
        self.calls.append((call, argument))
        if errors := self.errors.get(call):
            raise errors.pop(0)

    def called(self, name):
        return [argument for call, argument in self.calls if call == name]


@pytest.fixture
def pool():
    return Pool(random.Random(1))


@pytest.fixture
def client(pool):
    return RecordingClient(pool)


@pytest.fixture
def new_run(client):
    """The run of a try: ``new_run(2, clear_number=1)``; all share what Airflow remembers."""
    store = MemoryStore()

    def new(try_number=1, *, fingerprint="0" * 8, pause=lambda seconds: None, store=store, **identity):
        fields = {"dag_id": "flights", "task_id": "stage", "run_id": "manual__1", **identity}
        return SparkBatchRun(
            pool=client,
            job=client,
            identity=LoadIdentity(**fields),
            try_number=try_number,
            store=store,
            has_store=True,
            fingerprint=fingerprint,
            pause=pause,
        )

    return new


def doubtful():
    return SparkPoolError("answered 503", status=503, retryable=True)


def test_the_first_batch_of_a_pool_has_number_0_and_is_found_again(client, new_run):
    first = new_run(1).start()
    assert (first.batch_id, first.is_done) == (0, False)
    client.pool.jobs[0].state = "running"
    client.find = lambda text: []  # only the number leads to it
    assert new_run(2).start() == first
    assert len(client.called("submit")) == 1


def test_a_retry_takes_the_result_of_a_batch_that_is_done(client, new_run):
    first = new_run(1).start()
    client.pool.jobs[0].state = "success"
    client.pool.results.add(first.name)
    second = new_run(2).start()
    assert (second.name, second.batch_id, second.is_done) == (first.name, 0, True)
    assert len(client.called("submit")) == 1


def test_a_result_counts_more_than_the_state(client, new_run):
    first = new_run(1).start()
    client.pool.jobs[0].state = "dead"
    client.pool.results.add(first.name)
    assert new_run(2).start().name == first.name


def test_a_batch_that_succeeded_without_a_result_is_submitted_again(client, new_run):
    first = new_run(1).start()
    client.pool.jobs[0].state = "success"
    second = new_run(2).start()
    assert (second.batch_id, second.is_done) == (1, False)
    assert client.prepared[1] == (second.name, [first.name])


def test_a_cleared_task_cancels_the_batch_from_before_and_submits_anew(client, new_run):
    first = new_run(1).start()
    client.pool.jobs[0].state = "running"
    client.pool.results.add(first.name)
    second = new_run(2, clear_number=1).start()
    assert client.called("cancel") == [0]
    assert (second.batch_id, second.is_done) == (1, False)
    assert client.prepared[1] == (second.name, [])


def test_the_kill_of_a_cleared_try_that_comes_late_does_not_touch_the_batch_of_the_new_one(client, new_run):
    old = new_run(1)
    old.start()
    new = new_run(2, clear_number=1).start()
    client.calls.clear()
    old.cancel()
    assert client.called("cancel") == [0] != [new.batch_id]


def test_a_batch_for_another_request_is_cancelled_instead_of_waited_for(client, new_run):
    new_run(1).start()
    assert new_run(2, fingerprint="1" * 8).start().batch_id == 1
    assert client.called("cancel") == [0]


def test_another_mapped_task_that_inherits_the_record_has_a_batch_of_its_own(client, new_run):
    new_run(1, map_index=0).start()
    assert new_run(1, map_index=1).start().batch_id == 1
    assert client.called("cancel") == []


def test_a_refused_batch_is_submitted_once(client, new_run):
    client.errors["submit"] = [SparkPoolError("answered 400", status=400)]
    with pytest.raises(SparkPoolError, match="answered 400"):
        new_run().start()
    assert len(client.called("submit")) == 1


def test_a_batch_that_was_accepted_without_an_answer_is_found_by_its_name(client, new_run):
    def accept(request):
        client.pool.jobs.append(Job(0, request.name))
        raise doubtful()

    client.submit = accept
    batch = new_run().start()
    assert (batch.batch_id, batch.name) == (0, client.pool.jobs[0].name)


def test_a_batch_that_is_not_found_is_withdrawn_before_another_is_submitted(client, new_run):
    client.errors["submit"] = [doubtful()]
    pauses = []
    batch = new_run(pause=pauses.append).start()
    first, second = client.called("submit")
    assert second == batch.name != first
    assert client.called("withdraw") == [first]
    assert client.calls.index(("withdraw", first)) < client.calls.index(("submit", second))
    assert sum(pauses) == 15


def test_a_pool_that_accepts_nothing_ends_the_try_with_its_error_and_leaves_nothing(client, new_run, pool):
    client.errors["submit"] = [doubtful() for _ in range(4)]
    with pytest.raises(SparkPoolError, match="503") as caught:
        new_run().start()
    assert caught.value.retryable
    assert len(client.called("submit")) == 4
    assert not pool.requests


def test_a_withdrawn_batch_that_begins_after_all_is_cancelled(client, new_run):
    client.errors["submit"] = [SparkPoolError("answered 400", status=400)]
    with pytest.raises(SparkPoolError):
        new_run(1).start()
    client.errors["submit"] = [SparkPoolError("answered 400", status=400)]
    with pytest.raises(SparkPoolError):
        new_run(2).start()
    client.pool.jobs.append(Job(0, client.called("withdraw")[0], "running"))
    assert new_run(3).start().batch_id == 1
    assert client.called("cancel") == [0]


def test_a_try_that_was_given_up_leaves_alone_what_a_later_one_has_begun(client, new_run):
    client.errors["submit"] = [SparkPoolError("answered 400", status=400)]
    with pytest.raises(SparkPoolError):
        new_run(2).start()
    with pytest.raises(LoadSupersededError):
        new_run(1).start()
    assert client.called("withdraw") == client.called("cancel") == []


def test_a_cancelled_batch_that_does_not_end_is_named(client, new_run):
    new_run(1).start()
    client.cancel = lambda batch_id: None
    pauses = []
    with pytest.raises(SparkBatchBusyError, match=r"Spark batch 0 .* was cancelled, and does not end") as caught:
        new_run(2, clear_number=1, pause=pauses.append).start()
    assert caught.value.retryable
    assert sum(pauses) == 300


def test_a_store_that_fails_before_the_submission_prevents_it(client, new_run):
    class Broken(MemoryStore):
        def set(self, key, value):
            raise OSError("the API server is away")

    with pytest.raises(OSError, match="away"):
        new_run(store=Broken()).start()
    assert client.called("submit") == []


def test_a_store_that_fails_after_the_submission_costs_nothing(client, new_run):
    class Breaking(MemoryStore):
        def set(self, key, value):
            if client.pool.jobs:
                raise OSError("the API server is away")
            super().set(key, value)

    store = Breaking()
    first = new_run(store=store).start()
    assert new_run(2, store=store).start() == first
    assert len(client.called("submit")) == 1


def test_a_try_that_cannot_find_out_withdraws_what_the_pool_may_have(client, new_run, caplog):
    client.errors = {"submit": [doubtful()]}
    client.find = lambda text: (_ for _ in ()).throw(doubtful()) if client.called("submit") else []
    client.errors["withdraw"] = [SourceFilesError("storage is out of reach")]
    with pytest.raises(SparkPoolError, match="503"):
        new_run(1).start()
    assert client.called("withdraw") == [client.prepared[0][0]]
    assert "storage is out of reach" in caplog.text


def test_a_kill_cancels_exactly_the_batch_of_the_task(client, new_run):
    new_run(1, task_id="other").start()
    run = new_run(1)
    run.start()
    run.cancel()
    assert client.called("cancel") == [1]


def test_a_kill_before_the_batch_has_a_number_withdraws_it_and_finds_it_by_name(client, new_run):
    run = new_run()

    def accept(request):
        client.pool.jobs.append(Job(0, request.name))
        run.cancel()  # the signal comes while the answer is awaited
        return 0

    client.submit = accept
    with pytest.raises(StatementCancelledError):
        run.start()
    assert client.called("withdraw") == [client.pool.jobs[0].name]
    assert set(client.called("cancel")) == {0}


def test_a_kill_before_the_submission_prevents_it(client, new_run):
    run = new_run()
    prepare = client.prepare

    def prepare_and_be_killed(name, earlier):
        run.cancel()
        return prepare(name, earlier)

    client.prepare = prepare_and_be_killed
    with pytest.raises(StatementCancelledError):
        run.start()
    assert client.called("submit") == []


def test_a_kill_that_fails_is_no_error(client, new_run, caplog):
    run = new_run()
    run.start()
    client.errors["cancel"] = [doubtful()]
    run.cancel()
    assert "could not be cancelled" in caplog.text


def test_a_wait_survives_errors_that_pass_and_cancels_nothing(client, new_run):
    run = new_run()
    batch = run.start()
    client.errors["status"] = [doubtful(), SparkPoolError("reset", retryable=True)]
    client.pool.jobs[0].state = "success"
    assert run.wait(batch, poll_interval=1).state == "success"
    assert client.called("cancel") == []


def test_a_wait_asks_once_in_each_interval(client, new_run):
    states = iter(["starting", "running", "running", "success"])
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        client.pool.jobs[0].state = next(states)

    run = new_run(pause=pause)
    batch = run.start()
    run.wait(batch, poll_interval=7)
    assert pauses == [7, 7, 7, 7]
    assert client.called("status") == [0] * 5
    assert client.called("find") == []  # Airflow remembers that no other try has submitted


def test_a_wait_ends_at_an_error_that_stays_and_cancels_nothing(client, new_run):
    run = new_run()
    batch = run.start()
    client.errors["status"] = [SparkPoolError("answered 403", status=403)]
    with pytest.raises(SparkPoolError, match="403"):
        run.wait(batch, poll_interval=1)
    assert client.called("cancel") == []


def test_a_pool_out_of_reach_for_half_an_hour_ends_the_wait(client, new_run, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("airflow_synapse.spark.watch.monotonic", lambda: now[0])

    def pause(seconds):
        now[0] += seconds

    run = new_run(pause=pause)
    batch = run.start()
    client.errors["status"] = [doubtful() for _ in range(100)]
    with pytest.raises(SparkPoolError, match="503") as caught:
        run.wait(batch, poll_interval=60)
    assert caught.value.retryable
    assert now[0] == 1860


def test_a_batch_that_the_pool_forgets_is_over_at_the_third_look(client, new_run):
    run = new_run()
    batch = run.start()
    answers = iter([None, client.pool.jobs[0].status, None, None, None])
    client.status = lambda batch_id: next(answers)
    status = run.wait(batch, poll_interval=1)
    assert (status.state, status.batch_id, status.name) == ("not_found", 0, batch.name)
    assert next(answers, "asked for all") == "asked for all"


def test_each_new_state_is_logged_once(client, new_run, caplog):
    caplog.set_level(logging.INFO)
    states = iter(["running", "running", "success"])

    def pause(seconds):
        client.pool.jobs[0].state = next(states)

    run = new_run(pause=pause)
    run.wait(run.start(), poll_interval=1)
    assert [line.split("state ")[1] for line in caplog.messages if "state " in line] == [
        "not_started",
        "running",
        "success",
    ]


def test_the_names_of_a_task_s_batches_differ_and_tell_its_tries(new_run):
    first, second = new_run(1).start(), new_run(2, clear_number=3).start()
    assert first.name != second.name
    assert BatchName.parse(first.name).rank == (0, 1)
    assert BatchName.parse(second.name).rank == (3, 2)
    assert BatchName.parse(first.name).load_id == IDENTITY.load_id
