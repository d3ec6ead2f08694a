"""Transactions, sessions beside each other, cancel, KILL, and what the DMVs tell of it."""

import threading

import pytest

from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.protocol import Done, LoginRequest, Parameter
from airflow_synapse.local.sql_types import SqlType

ENDLESS = "SELECT COUNT(*) FROM " + ", ".join(f"sys.types AS t{number}" for number in range(9))


def refusal(call, *arguments):
    with pytest.raises(PoolError) as refused:
        call(*arguments)
    return refused.value.number


@pytest.fixture
def table(client):
    client.run("CREATE TABLE t (a int) INSERT INTO t VALUES (1)")
    return "t"


class InThread:
    """A call in a thread; calling it gives what the call returned, or the error that it raised."""

    def __init__(self, call, *arguments):
        self._answer = []
        self._thread = threading.Thread(target=self._run, args=(call, *arguments), daemon=True)
        self._thread.start()

    def _run(self, call, *arguments):
        try:
            self._answer.append(call(*arguments))
        except (PoolError, StatementCancelled) as error:
            self._answer.append(error)

    def ended(self):
        self._thread.join(0.02)
        return not self._thread.is_alive()

    def __call__(self):
        self._thread.join(30)
        assert self._answer, "the call hangs"
        return self._answer[0]


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never happened")


def is_running(client, text):
    rows = client.rows("SELECT command FROM sys.dm_pdw_exec_requests WHERE status = 'Running'")
    return any(text in command for (command,) in rows)


@pytest.mark.parametrize("ends_by_text", [True, False])
def test_commit_keeps_and_rollback_undoes(client, table, ends_by_text):
    session = client.session
    begin, commit, rollback = (
        (lambda: client.run("BEGIN TRANSACTION"), lambda: client.run("COMMIT TRAN"), lambda: client.run("ROLLBACK"))
        if ends_by_text
        else (session.begin, session.commit, session.rollback)
    )
    begin()
    assert session.in_transaction
    assert client.value("@@TRANCOUNT") == 1
    client.run("INSERT INTO t VALUES (2)")
    rollback()
    assert not session.in_transaction
    begin()
    client.run("UPDATE t SET a = 5")
    commit()
    assert client.rows("SELECT a FROM t") == [(5,)]


def test_others_do_not_see_what_is_not_committed(client, new_client, table):
    other = new_client()
    client.run("BEGIN TRAN INSERT INTO t VALUES (2)")
    assert other.value("COUNT(*) FROM t") == 1
    client.run("COMMIT")
    assert other.value("COUNT(*) FROM t") == 2


def test_a_transaction_that_has_only_read_sees_what_others_commit(client, new_client, table):
    other = new_client()
    client.run("BEGIN TRAN")
    assert client.value("COUNT(*) FROM t") == 1
    other.run("INSERT INTO t VALUES (5)")
    assert client.value("COUNT(*) FROM t") == 2
    assert client.run("DELETE FROM t WHERE a = 5 COMMIT")[0] == Done(1)
    assert client.rows("SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE u (a int)",
        "CREATE TABLE #u (a int)",
        "CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 AS a",
        "DROP TABLE t",
        "CREATE SCHEMA s",
        "CREATE STATISTICS s ON t (a)",
        "COPY INTO t FROM 'https://lake.blob.core.windows.net/c/f.csv' WITH (FILE_TYPE = 'CSV')",
    ],
)
def test_ddl_and_copy_are_refused_in_a_transaction(client, table, text):
    client.run("BEGIN TRAN")
    assert refusal(client.run, text) == 111212
    client.run("ROLLBACK")
    assert client.rows("SELECT a FROM t") == [(1,)]


def test_truncate_takes_part_in_a_transaction(client, table):
    client.run("BEGIN TRAN TRUNCATE TABLE t ROLLBACK")
    assert client.rows("SELECT a FROM t") == [(1,)]


def test_after_an_error_only_rollback_is_left(client, table):
    client.run("BEGIN TRAN INSERT INTO t VALUES (2)")
    assert refusal(client.run, "INSERT INTO t SELECT 1 / 0") == 8134
    assert client.session.in_transaction
    client.run("ROLLBACK")
    client.run("BEGIN TRAN INSERT INTO t VALUES (3)")
    assert refusal(client.run, "SELECT nope") == 207
    assert refusal(client.run, "SELECT 1") == 111233
    assert not client.session.in_transaction
    assert client.rows("SELECT a FROM t") == [(1,)]


def test_a_failed_transaction_cannot_be_committed(client, table):
    client.run("BEGIN TRAN INSERT INTO t VALUES (2)")
    assert refusal(client.run, "SELECT nope") == 207
    assert refusal(client.session.commit) == 111233
    assert client.rows("SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize("condition", ["@@TRANCOUNT > 0", "XACT_STATE() = -2", "XACT_STATE() <> 0"])
@pytest.mark.parametrize("failing", ["SELECT CAST(v AS int) FROM w", "INSERT INTO t SELECT CAST(v AS int) FROM w"])
def test_a_failed_transaction_can_be_asked_about_and_rolled_back(client, new_client, table, condition, failing):
    client.run("CREATE TABLE w (v varchar(10)) INSERT INTO w VALUES ('x')")
    client.run("BEGIN TRAN INSERT INTO t VALUES (2)")
    assert refusal(client.run, failing) == 245
    assert refusal(new_client().run, "SET LOCK_TIMEOUT 10 UPDATE t SET a = 3") == 1222
    client.run(f"IF {condition} ROLLBACK TRAN")
    assert not client.session.in_transaction
    assert client.rows("SELECT a FROM t") == [(1,)]


def test_a_failed_transaction_takes_no_rows_of_a_fast_executemany(client, table):
    client.run("BEGIN TRAN INSERT INTO t VALUES (2)")
    assert refusal(client.run, "CREATE TABLE u (a int)") == 111212
    rows = [[Parameter("@P1", SqlType("int"), value)] for value in range(3)]
    assert refusal(client.session.execute_many, "INSERT INTO t VALUES (@P1)", rows) == 111233
    assert not client.session.in_transaction
    assert client.rows("SELECT a FROM t") == [(1,)]


def test_there_is_nothing_to_end_without_a_transaction(client):
    assert refusal(client.run, "COMMIT") == 111214
    assert refusal(client.session.rollback) == 111214
    client.run("BEGIN TRAN")
    assert refusal(client.run, "BEGIN TRAN") == 103010


def test_writers_of_one_table_wait_for_each_other(client, new_client, table):
    other = new_client()
    client.run("BEGIN TRAN UPDATE t SET a = a + 1")
    waiting = InThread(other.run, "UPDATE t SET a = a * 10")
    wait_until(lambda: is_running(client, "a * 10"))
    client.run("COMMIT")
    assert waiting() == [Done(1)]
    assert client.rows("SELECT a FROM t") == [(20,)]


def test_many_sessions_can_change_one_row(client, new_client, table):
    others = [new_client() for _ in range(8)]
    waiting = [InThread(lambda one=one: [one.run("UPDATE t SET a = a + 1") for _ in range(5)]) for one in others]
    assert [len(join()) for join in waiting] == [5] * 8
    assert client.rows("SELECT a FROM t") == [(41,)]


def test_a_deadlock_ends_with_one_victim(client, new_client, table):
    other = new_client()
    client.run("CREATE TABLE u (a int) INSERT INTO u VALUES (1)")
    client.run("BEGIN TRAN UPDATE t SET a = 2")
    other.run("BEGIN TRAN UPDATE u SET a = 3")
    waiting = InThread(client.run, "UPDATE u SET a = 2")
    wait_until(lambda: is_running(other, "UPDATE u SET a = 2"))
    wait_until(lambda: client.session._state.database.locks._waiting)
    assert refusal(other.run, "UPDATE t SET a = 3") == 1205
    other.run("ROLLBACK")
    assert waiting() == [Done(1)]
    client.run("COMMIT")
    assert client.rows("SELECT t.a, u.a FROM t, u") == [(2, 2)]


def test_a_lock_timeout_ends_the_wait(client, new_client, table):
    client.run("BEGIN TRAN UPDATE t SET a = 2")
    assert refusal(new_client().run, "SET LOCK_TIMEOUT 10 UPDATE t SET a = 3") == 1222


@pytest.mark.parametrize("waits_for_a_lock", [False, True])
def test_cancel_stops_a_statement_and_the_session_goes_on(client, new_client, table, waits_for_a_lock):
    holder = new_client()
    text = ENDLESS
    if waits_for_a_lock:
        holder.run("BEGIN TRAN UPDATE t SET a = 2")
        text = "UPDATE t SET a = 3"
    waiting = InThread(client.run, text)
    wait_until(lambda: is_running(holder, text))
    while not waiting.ended():  # as the server repeats it: DuckDB forgets one that comes too early
        client.session.cancel()
    assert isinstance(waiting(), StatementCancelled)
    assert client.rows("SELECT status FROM sys.dm_pdw_exec_requests WHERE status = 'Cancelled'") == [("Cancelled",)]
    assert client.value("1") == 1


def test_kill_ends_another_session(client, new_client):
    victim = new_client()
    sid = victim.value("session_id()")
    waiting = InThread(victim.run, ENDLESS)
    wait_until(lambda: is_running(client, "t8"))
    client.run(f"KILL '{sid}'")
    killed = waiting()
    assert (killed.number, killed.severity) == (596, 21)
    assert refusal(victim.run, "SELECT 1") == 596
    victim.session.close()
    assert client.rows(f"SELECT status FROM sys.dm_pdw_exec_sessions WHERE session_id = '{sid}'") == [("TERMINATED",)]
    assert refusal(client.run, f"KILL '{sid}'") == 6106


def test_a_session_cannot_kill_itself(client):
    assert refusal(client.run, f"KILL '{client.value('session_id()')}'") == 6104


def test_close_rolls_back_and_gives_up_locks(client, new_client, table):
    other = new_client()
    other.run("BEGIN TRAN UPDATE t SET a = 7")
    other.session.close()
    other.session.close()
    assert client.run("UPDATE t SET a = a + 1") == [Done(1)]
    assert client.rows("SELECT a FROM t") == [(2,)]


@pytest.mark.parametrize(
    ("request_fields", "number"),
    [
        ({"password": "wrong"}, 18456),
        ({"user": "nobody"}, 18456),
        ({"password": None, "access_token": "forged"}, 18456),
        ({"database": "nope"}, 4060),
        ({"database": ""}, 4060),
    ],
)
def test_a_wrong_login_is_refused(pool, request_fields, number):
    fields = {"user": "LOADER", "password": "pass;word}", "access_token": None, "database": "SQLPOOL"}
    described = {"application": "", "host": "", "library": ""}
    pool.login(LoginRequest(**fields, **described)).close()
    assert refusal(pool.login, LoginRequest(**{**fields, **request_fields}, **described)) == number


def test_requests_tell_status_label_and_error(client):
    client.run("SELECT 1 OPTION (LABEL = 'load: one')")
    assert refusal(client.run, "SELECT nope OPTION (LABEL = 'load: two')") == 207
    query = (
        "SELECT r.label, r.status, r.session_id, e.details FROM sys.dm_pdw_exec_requests r "
        "LEFT JOIN sys.dm_pdw_errors e ON e.request_id = r.request_id AND e.error_id = r.error_id "
        "WHERE r.[label] LIKE 'load%' ORDER BY r.label"
    )
    assert client.rows(query) == [
        ("load: one", "Completed", "SID51", None),
        ("load: two", "Failed", "SID51", "Invalid column name 'nope'."),
    ]
    steps = "SELECT s.status, s.row_count FROM sys.dm_pdw_request_steps s JOIN sys.dm_pdw_exec_requests r " + (
        "ON r.request_id = s.request_id WHERE r.label = 'load: one'"
    )
    assert client.rows(steps) == [("Complete", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "COPY INTO t FROM 'u' WITH (CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = 'top-secret'), X = 1)",
        "COPY INTO nope FROM 'https://lake.blob.core.windows.net/c/f.csv' WITH (FILE_TYPE = 'CSV', "
        "CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'top-secret')) OPTION (LABEL = 'x')",
        "COPY INTO t FROM 'u' WITH (CREDENTIAL = (SECRET = 'top-secret",
        "COPY INTO t FROM 'u' WITH (CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET \"S3cr3tX\"))",
        "CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'x', SECRET = \"S3cr3tX\"",
        "CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'x', SECRET = [S3cr3tX]",
        "CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'x' SECRET [S3cr3tX]",
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = S3cr3tX",
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD S3cr3tX",
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 20130101",
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD [S3cr3tX]",
        "ALTER LOGIN a WITH PASSWORD S3cr3tX",
    ],
)
def test_no_dmv_shows_a_secret(client, text):
    with pytest.raises(PoolError) as refused:
        client.run(text)
    shown = refused.value.message
    for view in ("exec_requests", "errors", "request_steps", "dms_workers", "exec_sessions"):
        shown += str(client.rows(f"SELECT * FROM sys.dm_pdw_{view}"))
    assert not any(secret in shown for secret in ("top-secret", "S3cr3tX", "20130101"))
    assert text[:20] in shown


def test_views_keep_what_the_documents_say(client, pool):
    for _ in range(1005):
        client.run("SELECT 1")
    assert client.value("COUNT(*) FROM sys.dm_pdw_request_steps") == 1000
    assert client.value("COUNT(*) FROM sys.dm_pdw_exec_requests") > 1005
