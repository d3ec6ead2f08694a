"""What a preflight asks the pool, and the tables that a load creates, on the local pool."""

import io
import itertools

import pyarrow as pa
import pyodbc
import pytest
from pyarrow import parquet

from airflow_synapse.copy import ExternalLocation, StorageAccountKey, TableName, build_statement
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.preflight import run_preflight, target_columns
from airflow_synapse.load.progress import PROGRESS_OF_COPY, ProgressLog, ProgressReading
from airflow_synapse.schema.catalog import TableColumn, columns_query
from airflow_synapse.schema.create_table import build_table
from airflow_synapse.schema.sql_types import SqlType

_numbers = itertools.count(1)


@pytest.fixture
def table(pool_connection):
    name = TableName(schema="dbo", name=f"preflight {next(_numbers)}")
    yield name
    pool_connection.execute(f"IF OBJECT_ID('{name.quoted}') IS NOT NULL DROP TABLE {name.quoted}")


@pytest.fixture
def session(pool_connection):
    """The connection, with the one method that a preflight needs."""

    class Session:
        def fetch(self, sql):
            return pool_connection.execute(sql).fetchall()

    return Session()


COLUMNS = {
    "id": "bigint",
    "origin": "char(3) NOT NULL",
    "carrier": "nvarchar(40)",
    "day": "date",
    "distance": "decimal(9, 2)",
    "delay": "float",
    "departed": "datetime2(3)",
    "note": "varchar(8000)",
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"distribution": "HASH(origin)", "index": "CLUSTERED COLUMNSTORE INDEX ORDER (day, id)"},
        {"distribution": "REPLICATE", "index": "CLUSTERED INDEX (day DESC, id)"},
        {"index": "HEAP", "partition": {"column": "day", "values": ["2013-01-01", "2013-02-01"], "range": "RIGHT"}},
    ],
    ids=["defaults", "hash", "replicate", "partitions"],
)
def test_a_table_is_created_once_and_its_columns_are_read_back(pool_connection, table, options):
    definition = build_table(table, {"columns": COLUMNS, **options})
    pool_connection.execute(definition.to_sql())
    pool_connection.execute(definition.to_sql())
    columns = TableColumn.from_rows(pool_connection.execute(columns_query(table)).fetchall())
    assert [(column.name, column.type) for column in columns] == [
        (column.name.name, column.type) for column in definition.columns
    ]
    assert [column.name for column in columns if not column.is_nullable] == ["origin"]


def test_defaults_and_identity_work_as_written(pool_connection, table):
    columns = [
        {"name": "id", "type": "int", "identity": [7, 1]},
        {"name": "a", "type": "int", "default": -1},
        {"name": "b", "type": "nvarchar(9)", "default": "it's"},
        {"name": "c", "type": "int"},
    ]
    pool_connection.execute(build_table(table, {"columns": columns}).to_sql())
    pool_connection.execute(f"INSERT INTO {table.quoted} (c) VALUES (1)")
    assert [tuple(row) for row in pool_connection.execute(f"SELECT a, b, c FROM {table.quoted}")] == [(-1, "it's", 1)]
    found = TableColumn.from_rows(pool_connection.execute(columns_query(table)).fetchall())
    assert [column.name for column in found if column.is_identity] == ["id"]
    assert [column.name for column in found if column.has_default] == ["a", "b"]


def test_a_table_that_is_missing_has_no_columns(pool_connection, table):
    assert pool_connection.execute(columns_query(table)).fetchall() == []


def test_a_temporary_table_is_found_by_its_own_session(pool_connection):
    name = TableName(name="#preflight")
    definition = build_table(name, {"columns": {"a": "int"}, "index": "HEAP"})
    pool_connection.execute(definition.to_sql())
    pool_connection.execute(definition.to_sql())
    (column,) = TableColumn.from_rows(pool_connection.execute(columns_query(name)).fetchall())
    assert (column.name, column.type) == ("a", SqlType("int"))


def upload(container, **columns):
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    container.upload_blob("in/a.parquet", file.getvalue())


@pytest.fixture
def preflight(workspace, landing, new_connection, session):
    """Survey and check what was uploaded; return the statement too."""
    key = workspace.storage.key("lake")
    new_connection(
        "lake", conn_type="wasb", host=workspace.storage.endpoint("lake"), login="lake", password=key.reveal()
    )

    def run(table, **options):
        location = ExternalLocation.parse(f"https://lake.blob.core.windows.net/{landing.container_name}/in/")
        statement = build_statement(
            table=table,
            external_locations=location,
            file_type="PARQUET",
            credential=StorageAccountKey(key=key),
            **options,
        )
        survey = SynapseStorageHook("lake").survey(statement.external_locations, read_footers=True)
        columns = target_columns(session, statement)
        return survey, statement, run_preflight(session, survey, statement, columns)

    return run


@pytest.mark.parametrize(
    ("values", "sql_type"),
    [(pa.array([1], pa.int64()), "int"), (pa.array([1], pa.int32()), "varchar(9)"), (pa.array(["x"]), "int")],
    ids=["INT64 to int", "INT32 to varchar", "STRING to int"],
)
def test_what_the_preflight_refuses_fails_in_the_pool_too(pool_connection, landing, preflight, table, values, sql_type):
    upload(landing, id=values)
    pool_connection.execute(build_table(table, {"columns": {"id": sql_type}}).to_sql())
    _, statement, result = preflight(table)
    assert len(result.problems) == 1
    with pytest.raises(pyodbc.Error):
        pool_connection.execute(statement.to_sql())


def test_files_load_into_a_table_that_was_made_from_their_footers(pool_connection, landing, preflight, table):
    upload(landing, id=[1, 2], name=["a", "b"], delay=[1.5, None])
    survey, statement, _ = preflight(table)
    pool_connection.execute(build_table(table, {"distribution": "HASH(id)"}, survey.parquet_files).to_sql())
    _, _, result = preflight(table)
    assert (result.files, result.warnings, result.problems) == (1, (), ())
    pool_connection.execute(statement.to_sql())
    rows = pool_connection.execute(f"SELECT id, name, delay FROM {table.quoted} ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [(1, "a", 1.5), (2, "b", None)]


def test_another_session_sees_how_far_a_load_is(pool_connection, workspace, landing, preflight, table):
    upload(landing, id=[1, 2, 3])
    pool_connection.execute(build_table(table, {"columns": {"id": "bigint"}}).to_sql())
    _, statement, result = preflight(table, label="how far is it")
    pool_connection.execute(statement.to_sql())
    session_id = pool_connection.execute("SELECT session_id()").fetchval()
    other = workspace.sql_pool.connect()
    other.execute("SELECT 1 OPTION (LABEL = 'how far is it')")  # another task may have the same label
    reading = ProgressReading.from_rows(other.execute(PROGRESS_OF_COPY, "how far is it", session_id).fetchall())
    other.close()
    assert (reading.status, reading.rows) == ("Completed", 3)
    line = ProgressLog(result.bytes, is_plain_text=result.is_plain_text).line(reading, 1.0)
    assert line.startswith(f"{reading.request_id} Completed: 100 % of ")
    assert "3 rows" in line
