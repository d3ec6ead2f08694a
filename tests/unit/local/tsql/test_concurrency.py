"""Concurrency slots: DW100c runs four queries on user tables at once."""

import threading
import time

import pytest

from airflow_synapse.local.errors import StatementCancelled
from airflow_synapse.local.faults import Fault

STATUS = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = '{label}'"
WAITS = "SELECT type, state FROM sys.dm_pdw_waits"


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def busy(pool, client, new_client):
    """Four queries that run until they are released."""
    client.run("CREATE TABLE t (a int) CREATE TABLE s (a int)")
    pool.faults.add(Fault("hold", label="busy", times=4))
    queries = [
        threading.Thread(target=new_client().run, args=("SELECT * FROM t OPTION (LABEL = 'busy')",)) for _ in range(4)
    ]
    for query in queries:
        query.start()
    wait_for(lambda: sum(fault["held"] for fault in pool.faults.listed()) == 4)
    yield
    pool.faults.release()
    for query in queries:
        query.join()


GOVERNED = (
    "SELECT * FROM t",
    "WITH c AS (SELECT a FROM t) SELECT * FROM c",
    "SELECT COUNT(*) FROM sys.tables WHERE EXISTS (SELECT 1 FROM t)",
    "INSERT INTO s SELECT a FROM t",
    "DELETE FROM s WHERE a = 1",
    "UPDATE s SET a = 2",
    "CREATE TABLE n WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT a FROM t",
)


@pytest.mark.parametrize("text", GOVERNED)
def test_one_query_more_is_suspended_until_another_ends(busy, pool, client, new_client, text):
    query = threading.Thread(target=new_client().run, args=(f"{text} OPTION (LABEL = 'fifth')",))
    query.start()
    wait_for(lambda: client.rows(STATUS.format(label="fifth")) == [("Suspended",)])
    assert client.rows(WAITS) == [("UserConcurrencyResourceType", "AcquireResources")]
    assert client.rows("SELECT start_time FROM sys.dm_pdw_exec_requests WHERE [label] = 'fifth'") == [(None,)]
    pool.faults.release()
    query.join()
    assert client.rows(STATUS.format(label="fifth")) == [("Completed",)]
    assert client.rows(WAITS) == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM sys.dm_pdw_exec_requests",
        "SELECT @@VERSION",
        "INSERT INTO s VALUES (1)",
        "TRUNCATE TABLE s",
        "CREATE TABLE n (a int) DROP TABLE n",
        "ALTER TABLE s SWITCH TO t",
        "BEGIN TRAN COMMIT",
        "WITH c AS (SELECT name FROM sys.tables) SELECT * FROM c",
    ],
)
def test_exempt_statements_run_beside_a_full_pool(busy, client, text):
    client.run(text)


def test_a_suspended_query_can_be_cancelled(busy, client, new_client):
    other, errors = new_client(), []

    def run():
        try:
            other.run("SELECT * FROM t OPTION (LABEL = 'fifth')")
        except StatementCancelled as error:
            errors.append(error)

    query = threading.Thread(target=run)
    query.start()
    wait_for(lambda: client.rows(STATUS.format(label="fifth")) == [("Suspended",)])
    other.session.cancel()
    query.join()
    assert len(errors) == 1
    assert client.rows(STATUS.format(label="fifth")) == [("Cancelled",)]


def test_a_query_that_ends_badly_gives_its_slot_back(client):
    client.run("CREATE TABLE t (a int) INSERT INTO t VALUES (0)")
    for _ in range(5):
        with pytest.raises(Exception, match="zero"):
            client.run("SELECT 1 / a FROM t")
    assert client.rows("SELECT a FROM t") == [(0,)]


def test_a_transaction_ends_although_those_who_wait_for_it_have_every_slot(client, new_client):
    client.run("CREATE TABLE t (a int) CREATE TABLE s (a int) INSERT INTO s VALUES (1)")
    client.run("BEGIN TRAN DELETE FROM t")
    others = [new_client() for _ in range(4)]
    waiting = [threading.Thread(target=other.run, args=("DELETE FROM t",), daemon=True) for other in others]
    for query in waiting:
        query.start()
    running = "SELECT COUNT(*) FROM sys.dm_pdw_exec_requests WHERE status = 'Running' AND command = 'DELETE FROM t'"
    wait_for(lambda: client.rows(running) == [(4,)])
    publishing = threading.Thread(target=client.run, args=("INSERT INTO t SELECT a FROM s COMMIT",), daemon=True)
    publishing.start()
    publishing.join(10)
    assert not publishing.is_alive()
    for query in waiting:
        query.join()
    assert client.rows("SELECT a FROM t") == []
