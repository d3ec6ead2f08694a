"""A table that must not be there before a load, and the one that the load itself has made."""

from contextlib import contextmanager

import pytest

from airflow_synapse.copy import ColumnName, TableName
from airflow_synapse.exceptions import ConnectionLostError, StatementError, TableExistsError
from airflow_synapse.execution.new_table import NewTable
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import MemoryStore
from airflow_synapse.schema.sql_types import SqlType
from airflow_synapse.schema.table import ColumnDefinition, TableDefinition

TABLE = TableName.parse("dbo.t")
DEFINITION = TableDefinition(name=TABLE, columns=(ColumnDefinition(name=ColumnName("id"), type=SqlType("int")),))


class Pool:
    """A pool that knows one table."""

    def __init__(self):
        self.has_table = False
        self.refusal = None

    @contextmanager
    def session(self):
        yield self

    def fetch(self, sql):
        assert sql == "SELECT OBJECT_ID('[dbo].[t]')"
        return [(7 if self.has_table else None,)]

    def execute(self, statement):
        assert statement.to_sql().startswith("CREATE TABLE [dbo].[t]")
        if self.refusal:
            raise self.refusal
        if self.has_table:
            raise StatementError("There is already an object named 't' in the database.", number=2714)
        self.has_table = True


@pytest.fixture
def pool():
    return Pool()


@pytest.fixture
def new_table(pool):
    store = MemoryStore()

    def make(try_number=1, *, clear_number=0, run_id="r", has_store=True, reload=False):
        identity = LoadIdentity(dag_id="d", task_id="t", run_id=run_id, clear_number=clear_number)
        task_try = TaskTry(
            identity=identity,
            try_number=try_number,
            store=store if has_store else MemoryStore(),
            has_store=has_store,
        )
        return NewTable(TABLE, pool.session, task_try, reload=reload)

    return make


def test_a_table_of_somebody_else_is_taken(new_table, pool):
    assert not new_table().is_taken()
    pool.has_table = True
    assert new_table().is_taken()


def test_a_table_that_an_earlier_try_has_made_is_not(new_table):
    new_table(1).create(DEFINITION)
    assert not new_table(2).is_taken()
    assert not new_table(3, clear_number=1).is_taken()
    new_table(2).create(DEFINITION)  # and is not made again


def test_a_table_from_before_a_clear_with_reload_is_taken_and_one_from_after_it_is_not(new_table, pool):
    new_table(1).create(DEFINITION)
    assert new_table(2, clear_number=1, reload=True).is_taken()  # with the rows of before
    pool.has_table = False  # the user has dropped it
    new_table(3, clear_number=1, reload=True).create(DEFINITION)
    assert pool.has_table
    assert not new_table(4, clear_number=1, reload=True).is_taken()


def test_a_table_that_the_pool_has_refused_to_make_is_that_of_whoever_makes_it(new_table, pool):
    pool.refusal = StatementError("CREATE TABLE permission denied in database 'pool'.", number=262)
    with pytest.raises(StatementError, match="permission denied"):
        new_table(1).create(DEFINITION)
    pool.has_table = True  # made, and filled, by an administrator
    assert new_table(2, clear_number=1).is_taken()


def test_a_table_counts_as_made_where_the_link_was_lost_meanwhile(new_table, pool):
    pool.refusal = ConnectionLostError("The link to the pool broke.")
    with pytest.raises(ConnectionLostError):
        new_table(1).create(DEFINITION)
    pool.has_table = True
    assert not new_table(2).is_taken()


def test_a_table_that_another_run_has_made_is_taken(new_table):
    new_table(1).create(DEFINITION)
    assert new_table(1, run_id="other").is_taken()


def test_a_table_that_appears_before_it_is_made_is_not_filled(new_table, pool):
    table = new_table()
    assert not table.is_taken()
    pool.has_table = True
    with pytest.raises(TableExistsError, match="There is already an object named"):
        table.create(DEFINITION)
    assert new_table(2).is_taken()


def test_without_a_store_a_later_try_does_not_guess_who_made_the_table(new_table, pool):
    pool.has_table = True
    assert new_table(1, has_store=False).is_taken()
    with pytest.raises(TableExistsError, match="An earlier try of this load may have made it"):
        new_table(2, has_store=False).is_taken()
