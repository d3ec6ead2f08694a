"""SparkToSqlPoolOperator with table_type="EXTERNAL" and with method="connector"."""

import json
from importlib.resources import files

import pytest

from airflow_synapse.exceptions import SparkJobError, TableExistsError
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.transfer import external
from airflow_synapse.version_compat import AirflowFailException

SCRIPTS = ("stage.py", "job_run.py", "staged_columns.py")
#: Stands for the connector: writes what it is told to a file, and the rows to another.
CONNECTOR = """
import json

def write(frame, request):
    frame.coalesce(1).write.json(request["temp_folder"] + "rows")
    path = frame.sparkSession._jvm.org.apache.hadoop.fs.Path(request["temp_folder"] + "request.json")
    stream = path.getFileSystem(frame.sparkSession._jsc.hadoopConfiguration()).create(path, True)
    stream.write(bytearray(json.dumps(request), "utf-8"))
    stream.close()
"""
LOGIN = {
    "user": "loader",
    "key_vault": "kv",
    "linked_service": "ls",
    "password": "name-of-secret",
    "staging_storage_account_key": "name-of-another",
}


@pytest.fixture
def new_external(new_task, lake_objects, new_name, pool_connection):
    made = []

    def make(**arguments):
        made.append(arguments.get("table") or f"{new_name()}_external")
        defaults = {
            "table": made[-1],
            "table_type": "EXTERNAL",
            "data_source": "transfer_lake",
            "file_format": "transfer_parquet",
            "spark_sql": "SELECT id, concat('n', id) AS name FROM range(3)",
        }
        return new_task(SparkToSqlPoolOperator, **{**defaults, **arguments})

    yield make
    for table in set(made):
        pool_connection.execute(f"IF OBJECT_ID('{table}') IS NOT NULL DROP EXTERNAL TABLE {table}")


def test_an_external_table_reads_the_files_of_the_job_until_another_takes_its_place(
    new_external, pool_connection, staged, spark_pool, monkeypatch
):
    first = new_external(location="curated/numbers")
    result = first.run()
    table = first.arguments["table"]
    rows = f"SELECT id, name FROM {table} ORDER BY id"
    assert [tuple(row) for row in pool_connection.execute(rows)] == [(0, "n0"), (1, "n1"), (2, "n2")]
    assert (result["rows_staged"], result["rows_loaded"]) == (3, 3)
    assert {name.split("/")[1:3] == ["curated", "numbers"] for name in staged()} == {True}
    spark_pool.faults.die()  # whatever submits a batch from here on fails
    assert first.run_again()["table"] == result["table"]
    assert first.run_cleared()["reused"]
    first.arguments["reload"] = True
    with pytest.raises(AirflowFailException, match="There is already an object named"):
        first.run_cleared()
    first.arguments["reload"] = False
    first.arguments["spark_sql"] = "SELECT 8L AS id, 'y' AS name"  # other rows than those of the table
    with pytest.raises(AirflowFailException, match="There is already an object named"):
        first.run_again()
    with pytest.raises(AirflowFailException, match="There is already an object named") as caught:
        new_external(table=table).run()
    assert isinstance(caught.value.__cause__, TableExistsError)
    assert new_external(table=table, save_mode="ignore").run()["rows_loaded"] == 0
    spark_pool.faults.clear()
    second = new_external(
        table=table, location="curated/numbers", save_mode="overwrite", spark_sql="SELECT 7L AS id, 'x' AS name"
    )
    with monkeypatch.context() as patch:
        patch.setattr(external, "create_external_table", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):  # the worker dies when the old table is dropped
            second.run()
    second.run_again()
    assert [tuple(row) for row in pool_connection.execute(rows)] == [(7, "x")]
    assert len({name.split("/")[3] for name in staged()}) == 1  # the files of the first one are gone


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"save_mode": "append"}, "errorifexists, overwrite or ignore"),
        ({"data_source": None}, "needs data_source and file_format"),
        ({"data_source": "nowhere"}, "no external data source 'nowhere'"),
        ({"file_format": "parkay"}, "no external file format 'parkay'"),
        ({"table_type": "INTERNAL"}, "data_source, file_format: for table_type='EXTERNAL'"),
        ({"server": "ws.sql.azuresynapse.net"}, "server: for method='connector'"),
        ({"method": "jdbc"}, "method is 'jdbc', which is none of copy, connector"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_starts(new_external, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        new_external(**arguments).run()


def test_a_table_that_is_no_external_one_is_not_replaced_and_spark_not_started(new_external, new_name, pool_connection):
    table = new_name()
    pool_connection.execute(f"CREATE TABLE {table} (id int)")
    with pytest.raises(AirflowFailException, match="is no external table") as caught:
        new_external(table=table, save_mode="overwrite").run()
    assert isinstance(caught.value.__cause__, TableExistsError)
    pool_connection.execute(f"DROP TABLE {table}")


@pytest.fixture
def new_connected(new_task):
    def make(**arguments):
        defaults = {
            "table": "sales.dbo.numbers",
            "method": "connector",
            "save_mode": "append",
            "spark_sql": "SELECT id FROM range(3)",
        }
        return new_task(SparkToSqlPoolOperator, **{**defaults, **arguments})

    return make


def test_the_connector_is_told_what_to_do_and_does_it_once(new_connected, landing, staged, monkeypatch):
    job = files("airflow_synapse.transfer").joinpath("job")
    for script in SCRIPTS:
        landing.upload_blob(f"deployed/{script}", job.joinpath(script).read_bytes())
    landing.upload_blob("deployed/connector.py", CONNECTOR.encode())
    connected = new_connected(
        job_folder=f"abfss://{landing.container_name}@lake.dfs.core.windows.net/deployed",
        server="other.sql.azuresynapse.net",
        connector_login=LOGIN,
    )
    work = SparkToSqlPoolOperator._work
    seen = {}

    def look(operator, context):
        found = work(operator, context)
        deliver = found.deliver

        def keep(batch, result):
            name = next(name for name in staged() if name.endswith("connector/request.json"))
            seen.update(json.loads(landing.download_blob(name).readall()))
            return deliver(batch, result)

        found.deliver = keep
        return found

    monkeypatch.setattr(SparkToSqlPoolOperator, "_work", look)
    result = connected.run()
    assert (result["table"], result["rows_loaded"]) == ("[sales].[dbo].[numbers]", None)
    assert {name: seen[name] for name in ("method", "table", "table_type", "mode", "server", "login")} == {
        "method": "connector",
        "table": "sales.dbo.numbers",
        "table_type": "INTERNAL",
        "mode": "append",
        "server": "other.sql.azuresynapse.net",
        "login": LOGIN,
    }
    assert connected.run_again() == result
    assert connected.run_cleared() == {**result, "reused": True}
    assert [name for name in staged() if not name.startswith("deployed/")] == []


def test_a_spark_pool_without_the_connector_says_so(new_connected):
    with pytest.raises(AirflowFailException, match="no Synapse connector") as caught:
        new_connected().run()
    assert isinstance(caught.value.__cause__, SparkJobError)
