"""The operators on a Spark pool, as far as they connect to nothing."""

from types import SimpleNamespace

import pytest

from airflow_synapse.copy import StorageAccountKey
from airflow_synapse.exceptions import CopyOptionError, CredentialError, SparkJobError, TransferOptionError
from airflow_synapse.links import SparkApplicationLink
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator
from airflow_synapse.secret import Secret
from airflow_synapse.version_compat import AirflowFailException

STAGING = "abfss://staging@lake.dfs.core.windows.net/airflow"
EXTERNAL = {"table_type": "EXTERNAL", "data_source": "lake", "file_format": "parquet"}
CONNECTOR = {"method": "connector", "table": "sales.dbo.t"}
WITHOUT_KEY = {"user": "u", "key_vault": "kv", "linked_service": "ls", "password": "name-of-secret"}
LOGIN = {**WITHOUT_KEY, "staging_storage_account_key": "name-of-another"}
KEY = "c2VjcmV0LWtleS0wMTIzNDU2Nzg5"


@pytest.fixture
def connections(pool, new_connection):
    """Connections to the SQL pool, the storage account and the Spark pool."""
    new_connection("lake", conn_type="wasb", login="lake", password=KEY)
    new_connection("spark", conn_type="azure_synapse", host="https://ws.dev.azuresynapse.net")
    return {"synapse_conn_id": pool, "storage_conn_id": "lake", "spark_conn_id": "spark", "spark_pool": "medium"}


@pytest.fixture
def to_sql_pool(connections):
    def build(**arguments):
        defaults = {"task_id": "t", "table": "dbo.t", "staging_folder": STAGING, "spark_table": "t", **connections}
        return SparkToSqlPoolOperator(**{**defaults, **arguments})

    return build


@pytest.fixture
def to_spark(connections):
    def build(**arguments):
        objects = {"data_source": "lake", "file_format": "parquet"}
        defaults = {"task_id": "t", "table": "dbo.t", "staging_folder": STAGING, "spark_table": "t", **objects}
        return SqlPoolToSparkOperator(**{**defaults, **connections, **arguments})

    return build


def test_every_template_field_is_an_attribute_and_every_renderer_names_one(to_sql_pool, to_spark):
    for task in (to_sql_pool(), to_spark()):
        assert all(hasattr(task, name) for name in task.template_fields)
        assert set(task.template_fields_renderers) <= set(task.template_fields)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"staging_folder": "https://lake.blob.core.windows.net/staging"}, "staging_folder is"),
        ({"job_folder": "dbfs:/jobs"}, "job_folder is"),
        ({"spark_sql": "SELECT 1"}, "spark_table and spark_sql"),
        ({"spark_table": None, "spark_files": "x", "spark_file_type": "avro"}, "spark_file_type is 'avro'"),
        ({"compression": "zstd"}, "compression is 'zstd'"),
        ({"nested": "drop"}, "nested is 'drop'"),
        ({"save_mode": "merge"}, "save_mode is 'merge'"),
        ({"save_mode": "append", "write_disposition": "append"}, "give one of them"),
        ({"write_disposition": "upsert"}, "needs upsert_keys"),
        ({"table": "a.b.c.d"}, "more than three parts"),
        ({"table_type": "TEMPORARY"}, "table_type is 'TEMPORARY'"),
        ({"connector_login": {"user": "u"}}, "connector_login: for method='connector'"),
        ({"file_bytes": 0}, "file_bytes is 0"),
        ({"file_bytes": "256MB"}, "file_bytes is '256MB'"),
        ({"create_table": {"distributon": "HASH(x)"}}, "create_table has no such entry: 'distributon'"),
        ({"create_table": {"distribution": "HSH(x)"}}, "distribution cannot be read"),
        ({"create_table": {"columns": {"id": "text"}}}, "type of column 'id'"),
        ({"create_table": ["x"]}, "create_table .* it is a list, and no mapping"),
        ({"create_table": 5}, "create_table .* it is a int, and no mapping"),
        ({**EXTERNAL, "create_table": ["x"]}, "create_table .* it is a list, and no mapping"),
        ({**EXTERNAL, "create_table": {"colums": {}}}, "create_table has no such entry: 'colums'"),
        ({"progress_interval": "thirty"}, "progress_interval is 'thirty'"),
        ({"executors": "two"}, "executors is 'two', which is no whole number"),
        ({"driver_cores": "four"}, "driver_cores is 'four', which is no whole number"),
        ({"executor_cores": 0}, "executor_cores is 0, which is no whole number"),
        ({"driver_memory": None}, "driver_memory is None, which is no size of memory"),
        ({"executor_memory": "28 GB"}, "executor_memory is '28 GB', which is no size of memory"),
        ({"spark_conf": ["a"]}, "spark_conf is a list, where a mapping belongs"),
        ({"spark_conf": "a=b"}, "spark_conf is a str, where a mapping belongs"),
        ({"spark_table": None, "spark_files": 5}, "spark_files is no text: a int"),
        ({"spark_table": None, "spark_files": ["x", 5]}, "spark_files is no text: a int"),
        ({"spark_table": 5}, "spark_table is no text: a int"),
        ({"spark_table": None, "spark_sql": 5}, "spark_sql is no text: a int"),
        ({"spark_file_options": "header"}, "spark_file_options is a str, where a mapping belongs"),
        ({"spark_file_options": {1: "header"}}, "spark_file_options is a dict, .* whose names are texts"),
        ({"save_mode": 5}, "save_mode is 5"),
        ({"staging_folder": 5}, "staging_folder is no text: a int"),
        ({"job_folder": 5}, "job_folder is no text: a int"),
        ({**EXTERNAL, "table": "a b"}, "table cannot be read as a name: 'a b'"),
        ({**CONNECTOR, "table": "a b"}, "table cannot be read as a name: 'a b'"),
        ({"ledger_table": "", "write_disposition": "append"}, "ledger_table cannot be read as a name: ''"),
        ({**EXTERNAL, "location": 5}, "location is no text: a int"),
        ({**EXTERNAL, "data_source": 5}, "data_source is no text: a int"),
        ({**CONNECTOR, "server": 5}, "server is no text: a int"),
        ({**CONNECTOR, "server": "s", "connector_login": "u"}, "connector_login is a str, where a mapping belongs"),
        ({"compression": None}, "compression is None"),
        ({"nested": None}, "nested is None"),
        (
            {**EXTERNAL, "ledger_table": "dbo.l", "update_statistics": True},
            "ledger_table, update_statistics: for table_",
        ),
        (
            {**EXTERNAL, "upsert_keys": "id", "slice_predicate": "id = 1"},
            "slice_predicate, upsert_keys: for table_type=",
        ),
        (
            {**EXTERNAL, "create_table": {"distribution": "HASH(id)"}},
            "distribution: an external table has columns only",
        ),
        (
            {**CONNECTOR, "upsert_keys": "id", "write_disposition": "upsert"},
            "write_disposition, upsert_keys: for method",
        ),
        ({**CONNECTOR, "create_table": {}, "compression": "gzip"}, "compression: for method='copy'"),
        ({**CONNECTOR, "table_type": "EXTERNAL"}, "needs data_source"),
        ({**CONNECTOR, "connector_login": LOGIN}, "connector_login needs server"),
        ({**CONNECTOR, "server": "s", "connector_login": WITHOUT_KEY}, "It needs .* staging_storage_account_key"),
        ({**CONNECTOR, "table": "dbo.t"}, "needs database.schema.table"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_connects(to_sql_pool, driver, context, arguments, message):
    with pytest.raises(AirflowFailException, match=message) as caught:
        to_sql_pool(**arguments).execute(context)
    assert isinstance(caught.value.__cause__, CopyOptionError | TransferOptionError)
    assert driver.connections == []


@pytest.mark.parametrize("seconds", [0, -1, "soon", None])
@pytest.mark.parametrize("operator", ["to_sql_pool", "to_spark"])
def test_a_poll_interval_that_is_none_is_refused_where_the_dag_is_written(request, operator, seconds):
    with pytest.raises(CopyOptionError, match="poll_interval is"):
        request.getfixturevalue(operator)(poll_interval=seconds)


def test_a_credential_that_must_not_be_deferred_is_refused_before_anything_connects(to_sql_pool, driver, context):
    task = to_sql_pool(deferrable=True, credential=StorageAccountKey(key=Secret(KEY)))
    with pytest.raises(AirflowFailException, match="set deferrable=False") as caught:
        task.execute(context)
    assert isinstance(caught.value.__cause__, CredentialError)
    assert KEY not in str(caught.value)
    assert driver.connections == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sql": "SELECT 1"}, "one of table and sql"),
        ({"spark_table": None}, "one of spark_table and spark_files"),
        ({"save_mode": "upsert"}, "save_mode is 'upsert'"),
        ({"save_mode": ["append"]}, r"save_mode is \['append'\]"),
        ({"table": 5}, "^table is no text: a int"),
        ({"table": None, "sql": 5}, "sql is no text: a int"),
        ({"spark_table": 5}, "spark_table is no text: a int"),
        ({"spark_table": None, "spark_files": ["x"]}, "spark_files is no text: a list"),
        ({"data_source": 5}, "data_source is no text: a int"),
        ({"file_format": None}, "file_format is no text: a NoneType"),
        ({"executors": "two"}, "executors is 'two', which is no whole number"),
    ],
)
def test_a_wrong_argument_of_an_export_is_named_before_anything_connects(to_spark, driver, context, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        to_spark(**arguments).execute(context)
    assert driver.connections == []


def test_the_page_of_the_batch_is_told_also_where_the_task_fails(to_sql_pool, context, monkeypatch):
    task, told = to_sql_pool(), {}
    context["ti"].xcom_push = lambda key, value: told.update({key: value})

    def begin():
        task.spark_application_url = "https://web.azuresynapse.net/page"
        raise SparkJobError("The job says no.", retryable=False)

    monkeypatch.setattr(task, "_work", lambda context: SimpleNamespace(begin=begin))
    with pytest.raises(AirflowFailException, match="says no"):
        task.execute(context)
    assert told == {SparkApplicationLink().xcom_key: "https://web.azuresynapse.net/page"}
