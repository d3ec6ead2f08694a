"""SparkToSqlPoolOperator on real Spark, Azurite, Microsoft's driver and the local pool: rows arrive once."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from airflow_synapse.exceptions import SparkJobError, StagedFilesError
from airflow_synapse.execution.copy_load import CopyLoad
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.hooks.staging_area import StagingArea
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.version_compat import AirflowFailException

TYPES = """\
SELECT id, CAST(id AS int) AS odd, concat('n', id, '😀') AS `a name`, CAST(id AS decimal(38,18)) AS amount,
  CASE id WHEN 0 THEN DATE '0001-01-01' WHEN 1 THEN DATE '9999-12-31' END AS day,
  CASE id WHEN 0 THEN TIMESTAMP '0001-01-01 00:00:00' WHEN 1 THEN TIMESTAMP '9999-12-31 23:59:59.999999' END AS at
FROM range(3)"""


moment = dt.datetime.fromisoformat


class WorkerDied(BaseException):
    """SIGKILL: the worker runs nothing any more."""


@pytest.fixture
def new_load(new_task, new_name):
    def make(**arguments):
        defaults = {"table": new_name(), "spark_sql": "SELECT id, concat('n', id) AS name FROM range(1000)"}
        return new_task(SparkToSqlPoolOperator, **{**defaults, **arguments})

    return make


@pytest.fixture
def rows(pool_connection):
    def read(task):
        return [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {task.arguments['table']} ORDER BY id")]

    return read


@pytest.fixture
def dying(monkeypatch):
    """Let the worker die at a call, once: ``dying(CopyLoad, "run", after=True)``."""

    def arrange(owner, name, *, after=False):
        original = getattr(owner, name)

        def die(*arguments, **keywords):
            monkeypatch.setattr(owner, name, original)
            if after:
                original(*arguments, **keywords)
            raise WorkerDied

        monkeypatch.setattr(owner, name, die)

    return arrange


NUMBERS = [(number, f"n{number}") for number in range(1000)]


def columns(connection, table):
    query = (
        "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ?"
    )
    return [tuple(row) for row in connection.execute(f"{query} ORDER BY ORDINAL_POSITION", table.split(".")[1])]


def test_a_missing_table_is_made_with_the_types_of_the_job_and_filled(new_load, rows, staged, pool_connection):
    load = new_load(spark_sql=TYPES, create_table={"distribution": "HASH(id)", "index": "HEAP"})
    result = load.run()
    assert rows(load) == [
        (0, 0, "n0😀", Decimal(0), dt.date(1, 1, 1), moment("0001-01-01 00:00:00")),
        (1, 1, "n1😀", Decimal(1), dt.date(9999, 12, 31), moment("9999-12-31 23:59:59.999999")),
        (2, 2, "n2😀", Decimal(2), None, None),
    ]
    assert columns(pool_connection, load.arguments["table"]) == [
        ("id", "bigint", None),
        ("odd", "int", None),
        ("a name", "nvarchar", 16),
        ("amount", "decimal", None),
        ("day", "date", None),
        ("at", "datetime2", None),
    ]
    assert (result["rows_staged"], result["rows_loaded"]) == (3, 3)
    assert result["batch_id"] >= 0
    assert result["application_id"]
    assert staged() == []


@pytest.fixture
def secrets_of_workspace(spark_workspace):
    """Every password and key that a connection to the workspace holds."""
    return [fields["password"] for fields in spark_workspace.connections().values()]


@pytest.fixture
def uploaded(monkeypatch):
    """What was put into the storage account for the job."""
    contents, upload = [], StagingArea.upload

    def keep(area, location, content):
        contents.append(content.decode())
        upload(area, location, content)

    monkeypatch.setattr(StagingArea, "upload", keep)
    return contents


def test_a_deferred_task_gives_up_the_worker_for_the_batch_and_for_the_load(
    new_load, rows, staged, secrets_of_workspace, uploaded
):
    load = new_load(deferrable=True)
    result = load.run()
    kept = [*load.deferrals, *uploaded, json.dumps([load.kept, result])]
    assert len(uploaded) == 5
    assert [secret for secret in [*secrets_of_workspace, "sig="] for text in kept if secret in text] == []
    assert [row.split('"')[1].rpartition(".")[2] for row in load.deferrals] == [
        "SparkBatchTrigger",
        "SynapseCopyTrigger",
    ]
    assert rows(load) == NUMBERS
    assert (result["rows_staged"], result["rows_loaded"]) == (1000, 1000)
    assert staged() == []


def test_nothing_starts_when_the_table_must_not_be_there(new_load, new_table, spark_pool):
    spark_pool.faults.die()  # a batch would fail
    load = new_load(table=new_table("id bigint"))
    with pytest.raises(AirflowFailException, match="There is already an object named"):
        load.run()
    load.arguments["save_mode"] = "ignore"
    assert load.run()["rows_loaded"] == 0


def test_a_login_without_rights_hears_which_before_spark_starts(new_load, analyst, spark_pool):
    spark_pool.faults.die()  # a batch would fail otherwise
    with pytest.raises(AirflowFailException, match="CREATE TABLE on database is missing: GRANT CREATE TABLE TO"):
        new_load(synapse_conn_id=analyst).run()


@pytest.mark.parametrize(
    ("owner", "call", "after"),
    [
        pytest.param(StagedJob, "prepare", False, id="before the batch"),
        pytest.param(StagedJob, "manifest", True, id="when the batch is over"),
        pytest.param(CopyLoad, "run", False, id="when the table is made"),
        pytest.param(CopyLoad, "run", True, id="when the rows are loaded"),
        pytest.param(StagedJob, "remove_all", True, id="when staging is removed"),
    ],
)
def test_a_retry_goes_on_where_a_worker_died(new_load, rows, staged, dying, owner, call, after):
    load = new_load()
    dying(owner, call, after=after)
    with pytest.raises(WorkerDied):
        load.run()
    load.run_again()
    assert rows(load) == NUMBERS
    assert staged() == []


def test_a_cleared_task_does_not_add_its_rows_again(new_load, rows, spark_pool):
    load = new_load()
    load.run()
    spark_pool.faults.die()
    assert load.run_cleared()["reused"]
    assert rows(load) == NUMBERS


def test_overwriting_without_rows_leaves_an_empty_table(new_load, rows, staged, new_table, pool_connection):
    table = new_table("id bigint, name nvarchar(16)")
    pool_connection.execute(f"INSERT INTO {table} SELECT 1, 'old'")
    load = new_load(table=table, save_mode="overwrite", spark_sql="SELECT id, 'x' AS name FROM range(0)")
    result = load.run()
    assert (result["rows_staged"], result["rows_loaded"]) == (0, 0)
    assert rows(load) == []
    assert staged() == []


def test_a_failed_job_says_why_and_is_not_repeated(new_load):
    load = new_load(spark_sql="SELECT nothing FROM nowhere")
    with pytest.raises(AirflowFailException, match="nowhere") as caught:
        load.run()
    assert isinstance(caught.value.__cause__, SparkJobError)


def test_a_pool_that_lies_of_success_loads_nothing(new_load, spark_pool, pool_connection):
    load = new_load(spark_sql="SELECT id, CAST(raise_error('not today') AS string) AS name FROM range(3)")
    spark_pool.faults.lie()
    with pytest.raises((SparkJobError, AirflowFailException), match=r"state success(.|\n)*not today"):
        load.run()
    assert pool_connection.execute(f"SELECT OBJECT_ID('{load.arguments['table']}')").fetchval() is None


def test_a_batch_that_dies_before_its_job_starts_is_submitted_again(new_load, rows, spark_pool, staged):
    load = new_load()
    spark_pool.faults.die()
    with pytest.raises(SparkJobError):
        load.run()
    load.run_again()
    assert rows(load) == NUMBERS
    assert staged() == []


def test_files_that_are_not_those_of_the_manifest_are_not_loaded(new_load, rows, landing, dying, staged):
    load = new_load()
    dying(StagedJob, "manifest")
    with pytest.raises(WorkerDied):
        load.run()
    part = next(name for name in staged() if name.endswith(".parquet"))
    landing.delete_blob(part)
    operator = load.operator()
    with pytest.raises(StagedFilesError, match="Missing: data/part-"):
        operator._work(load.context)._job.manifest(part.split("/")[1])
    load.run_again()  # stages anew
    assert rows(load) == NUMBERS


def test_a_doubtful_answer_to_a_submission_makes_no_second_batch(new_load, rows, spark_pool):
    load = new_load()
    spark_pool.faults.unavailable(moment="after")
    load.run()
    assert rows(load) == NUMBERS
