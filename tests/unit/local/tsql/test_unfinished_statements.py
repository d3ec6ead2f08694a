"""What a statement leaves behind that its client or a cancel did not let end: all of it, or nothing."""

import pytest

from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.faults import Fault

STATUS = "SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = 'one'"


@pytest.fixture
def tables(client):
    client.run(
        "CREATE TABLE kept (a int) WITH (HEAP) CREATE TABLE other (a int) WITH (HEAP) INSERT INTO kept VALUES (1)"
    )
    client.run("CREATE STATISTICS numbers ON kept (a) CREATE SCHEMA stage")


def objects(client):
    queries = ("SELECT name FROM sys.tables", "SELECT name FROM sys.stats", "SELECT name FROM sys.schemas")
    return [sorted(row[0] for row in client.rows(query)) for query in queries]


def test_a_committed_statement_whose_answer_nobody_takes_is_completed(client, tables):
    outcomes = client.session.execute("INSERT INTO kept SELECT 2 OPTION (LABEL = 'one')")
    next(outcomes)
    outcomes.close()
    assert client.rows(STATUS) == [("Completed",)]
    assert client.rows("SELECT COUNT(*) FROM kept") == [(2,)]


def test_a_query_whose_rows_nobody_takes_is_cancelled(client, tables):
    outcomes = client.session.execute("SELECT * FROM kept OPTION (LABEL = 'one')")
    next(outcomes)
    outcomes.close()
    assert client.rows(STATUS) == [("Cancelled",)]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE made (a int)",
        "CREATE TABLE #made (a int)",
        "CREATE TABLE made WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT a FROM kept",
        "DROP TABLE kept",
        "RENAME OBJECT kept TO made",
        "ALTER TABLE kept SWITCH TO other",
        "CREATE SCHEMA made",
        "DROP SCHEMA stage",
        "CREATE STATISTICS made ON kept (a)",
        "DROP STATISTICS kept.numbers",
        "INSERT INTO kept SELECT a FROM kept",
        "DELETE FROM kept",
        "TRUNCATE TABLE kept",
    ],
)
def test_a_statement_that_is_stopped_before_its_commit_changes_nothing(client, pool, tables, text):
    before = objects(client)
    pool.faults.add(Fault("drop"))
    with pytest.raises(StatementCancelled):
        client.run(text)
    assert objects(client) == before
    assert client.rows("SELECT a FROM kept") == [(1,)]
    client.run(text)


def test_a_wait_that_ends_gives_up_the_locks_it_had(client, new_client, tables):
    client.run("BEGIN TRAN INSERT INTO other VALUES (1)")
    waiting, third = new_client(), new_client()
    with pytest.raises(PoolError) as refused:
        waiting.run("SET LOCK_TIMEOUT 20 ALTER TABLE kept SWITCH TO other")
    assert refused.value.number == 1222
    third.run("SET LOCK_TIMEOUT 20 DELETE FROM kept")


def test_an_abandoned_transaction_is_rolled_back_with_its_session(client, new_client, tables):
    lost = new_client()
    lost.run("BEGIN TRAN DELETE FROM kept")
    lost.session.close()
    assert client.rows("SELECT a FROM kept") == [(1,)]


def test_a_session_can_be_ended_while_it_closes(new_client):
    client = new_client()
    client.session.close()

    client.session.kill()
