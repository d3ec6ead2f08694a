"""Tables, schemas, file formats, statistics: made, listed, dropped, and kept over a restart."""

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.pool import Pool, PoolConfiguration
from airflow_synapse.local.protocol import Done, LoginRequest
from airflow_synapse.secret import Secret


def refusal(client, text):
    with pytest.raises(PoolError) as refused:
        client.run(text)
    return refused.value.number


FULL_TABLE = """
CREATE TABLE dbo.sale (
    id int NOT NULL IDENTITY(100, 2), day date NOT NULL, customer nvarchar(40) COLLATE Latin1_General_100_CI_AS NULL,
    amount decimal(10, 2) DEFAULT (0), CONSTRAINT pk_sale PRIMARY KEY NONCLUSTERED (day, id) NOT ENFORCED,
    UNIQUE (customer) NOT ENFORCED
) WITH (
    DISTRIBUTION = HASH(customer), CLUSTERED COLUMNSTORE INDEX ORDER (day, amount),
    PARTITION (day RANGE RIGHT FOR VALUES ('2013-01-01', '2014-01-01'))
)
"""


@pytest.mark.parametrize(
    ("view", "rows"),
    [
        ("SELECT c.name, c.column_id, t.name, c.max_length, c.precision, c.scale, c.is_nullable, c.is_identity "
         "FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.user_type_id ORDER BY c.column_id",
         [("id", 1, "int", 4, 10, 0, False, True), ("day", 2, "date", 3, 10, 0, False, False),
          ("customer", 3, "nvarchar", 80, 0, 0, True, False), ("amount", 4, "decimal", 9, 10, 2, True, False)]),
        ("SELECT distribution_policy_desc FROM sys.pdw_table_distribution_properties", [("HASH",)]),
        ("SELECT column_id FROM sys.pdw_column_distribution_properties WHERE distribution_ordinal = 1", [(3,)]),
        ("SELECT type_desc, is_primary_key FROM sys.indexes ORDER BY index_id",
         [("CLUSTERED COLUMNSTORE", False), ("NONCLUSTERED", True), ("NONCLUSTERED", False)]),
        ("SELECT COUNT(*) FROM sys.partitions", [(3,)]),
        ("SELECT seed_value, increment_value FROM sys.identity_columns", [(100, 2)]),
        ("SELECT definition FROM sys.default_constraints", [("(0)",)]),
        ("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES", [("dbo", "sale", "BASE TABLE")]),
        ("SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, IS_NULLABLE "
         "FROM INFORMATION_SCHEMA.COLUMNS WHERE ORDINAL_POSITION > 2",
         [("customer", "nvarchar", 40, None, "YES"), ("amount", "decimal", None, 10, "YES")]),
        ("SELECT CONSTRAINT_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE WHERE ORDINAL_POSITION = 2",
         [("pk_sale", "id")]),
        ("SELECT s.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id", [("dbo",)]),
        ("SELECT name FROM sys.databases ORDER BY database_id", [("master",), ("sqlpool",)]),
    ],
)  # fmt: skip
def test_the_views_tell_what_was_declared(client, view, rows):
    client.run(FULL_TABLE)
    assert client.rows(view) == rows


def test_a_table_without_options_is_a_round_robin_columnstore(client):
    """Source: T-SQL reference, CREATE TABLE (Azure Synapse Analytics), defaults."""
    client.run("CREATE TABLE t (a int)")
    assert client.rows("SELECT distribution_policy_desc FROM sys.pdw_table_distribution_properties") == [
        ("ROUND_ROBIN",)
    ]
    assert client.rows("SELECT type_desc FROM sys.indexes") == [("CLUSTERED COLUMNSTORE",)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("CREATE TABLE t (a int) CREATE TABLE DBO.T (b int)", 2714),
        ("CREATE TABLE nope.t (a int)", 2760),
        ("CREATE TABLE t (a int, A int)", 2705),
        ("CREATE TABLE t (a int) WITH (DISTRIBUTION = HASH(b))", 207),
        ("CREATE TABLE t (a int) WITH (CLUSTERED INDEX (b))", 207),
        ("CREATE TABLE t (a int, PRIMARY KEY NONCLUSTERED (b) NOT ENFORCED)", 207),
        ("CREATE TABLE t (a int IDENTITY, b int IDENTITY)", 2744),
        ("CREATE TABLE t (a varchar(5) IDENTITY)", 2749),
        ("CREATE TABLE t (a smallint IDENTITY)", 2749),
        ("CREATE TABLE t (a tinyint IDENTITY)", 2749),
        ("CREATE TABLE t (a int IDENTITY) WITH (DISTRIBUTION = HASH(a))", 103010),
        ("CREATE TABLE t (a int IDENTITY DEFAULT 5)", 1754),
        ("CREATE TABLE t (a int DEFAULT 'x')", 245),
        ("CREATE TABLE t (a int) WITH (HEAP, CLUSTERED COLUMNSTORE INDEX)", 103010),
        ("CREATE TABLE t (a int) WITH (HEAP, HEAP)", 103010),
        ("CREATE TABLE t (a int) WITH (DISTRIBUTION = HASH(a), HEAP, DISTRIBUTION = ROUND_ROBIN)", 103010),
        ("CREATE TABLE #t (a int) WITH (DISTRIBUTION = REPLICATE)", 103010),
        ("CREATE TABLE t (a varchar(max))", 35343),
        ("CREATE TABLE t (a decimal(39))", 2750),
        ("CREATE TABLE t (a decimal(5,6))", 192),
        ("CREATE TABLE t (a int DEFAULT 'x') INSERT INTO t VALUES (DEFAULT)", 245),
        ("DROP TABLE nope", 3701),
        ("CREATE SCHEMA dbo", 2714),
        ("DROP SCHEMA nope", 15151),
        ("CREATE SCHEMA s CREATE TABLE s.t (a int) DROP SCHEMA s", 3729),
        ("DROP EXTERNAL FILE FORMAT nope", 15151),
        ("CREATE TABLE t (a int) DROP STATISTICS t.nope", 2767),
        ("CREATE TABLE t (a int) CREATE STATISTICS s ON t (b)", 207),
        ("CREATE TABLE t (a int) CREATE STATISTICS s ON t (a) CREATE STATISTICS s ON t (a)", 1927),
        ("CREATE TABLE otherdatabase.dbo.t (a int)", 40515),
    ],
)
def test_a_wrong_definition_is_refused_with_its_number(client, text, number):
    assert refusal(client, text) == number


def test_a_table_is_dropped_if_it_is_there(client):
    client.run("CREATE TABLE dbo.t (a int)")
    script = "IF OBJECT_ID('dbo.t', 'U') IS NOT NULL DROP TABLE dbo.t"
    assert client.run(script) == [Done()]
    assert client.run(script) == []
    assert client.run("DROP TABLE IF EXISTS dbo.t, #x") == [Done()]
    assert client.run(
        "IF NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = 't') CREATE TABLE t (b int) ELSE DROP TABLE t"
    )
    assert client.types("SELECT * FROM t") == ["int"]


def test_a_temporary_table_belongs_to_its_session(client, new_client):
    client.run("CREATE TABLE #t (a int) INSERT INTO #t VALUES (1)")
    assert client.value("OBJECT_ID('tempdb..#t')") is not None
    assert client.rows("SELECT a FROM tempdb..#t") == [(1,)]
    other = new_client()
    assert other.value("OBJECT_ID('tempdb..#t')") is None
    assert refusal(other, "SELECT a FROM #t") == 208
    client.session.reset()
    assert refusal(client, "SELECT a FROM #t") == 208


def test_statistics_and_file_formats_are_listed(client):
    client.run("CREATE TABLE t (a int, b int) CREATE STATISTICS s ON dbo.t (b, a) WITH FULLSCAN UPDATE STATISTICS t")
    columns = "SELECT s.name, c.column_id FROM sys.stats s JOIN sys.stats_columns c ON c.stats_id = s.stats_id "
    assert client.rows(columns + "ORDER BY c.stats_column_id") == [("s", 2), ("s", 1)]
    client.run("DROP STATISTICS dbo.t.s")
    client.run(
        "CREATE EXTERNAL FILE FORMAT f WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIELD_TERMINATOR = '|'))"
    )
    assert client.rows("SELECT name, format_type, field_terminator FROM sys.external_file_formats") == [
        ("f", "DELIMITEDTEXT", "|")
    ]
    client.run("DROP EXTERNAL FILE FORMAT f")
    assert client.rows("SELECT name FROM sys.stats UNION ALL SELECT name FROM sys.external_file_formats") == []


def test_a_restart_keeps_objects_and_rows(tmp_path):
    configuration = PoolConfiguration("sqlpool", tmp_path / "pool.duckdb", {"u": Secret("p")})
    login = LoginRequest("u", "p", None, "sqlpool", "", "", "")
    pool = Pool(configuration)
    session = pool.login(login)
    script = (
        "; INSERT INTO dbo.sale (day) VALUES ('2013-01-05'); CREATE STATISTICS s ON dbo.sale (day); CREATE SCHEMA stage"
        "; CREATE TABLE dbo.visit (id int, at datetime DEFAULT ('01/02/13 10:00 PM'))"
    )
    list(session.execute(FULL_TABLE + script + "; CREATE EXTERNAL FILE FORMAT f WITH (FORMAT_TYPE = PARQUET)"))
    tables = [session._state.database.catalog.tables()]
    pool.close()
    pool = Pool(configuration)
    try:
        session = pool.login(login)
        list(session.execute("INSERT INTO dbo.sale (day) VALUES ('2013-01-06')"))
        (rows,) = session.execute("SELECT id FROM dbo.sale ORDER BY id")
        assert [value for batch in rows.batches for value in batch.column(0).to_pylist()] == [100, 102]
        assert session._state.database.catalog.tables() == tables[0]
        (rows,) = session.execute("SELECT name FROM sys.stats UNION ALL SELECT name FROM sys.external_file_formats "
                                  "UNION ALL SELECT name FROM sys.schemas WHERE schema_id = 5")  # fmt: skip
        assert [value for batch in rows.batches for value in batch.column(0).to_pylist()] == ["s", "f", "stage"]
    finally:
        pool.close()
