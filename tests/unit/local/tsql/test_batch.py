"""How a batch is cut into statements, and what is refused before anything runs."""

import logging

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.batch import parse_batch
from airflow_synapse.local.tsql.parser import supported_statements
from airflow_synapse.local.tsql.refused_statements import MISSING_HERE, UNSUPPORTED_IN_A_DEDICATED_POOL


def kinds(text):
    return [type(statement.body).__name__ for statement in parse_batch(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["Select"]),
        ("SELECT 1; ; SELECT 2;", ["Select", "Select"]),
        ("SELECT 1 SELECT 2", ["Select", "Select"]),
        ("SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 3", ["Select"]),
        ("SELECT (SELECT 1) SELECT 2", ["Select", "Select"]),
        ("INSERT INTO t SELECT 1 SELECT 2", ["Insert", "Select"]),
        ("INSERT INTO t VALUES (1) SELECT 2", ["Insert", "Select"]),
        ("UPDATE t SET a = CASE WHEN a = 1 THEN 2 ELSE 3 END SET NOCOUNT ON", ["Change", "SetOption"]),
        ("DELETE FROM t WHERE a = 1 DELETE t", ["Change", "Change"]),
        ("WITH x AS (SELECT 1 AS a) SELECT a FROM x SELECT 2", ["Select", "Select"]),
        (
            "CREATE TABLE t (a int) DROP TABLE IF EXISTS t TRUNCATE TABLE t",
            ["CreateTable", "DropTable", "TruncateTable"],
        ),
        (
            "CREATE TABLE t WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 AS a SELECT 2",
            ["CreateTableAsSelect", "Select"],
        ),
        ("BEGIN TRAN INSERT INTO t VALUES (1) COMMIT", ["Transaction", "Insert", "Transaction"]),
        ("DECLARE @a int = 1 SET @a = 2 PRINT @a", ["Declare", "SetVariable", "Print"]),
        ("IF 1 = 1 SELECT 1 ELSE SELECT 2 SELECT 3", ["If", "Select"]),
        ("IF EXISTS (SELECT 1) BEGIN SELECT 1 SELECT 2 END SELECT 3", ["If", "Select"]),
        ("sp_datatype_info_100 12,3", ["Execute"]),
        ("EXEC sys.sp_tables @table_name = 't' SELECT 1", ["Execute", "Select"]),
        ("UPDATE STATISTICS t UPDATE t SET a = 1", ["UpdateStatistics", "Change"]),
        ("-- SELECT 1\n/* DROP TABLE t /* nested */ */ SELECT ';' AS [SELECT]", ["Select"]),
    ],
)
def test_a_batch_needs_no_semicolons(text, expected):
    assert kinds(text) == expected


def test_a_statement_keeps_its_text_and_label():
    first, second = parse_batch("SELECT 1 AS a OPTION (LABEL = N'load: [dbo].[t]', HASH JOIN) SELECT 2")
    assert (first.text, first.label) == (
        "SELECT 1 AS a OPTION (LABEL = N'load: [dbo].[t]', HASH JOIN)",
        "load: [dbo].[t]",
    )
    assert (second.text, second.label) == ("SELECT 2", None)


def test_copy_brings_its_label_too():
    (statement,) = parse_batch(
        "COPY INTO t FROM 'https://lake.blob.core.windows.net/c/f.csv' WITH (FILE_TYPE = 'CSV') OPTION (LABEL = 'x')"
    )
    assert (type(statement.body).__name__, statement.label) == ("Copy", "x")


@pytest.mark.parametrize("words", sorted(UNSUPPORTED_IN_A_DEDICATED_POOL), ids=" ".join)
def test_what_a_dedicated_pool_lacks_is_refused_by_name(words):
    with pytest.raises(PoolError, match=f"{' '.join(words)} is not supported in a dedicated SQL pool"):
        parse_batch(f"{' '.join(words)} x")


@pytest.mark.parametrize("words", MISSING_HERE, ids=" ".join)
def test_what_the_local_pool_lacks_is_refused_by_name(words):
    with pytest.raises(PoolError, match=f"{' '.join(words)} is not supported by the local pool"):
        parse_batch(f"{' '.join(words)} x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("INSERT INTO t VALUES (1), (2)", "near ','"),
        ("INSERT INTO t VALUES (GETDATE())", "only constant literal values"),
        ("CREATE TABLE ##t (a int)", "global temporary table"),
        ("CREATE TABLE t (a int REFERENCES u (a))", "FOREIGN KEY"),
        ("CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES u (a))", "FOREIGN KEY"),
        ("CREATE TABLE t (a int CHECK (a > 1))", "CHECK"),
        ("CREATE TABLE t (a int, b AS a + 1)", "computed column"),
        ("CREATE TABLE t (a int PRIMARY KEY)", "PRIMARY KEY NONCLUSTERED"),
        ("CREATE TABLE t (a int UNIQUE)", "UNIQUE"),
        ("CREATE TABLE t (a int DEFAULT GETDATE())", "DEFAULT that is not a constant"),
        ("CREATE TABLE t (a xml)", "xml is not supported in a dedicated SQL pool"),
        ("CREATE TABLE t AS SELECT 1 AS a", "DISTRIBUTION"),
        ("CREATE TABLE t WITH (HEAP) AS SELECT 1 AS a", "DISTRIBUTION"),
        ("SELECT a FROM t ORDER BY a OFFSET 5 ROWS", "OFFSET/FETCH is not supported in a dedicated"),
        ("SELECT a FROM t FOR JSON AUTO", "FOR"),
        ("SELECT a FROM t CROSS APPLY f(a)", "APPLY is not supported by the local pool"),
        ("SELECT * FROM OPENROWSET(BULK 'x', FORMAT = 'CSV') AS r", "OPENROWSET is not supported in a dedicated"),
        ("SELECT a.n FROM a INNER HASH JOIN b ON a.n = b.n", "join hint HASH is not supported by the local pool"),
        ("UPDATE t SET n += 1", r"operator \+= is not supported by the local pool"),
        ("INSERT INTO t (n) EXEC sp_who", "INSERT EXEC is not supported by the local pool"),
        ("INSERT t EXECUTE sp_who", "INSERT EXEC is not supported by the local pool"),
        ("TRUNCATE TABLE t WITH (PARTITIONS (1))", "PARTITIONS. is not supported in a dedicated SQL pool"),
        ("SELECT a INTO u FROM t", "INTO is not supported by the local pool"),
        ("SELECT a FROM t WITH (TABLOCKX)", "TABLOCKX"),
        ("SELECT 1 OPTION (MAXDOP 1)", "MAXDOP"),
        ("SET QUOTED_IDENTIFIER OFF", "QUOTED_IDENTIFIER"),
        ("SET DATEFORMAT dmy", "DATEFORMAT"),
        ("SET IMPLICIT_TRANSACTIONS ON", "IMPLICIT_TRANSACTIONS"),
        ("SET NOSUCHOPTION ON", "NOSUCHOPTION"),
        ("BEGIN TRAN name", "named transaction"),
        ("SAVE TRAN x", "SAVE"),
        ("BEGIN TRY SELECT 1 END TRY", "TRY"),
        ("DECLARE @t TABLE (a int)", "table variable"),
        ("DECLARE c CURSOR FOR SELECT 1", "cursor"),
        ("EXEC ('SELECT 1')", "EXEC of a string"),
    ],
)
def test_a_refusal_says_what_is_refused(text, message):
    with pytest.raises(PoolError, match=message) as refused:
        parse_batch(text)
    assert refused.value.number in {103010, 104334, 2715}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'top-secret' 'x' 'y'",
        "SELEKT SECRET = 'top-secret'",
        "INSERT INTO t VALUES ('top-secret'",
        "COPY INTO t FROM 'u' WITH (CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = 'top-secret'",
        "COPY INTO t FROM 'u' WITH (CREDENTIAL = (SECRET = 'top-secret'), NOPE = 1)",
        "SELECT 'top-secret",
        "CREATE TABLE t (a int DEFAULT 'top-secret' 'top-secret')",
        "PRINT 'a' 'top-secret'",
        "SELECT a FROM t WHERE 'top-secret' 'top-secret'",
    ],
)
def test_no_error_quotes_a_literal(shared_client, text, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(PoolError) as refused:
        shared_client.run(text)
    assert "top-secret" not in refused.value.message + caplog.text
    assert refused.value.__cause__ is None


def test_the_list_of_statements_for_the_documentation_is_complete():
    assert {"COPY INTO", "CREATE TABLE", "SELECT", "KILL", "IF"} <= set(supported_statements())
