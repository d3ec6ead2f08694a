"""SynapseCopyOperator makes the table that is missing, and looks at Parquet files before it loads them."""

import io
import itertools
import threading
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.version_compat import AirflowFailException

_runs = itertools.count(1)
FLIGHTS = pa.table(
    {
        "id": pa.array([1, 2], pa.int32()),
        "carrier": ["UA", "AA"],
        "delay": pa.array([1.5, None], pa.float64()),
    }
)


def parquet(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@pytest.fixture
def missing(pool_connection):
    """The name of a table that is not there; dropped after the test."""
    name = f"dbo.made_{next(_runs)}"
    yield name
    pool_connection.execute(f"IF OBJECT_ID('{name}') IS NOT NULL DROP TABLE {name}")


@pytest.fixture
def load(connections, landing, missing):
    """Run the operator on the Parquet files of the container, into the table that is missing."""

    def run(**arguments):
        options = {
            "task_id": "load",
            "table": missing,
            "external_locations": f"https://lake.blob.core.windows.net/{landing.container_name}/in/",
            "storage_conn_id": "lake",
            "file_type": "PARQUET",
        }
        task_instance = SimpleNamespace(
            dag_id="made", task_id="load", run_id=f"manual__{next(_runs)}", map_index=-1, try_number=1
        )
        context = {"ti": task_instance, "dag_run": SimpleNamespace(clear_number=0)}
        return SynapseCopyOperator(**{**options, **arguments}).execute(context)

    return run


def columns(connection, table):
    query = "SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ?"
    return [tuple(row) for row in connection.execute(f"{query} ORDER BY ORDINAL_POSITION", table.split(".")[1])]


def test_a_missing_table_gets_the_columns_of_the_files(load, landing, missing, pool_connection):
    landing.upload_blob("in/a.parquet", parquet(FLIGHTS))
    result = load(create_table={"distribution": "HASH(id)", "index": "HEAP", "string_type": "varchar(2)"})
    assert result["rows_loaded"] == 2
    assert columns(pool_connection, missing) == [
        ("id", "int", "YES"),
        ("carrier", "varchar", "YES"),
        ("delay", "float", "YES"),
    ]
    policy = pool_connection.execute(
        "SELECT distribution_policy_desc FROM sys.pdw_table_distribution_properties "
        f"WHERE object_id = OBJECT_ID('{missing}')"
    ).fetchval()
    assert policy == "HASH"
    rows = pool_connection.execute(f"SELECT * FROM {missing} ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [(1, "UA", 1.5), (2, "AA", None)]


def test_a_table_that_is_there_stays_as_it_is(load, landing, missing, pool_connection):
    pool_connection.execute(f"CREATE TABLE {missing} (id int, carrier nvarchar(9), delay float) WITH (HEAP)")
    landing.upload_blob("in/a.parquet", parquet(FLIGHTS))
    load(create_table={"columns": {"id": "int"}})
    assert [kind for _, kind, _ in columns(pool_connection, missing)] == ["int", "nvarchar", "float"]


def test_tasks_that_make_the_same_table_at_once_all_load(load, landing, missing, pool_connection):
    landing.upload_blob("in/a.parquet", parquet(FLIGHTS))
    results = []
    tasks = [
        threading.Thread(target=lambda: results.append(load(create_table={"index": "HEAP"})["rows_loaded"]))
        for _ in range(4)
    ]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    assert results == [2] * 4
    assert pool_connection.execute(f"SELECT COUNT(*) FROM {missing}").fetchval() == 8


def test_files_that_do_not_fit_the_table_fail_before_the_load(load, landing, missing, pool_connection):
    pool_connection.execute(f"CREATE TABLE {missing} (id int, carrier int, delay float) WITH (HEAP)")
    landing.upload_blob("in/a.parquet", parquet(FLIGHTS))
    with pytest.raises(AirflowFailException, match="carrier"):
        load()
    copies = pool_connection.execute(
        f"SELECT COUNT(*) FROM sys.dm_pdw_exec_requests WHERE command LIKE 'COPY INTO%{missing.split('.')[1]}%'"
    )
    assert copies.fetchval() == 0
