"""Master keys, credentials, data sources and external tables, as far as no storage is needed."""

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.pool import Pool, PoolConfiguration
from airflow_synapse.local.protocol import LoginRequest
from airflow_synapse.local.tsql.batch import _parsed, parse_batch
from airflow_synapse.secret import Secret

LAKE = "LOCATION = 'abfss://data@lake.dfs.core.windows.net'"
CREDENTIAL = "CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'account', SECRET = 's3ntinel'"


def refusal(client, text):
    with pytest.raises(PoolError) as refused:
        client.run(text)
    return refused.value


def test_a_credential_needs_a_master_key(client):
    assert refusal(client, CREDENTIAL).number == 15581
    client.run(f"CREATE MASTER KEY; {CREDENTIAL}")
    assert client.rows("SELECT name, credential_identity FROM sys.database_scoped_credentials") == [("c", "account")]


def test_a_secret_is_in_no_error_view_or_value(client):
    client.run("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 's3ntinel'")
    for text in (CREDENTIAL, f"{CREDENTIAL} WITH", CREDENTIAL.replace("CREATE", "ALTER").replace(" c ", " d ")):
        try:
            client.run(text)
        except PoolError as error:
            assert "s3ntinel" not in error.message  # noqa: PT017 - two of the three fail
    views = [
        client.rows(f"SELECT * FROM sys.{view}")
        for view in ("database_scoped_credentials", "dm_pdw_exec_requests", "dm_pdw_errors", "symmetric_keys")
    ]
    assert "s3ntinel" not in f"{views} {parse_batch(CREDENTIAL)[0].body}"


def test_a_text_with_a_secret_is_not_kept_with_the_parsed_batches():
    _parsed.cache_clear()
    parse_batch(CREDENTIAL)
    parse_batch("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'x'")
    assert _parsed.cache_info().currsize == 0
    parse_batch("SELECT 1")
    assert _parsed.cache_info().currsize == 1


def test_credentials_and_data_sources_outlive_a_restart(tmp_path):
    configuration = PoolConfiguration("sqlpool", tmp_path / "pool.duckdb", {"loader": Secret("word")})
    login = LoginRequest("loader", "word", None, "sqlpool", "pytest", "localhost", "")
    for batch in (
        f"CREATE MASTER KEY; {CREDENTIAL}; CREATE EXTERNAL DATA SOURCE s WITH ({LAKE}, CREDENTIAL = c, TYPE = HADOOP)",
        "ALTER DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'Managed Service Identity'",
        "DROP EXTERNAL DATA SOURCE s; DROP DATABASE SCOPED CREDENTIAL c; DROP MASTER KEY",
    ):
        pool = Pool(configuration)
        list(pool.login(login).execute(batch))
        pool.close()


def test_a_rolled_back_statement_leaves_nothing(client, new_client):
    """What is made in a transaction is refused; what fails outside one is undone."""
    client.run("BEGIN TRANSACTION")
    assert refusal(client, "CREATE MASTER KEY").number == 111212
    client.run("ROLLBACK")
    assert new_client().rows("SELECT name FROM sys.symmetric_keys") == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("CREATE EXTERNAL DATA SOURCE s WITH (TYPE = HADOOP)", 103010),
        (f"CREATE EXTERNAL DATA SOURCE s WITH ({LAKE}, TYPE = BLOB_STORAGE)", 103010),
        (f"CREATE EXTERNAL DATA SOURCE s WITH ({LAKE}, {LAKE})", 103010),
        (f"CREATE EXTERNAL DATA SOURCE s WITH ({LAKE}, RESOURCE_MANAGER_LOCATION = 'x')", 103010),
        (f"CREATE EXTERNAL DATA SOURCE s WITH ({LAKE}, CREDENTIAL = nobody)", 15151),
        ("CREATE EXTERNAL DATA SOURCE s WITH (LOCATION = 'hdfs://10.0.0.1')", 103010),
        ("DROP EXTERNAL DATA SOURCE IF EXISTS s", 103010),
        ("DROP EXTERNAL DATA SOURCE s", 15151),
        ("DROP DATABASE SCOPED CREDENTIAL c", 15151),
        ("ALTER DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'x'", 15581),
        ("DROP MASTER KEY", 15151),
        ("ALTER DATABASE sqlpool SET x", 103010),
        ("CREATE DATABASE other", 103010),
        ("CREATE EXTERNAL TABLE t (n int) WITH (LOCATION = 'x/', DATA_SOURCE = s, FILE_FORMAT = f)", 15151),
        ("CREATE EXTERNAL TABLE #t (n int) WITH (LOCATION = 'x/', DATA_SOURCE = s, FILE_FORMAT = f)", 103010),
        ("CREATE EXTERNAL TABLE t WITH (LOCATION = 'x/', DATA_SOURCE = s, FILE_FORMAT = f)", 103010),
        ("CREATE EXTERNAL TABLE t (n int) WITH (LOCATION = 'x/', FILE_FORMAT = f)", 103010),
        ("CREATE EXTERNAL TABLE t (n int) WITH (LOCATION = 'x', DATA_SOURCE = s, FILE_FORMAT = f, HEAP = 1)", 103010),
        (
            "CREATE EXTERNAL TABLE t (n int) WITH"
            " (LOCATION = 'x', DATA_SOURCE = s, FILE_FORMAT = f, REJECT_TYPE = PERCENTAGE, REJECT_VALUE = 5)",
            103010,
        ),
        *(
            (
                f"CREATE EXTERNAL TABLE t (n int) WITH (LOCATION = 'x', DATA_SOURCE = s, FILE_FORMAT = f, {reject})",
                103010,
            )
            for reject in (
                "REJECT_VALUE = 1.5",
                "REJECT_VALUE = 2147483648",
                "REJECT_TYPE = PERCENTAGE, REJECT_SAMPLE_VALUE = 10, REJECT_VALUE = 101",
                "REJECT_SAMPLE_VALUE = 10",
                "REJECT_TYPE = ROWS",
                "REJECTED_ROW_LOCATION = '/rejects'",
            )
        ),
        (
            "CREATE EXTERNAL TABLE t (n int IDENTITY) WITH (LOCATION = 'x/', DATA_SOURCE = s, FILE_FORMAT = f)",
            103010,
        ),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_number(client, text, number):
    assert refusal(client, text).number == number


def test_statements_without_semicolons_are_told_apart():
    batch = """
        GRANT SELECT, INSERT ON dbo.t TO a, b
        DENY ALTER TO a
        REVOKE EXECUTE ON SCHEMA::dbo FROM a
        CREATE EXTERNAL TABLE dbo.e WITH (LOCATION = 'x/', DATA_SOURCE = s, FILE_FORMAT = f)
            AS WITH c AS (SELECT 1 AS n) SELECT n FROM c UNION ALL SELECT 2
        CREATE TABLE dbo.t WITH (DISTRIBUTION = ROUND_ROBIN) AS WITH c AS (SELECT 1 AS n) SELECT n FROM c
        SELECT 1
    """
    names = [type(statement.body).__name__ for statement in parse_batch(batch)]
    assert names == [
        *["ChangePermissions"] * 3,
        "CreateExternalTableAsSelect",
        "CreateTableAsSelect",
        "Select",
    ]
