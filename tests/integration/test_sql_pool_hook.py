"""SynapseSqlPoolHook and the operators of common.sql, on the local pool through real drivers."""

import contextlib
import os
import random
import signal
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator, SQLInsertRowsOperator

from airflow_synapse.exceptions import StatementCancelledError, StatementError, SynapseConnectionError
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.operators.copy import SynapseCopyOperator

FREE_TDS = Path("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so")
#: Runs until it is cancelled, as far as a test is concerned.
ENDLESS = (
    "SELECT SUM((a.id * b.id + c.id * d.id) % 7) AS n FROM {t} a CROSS JOIN {t} b CROSS JOIN {t} c CROSS JOIN {t} d"
)


@pytest.fixture(params=["microsoft", "freetds"])
def hook(request, workspace, new_connection):
    """The hook with each of the drivers."""
    fields = workspace.connections()["synapse_default"]
    if request.param == "freetds":
        if not FREE_TDS.exists():
            pytest.skip("FreeTDS's ODBC driver is not installed (apt-get install tdsodbc)")
        fields["extra"]["driver"] = str(FREE_TDS)
    return SynapseSqlPoolHook(new_connection("synapse_default", **fields))


@pytest.fixture
def endless(new_table, pool_connection):
    table = new_table("id int")
    for number in range(10):
        pool_connection.execute(f"INSERT INTO {table} SELECT {number}")
    for _ in range(5):
        pool_connection.execute(f"INSERT INTO {table} SELECT id + 10 FROM {table}")
    return ENDLESS.format(t=table)


def test_the_connection_can_be_tested(hook):
    assert hook.test_connection()[0] is True


def test_rows_are_tuples_that_xcom_can_hold(hook):
    assert hook.get_first("SELECT 1 AS a, 'x' AS b") == (1, "x")
    assert hook.get_records("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a") == [(1,), (2,)]


def test_parameters_are_question_marks(hook):
    assert hook.get_first("SELECT ? AS a", parameters=["it's"]) == ("it's",)


def test_a_datetimeoffset_is_a_datetime(hook):
    moment = datetime(2013, 1, 31, 23, 59, 58, 123456, timezone(timedelta(hours=-3, minutes=-30)))
    assert hook.get_first(f"SELECT CAST('{moment.isoformat(' ')}' AS datetimeoffset) AS t") == (moment,)


def test_what_pyodbc_itself_refuses_is_told_in_its_words(hook):
    with pytest.raises(StatementError, match="1 parameter markers, but 2 parameters were supplied"):
        hook.get_first("SELECT ? AS a", parameters=[1, 2])


def test_ddl_runs_because_no_transaction_is_open(hook, new_table):
    table = new_table("id int")
    hook.run([f"TRUNCATE TABLE {table}", f"INSERT INTO {table} SELECT 1"], autocommit=False)
    assert hook.get_first(f"SELECT COUNT(*) AS n FROM {table}") == (1,)


def test_a_transaction_is_written_out(hook, new_table):
    table = new_table("id int")
    hook.run(["BEGIN TRANSACTION", f"INSERT INTO {table} SELECT 1", "ROLLBACK TRANSACTION"])
    assert hook.get_first(f"SELECT COUNT(*) AS n FROM {table}") == (0,)


def test_an_error_of_a_later_statement_in_a_batch_is_not_lost(hook):
    with pytest.raises(StatementError, match="nowhere"):
        hook.run("SELECT 1 AS a; SELECT * FROM dbo.nowhere", handler=lambda cursor: cursor.fetchall())


def test_descriptions_are_those_of_the_results(hook):
    hook.run(["SELECT 1 AS first", "SELECT 2 AS second"], handler=lambda cursor: cursor.fetchall())
    assert [description[0][0] for description in hook.descriptions] == ["first", "second"]


def test_execution_timeout_cancels_the_statement(hook, endless):
    def expire(number, frame):
        raise TimeoutError("execution_timeout")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(TimeoutError, match="execution_timeout"):
            hook.run(endless)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert hook.get_first("SELECT 1 AS a") == (1,)


def test_sigterm_cancels_the_statement_of_an_operator_without_on_kill(hook, endless):
    seen = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    killer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    killer.start()
    try:
        with pytest.raises(StatementCancelledError):
            SQLExecuteQueryOperator(task_id="query", conn_id="synapse_default", sql=endless).execute({})
    finally:
        killer.cancel()
        killer.join()
        signal.signal(signal.SIGTERM, previous)
    assert seen == [signal.SIGTERM]


# FreeTDS's driver itself crashes now and then when a cancel meets the end of a statement; the README says so.
@pytest.mark.parametrize("hook", ["microsoft"], indirect=True)
def test_cancelling_at_any_moment_ends_in_a_result_or_in_a_cancelled_statement(hook):
    # The process would crash here if a cursor were let go while it is being cancelled.
    for _ in range(30):
        threading.Timer(random.random() * 0.02, hook.cancel).start()
        with contextlib.suppress(StatementCancelledError):
            hook.get_first("SELECT COUNT(*) AS n FROM sys.objects a CROSS JOIN sys.objects b")


def test_the_operators_of_common_sql_work_with_the_connection(hook):
    assert SQLExecuteQueryOperator(task_id="query", conn_id="synapse_default", sql="SELECT 7 AS a").execute({}) == [
        (7,)
    ]
    SQLCheckOperator(task_id="check", conn_id="synapse_default", sql="SELECT 1 AS ok").execute({})


def test_rows_are_inserted_and_a_row_that_is_refused_is_told_as_an_error_of_ours(hook, new_table):
    table = new_table("id int NOT NULL")
    insert = {"task_id": "insert", "conn_id": "synapse_default", "table_name": table, "columns": ["id"]}
    SQLInsertRowsOperator(**insert, rows=[(1,), (2,)]).execute({})
    assert hook.get_records(f"SELECT id FROM {table} ORDER BY id") == [(1,), (2,)]
    with pytest.raises(StatementError, match="The statement failed"):
        SQLInsertRowsOperator(**insert, rows=[("x",)]).execute({})
    with pytest.raises(StatementError, match="no REPLACE INTO: leave replace out"):
        SQLInsertRowsOperator(**insert, rows=[(1,)], insert_args={"replace": True}).execute({})


def test_the_database_of_an_operator_comes_before_that_of_the_connection(workspace, new_connection):
    fields = workspace.connections()["synapse_default"]
    wrong = new_connection("wrong", **{**fields, "schema": "nowhere"})
    query = SQLExecuteQueryOperator(
        task_id="query", conn_id=wrong, database=fields["schema"], sql="SELECT DB_NAME() AS name"
    )
    assert query.execute({}) == [(fields["schema"],)]
    assert SynapseSqlPoolHook(wrong, schema="other").settings.database == "other"


def test_openlineage_hears_what_a_query_reads_and_writes_by_the_names_that_loads_have(hook, new_table):
    extractors = pytest.importorskip(
        "airflow.providers.openlineage.extractors.base", reason="OpenLineage's provider is not installed"
    )
    source, target = new_table("id int"), new_table("id int")
    query = SQLExecuteQueryOperator(
        task_id="query",
        conn_id="synapse_default",
        sql=f"INSERT INTO {target.removeprefix('dbo.')} SELECT * FROM {source}",
    )
    load = SynapseCopyOperator(
        task_id="load", table=source, external_locations="https://lake.blob.core.windows.net/landing/"
    )
    lineage = extractors.DefaultExtractor(query).extract_on_complete(None)
    loaded = extractors.DefaultExtractor(load).extract_on_complete(None)
    assert [(each.namespace, each.name) for each in lineage.inputs] == [
        (each.namespace, each.name) for each in loaded.outputs
    ]
    assert [each.name for each in lineage.outputs] == [target]
    assert [(each.name, each.type) for each in lineage.inputs[0].facets["schema"].fields] == [("id", "int")]


def test_sqlalchemy_connects_without_a_password_in_its_url(hook):
    engine = hook.get_sqlalchemy_engine()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1 AS a").scalar() == 1
    assert hook.settings.password.reveal() not in engine.url.render_as_string(hide_password=False)
    engine.dispose()


def test_a_wrong_database_is_tried_again_only_briefly(hook, workspace, new_connection, monkeypatch):
    fields = workspace.connections()["synapse_default"]
    other = SynapseSqlPoolHook(new_connection("other", **{**fields, "schema": "nowhere"}))
    waits = []
    with pytest.raises(SynapseConnectionError, match="nowhere"):
        other._connector.connect(pause=waits.append)
    assert waits == [5.0, 10.0]
