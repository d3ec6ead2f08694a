"""INSERT, UPDATE, DELETE, TRUNCATE and what columns do to values."""

# ruff: noqa: DTZ001 - the columns of these tests have no time zone

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import Done, Parameter
from airflow_synapse.local.sql_types import SqlType


def refusal(client, text, *parameters):
    with pytest.raises(PoolError) as refused:
        client.run(text, *parameters)
    return refused.value.number


@pytest.mark.parametrize(
    ("declared", "given", "stored"),
    [
        ("varchar(3)", "'abc'", "abc"),
        ("varchar(3)", "'abc  '", "abc"),
        ("nvarchar(2)", "N'łą'", "łą"),
        ("char(5)", "'ab'", "ab   "),
        ("nchar(3)", "N'ł'", "ł  "),
        ("varchar(5)", "12", "12"),
        ("char(5)", "1.25", "1.25 "),
        ("int", "'12'", 12),
        ("int", "2.9", 2),
        ("decimal(5,2)", "1.239", Decimal("1.24")),
        ("money", "1.5", Decimal("1.5000")),
        ("bit", "5", True),
        ("float", "'1e3'", 1000.0),
        ("date", "'01/31/2013'", date(2013, 1, 31)),
        ("date", "'2013-01-31 10:00'", date(2013, 1, 31)),
        ("datetime", "'2013-01-05 10:11:12.345'", datetime(2013, 1, 5, 10, 11, 12, 347000)),
        ("datetime2(0)", "'2013-01-05 10:11:12.6'", datetime(2013, 1, 5, 10, 11, 13)),
        ("datetime", "'01/02/24 10:00 PM'", datetime(2024, 1, 2, 22)),
        ("smalldatetime", "'2013-01-05 10:11:30'", datetime(2013, 1, 5, 10, 12)),
        ("varbinary(2)", "0x0102", b"\x01\x02"),
        ("binary(3)", "0x0102", b"\x01\x02\0"),
        ("binary(3)", "CAST(0x0102 AS varbinary(9))", b"\x01\x02\0"),
        ("binary(3)", "CAST(NULL AS varbinary(9))", None),
        ("tinyint", "255", 255),
        ("int", "NULL", None),
        ("varchar(3)", "CAST(NULL AS varchar(9))", None),
        ("varbinary(3)", "CAST(NULL AS varbinary(9))", None),
        ("int DEFAULT 7", "DEFAULT", 7),
        ("varchar(9) DEFAULT ('x')", "DEFAULT", "x"),
        ("char(3) DEFAULT 'a''b'", "DEFAULT", "a'b"),
        ("varbinary(3) DEFAULT 0x27005C", "DEFAULT", b"'\x00\\"),
        ("float DEFAULT 0.1", "DEFAULT", 0.1),
        ("datetime DEFAULT '01/02/24 10:00 PM'", "DEFAULT", datetime(2024, 1, 2, 22)),
        ("int DEFAULT NULL", "DEFAULT", None),
        ("int", "DEFAULT", None),
    ],
)
def test_a_column_stores_a_value_as_its_type_says(client, declared, given, stored):
    client.run(f"CREATE TABLE t (a int, c {declared}) WITH (HEAP)")
    client.run(f"INSERT INTO t {f'SELECT 1, {given}' if 'CAST' in given else f'VALUES (1, {given})'}")
    assert client.rows("SELECT c FROM t") == [(stored,)]


@pytest.mark.parametrize(
    ("declared", "given", "number"),
    [
        ("varchar(3)", "'abcd'", 8152),
        ("nvarchar(1)", "N'😀'", 8152),
        ("varbinary(1)", "0x0102", 8152),
        ("binary(1)", "0x0102", 8152),
        ("varchar(1)", "12", 8152),
        ("varchar(3)", "1.25", 8115),
        ("int NOT NULL", "NULL", 515),
        ("tinyint", "256", 8115),
        ("decimal(3,2)", "10", 8115),
        ("int", "'x'", 245),
        ("date", "'31/01/2013'", 241),
        ("date", "20130131", 257),
        ("varbinary(9)", "'a'", 257),
    ],
)
def test_a_value_that_does_not_fit_is_refused(client, declared, given, number):
    client.run(f"CREATE TABLE t (c {declared}) WITH (HEAP)")
    assert refusal(client, f"INSERT INTO t VALUES ({given})") == number
    assert refusal(client, f"INSERT INTO t SELECT {given}") == number
    assert client.value("COUNT(*) FROM t") == 0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("INSERT INTO t VALUES (1)", 213),
        ("INSERT INTO t SELECT 1, 2, 3", 213),
        ("INSERT INTO t (a) VALUES (1, 2)", 110),
        ("INSERT INTO t (a, b) VALUES (1)", 109),
        ("INSERT INTO t (a, a) VALUES (1, 2)", 264),
        ("INSERT INTO t (nope) VALUES (1)", 207),
        ("INSERT INTO nope VALUES (1)", 208),
        ("UPDATE t SET nope = 1", 207),
        ("UPDATE t SET a = 1, a = 2", 264),
        ("UPDATE nope SET a = 1", 208),
        ("DELETE FROM nope", 208),
        ("TRUNCATE TABLE nope", 4701),
    ],
)
def test_a_change_that_does_not_fit_its_table_is_refused(client, text, number):
    client.run("CREATE TABLE t (a int, b int)")
    assert refusal(client, text) == number


def test_changes_tell_how_many_rows_they_touched(client):
    client.run("CREATE TABLE t (a int, b varchar(5))")
    assert client.run("INSERT INTO t SELECT 1, 'x' UNION ALL SELECT 2, 'y' UNION ALL SELECT 3, 'z'") == [Done(3)]
    assert client.run("UPDATE t SET b = b + '!', a = a * 10 WHERE a > 1") == [Done(2)]
    assert client.run("DELETE FROM t WHERE b = 'z!'; DELETE t WHERE a = 99") == [Done(1), Done(0)]
    assert client.rows("SELECT * FROM t ORDER BY a") == [(1, "x"), (20, "y!")]
    assert client.run("SET NOCOUNT ON; DELETE FROM t") == [Done(), Done()]


def test_update_and_delete_may_join(client):
    client.run("CREATE TABLE t (id int, v varchar(5)) CREATE TABLE u (id int, v varchar(5))")
    client.run("INSERT INTO t SELECT 1, 'a' UNION SELECT 2, 'b' INSERT INTO u SELECT 2, 'B2' UNION SELECT 3, 'C'")
    assert client.run("UPDATE t SET v = u.v FROM t JOIN u ON u.id = t.id") == [Done(1)]
    assert client.rows("SELECT v FROM t ORDER BY id") == [("a",), ("B2",)]
    assert client.run("UPDATE x SET v = 'q' FROM dbo.t AS x WHERE x.id = 1") == [Done(1)]
    assert client.run("DELETE FROM x FROM t x JOIN u ON u.id = x.id") == [Done(1)]
    assert client.rows("SELECT * FROM t") == [(1, "q")]


def test_update_and_delete_may_join_in_where_alone(client):
    client.run("CREATE TABLE t (id int, v varchar(5)) CREATE TABLE u (id int, v varchar(5)) CREATE TABLE #t (id int)")
    client.run("INSERT INTO t SELECT 1, 'a' UNION SELECT 2, 'b' INSERT INTO u SELECT 2, 'B2' UNION SELECT 3, 'C'")
    for _ in range(2):  # the second time from the batch that was parsed before
        assert client.run("UPDATE t SET t.v = u.v FROM u WHERE u.id = t.id") == [Done(1)]
    assert client.rows("SELECT v FROM t ORDER BY id") == [("a",), ("B2",)]
    client.run("INSERT INTO #t VALUES (2) UPDATE #t SET id = s.id + 1 FROM (SELECT 2 AS id) AS s WHERE s.id = #t.id")
    assert client.rows("SELECT id FROM #t") == [(3,)]
    assert client.run("DELETE FROM dbo.t FROM u AS s JOIN #t ON #t.id = s.id WHERE s.id > t.id") == [Done(2)]
    assert refusal(client, "DELETE FROM t FROM u JOIN #t ON #t.id = t.id") == 4104
    assert refusal(client, "UPDATE x SET v = 'q' FROM u WHERE u.id = x.id") == 208
    assert refusal(client, "UPDATE server.sqlpool.dbo.t SET v = 'q' FROM u WHERE u.id = t.id") == 40515


def test_identity_values_follow_seed_and_increment(client):
    client.run("CREATE TABLE t (id bigint IDENTITY(10, 5), v varchar(20)) WITH (HEAP)")
    client.run("INSERT INTO t VALUES ('a') INSERT INTO t (v) SELECT 'b' UNION ALL SELECT 'c'")
    assert client.rows("SELECT id FROM t ORDER BY id") == [(10,), (15,), (20,)]
    assert refusal(client, "INSERT INTO t (id, v) VALUES (1, 'x')") == 544
    client.run("SET IDENTITY_INSERT t ON; INSERT INTO t (id, v) VALUES (1, 'x'); SET IDENTITY_INSERT t OFF")
    assert refusal(client, "UPDATE t SET id = 1") == 8102
    client.run("TRUNCATE TABLE t; INSERT INTO t VALUES ('again')")
    assert client.rows("SELECT id, v FROM t") == [(10, "again")]


def test_create_table_as_select_keeps_types_and_rows(client):
    client.run("CREATE TABLE t (a int NOT NULL, b varchar(7), d decimal(9,3)) INSERT INTO t VALUES (1, 'x', 2.5)")
    options = "WITH (DISTRIBUTION = HASH(total), HEAP)"
    assert client.run(
        f"CREATE TABLE dbo.u {options} AS SELECT a, b, SUM(d) AS total, b + 'y' AS c FROM t GROUP BY a, b"
    ) == [Done(1)]
    assert client.types("SELECT * FROM u") == ["int", "varchar(7)", "decimal(38,3)", "varchar(8)"]
    assert client.rows("SELECT * FROM u") == [(1, "x", Decimal("2.500"), "xy")]
    assert refusal(client, "CREATE TABLE w WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1") == 1038
    assert refusal(client, "CREATE TABLE w WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 / 0 AS a") == 8134
    assert client.value("OBJECT_ID('w')") is None


def test_explicit_identity_values_are_needed_while_they_are_on_and_passed_afterwards(client):
    client.run("CREATE TABLE t (id int IDENTITY(1, 1), v int) INSERT INTO t VALUES (1)")
    client.run("SET IDENTITY_INSERT t ON")
    for given in ("t (v) VALUES (1)", "t VALUES (1)", "t (v) SELECT 1", "t (id, v) VALUES (DEFAULT, 1)"):
        assert refusal(client, f"INSERT INTO {given}") == 545
    client.run("INSERT INTO t (id, v) VALUES (500, 2) INSERT INTO t (id, v) VALUES (-1, 3) SET IDENTITY_INSERT t OFF")
    client.run("INSERT INTO t VALUES (4) INSERT INTO t VALUES (5)")
    assert client.rows("SELECT id FROM t ORDER BY v") == [(1,), (500,), (-1,), (501,), (502,)]


@pytest.mark.parametrize(
    ("identity", "explicit", "following"),
    [("(1, 1)", -1, 1), ("(1, 1)", 7, 8), ("(-5, -5)", 3, -5), ("(-5, -5)", -50, -55)],
)
def test_the_first_number_is_the_seed_unless_an_explicit_value_is_further(client, identity, explicit, following):
    client.run(f"CREATE TABLE t (id int IDENTITY{identity}, v int) SET IDENTITY_INSERT t ON")
    client.run(f"INSERT INTO t (id, v) VALUES ({explicit}, 1) SET IDENTITY_INSERT t OFF INSERT INTO t VALUES (2)")
    assert client.rows("SELECT id FROM t WHERE v = 2") == [(following,)]


@pytest.mark.parametrize(
    ("query", "is_identity"),
    [
        ("SELECT id, v FROM t", 1),
        ("SELECT * FROM t WHERE 1 = 2", 1),
        ("SELECT x.id AS key_of_row, id + 1 AS next FROM dbo.t AS x", 1),
        ("SELECT t.id FROM t JOIN w ON w.v = t.v", 0),
        ("SELECT t.id FROM t, w", 0),
        ("SELECT id FROM t UNION ALL SELECT id FROM t", 0),
        ("SELECT id FROM t EXCEPT SELECT id FROM t", 0),
        ("SELECT id, id AS again FROM t", 0),
        ("SELECT *, id AS again FROM t", 0),
        ("SELECT id + 0 AS id FROM t", 0),
        ("SELECT CAST(id AS int) AS id FROM t", 0),
        ("SELECT ~id AS id FROM t", 0),
        ("SELECT id FROM (SELECT id FROM t) AS d", 0),
        ("WITH c AS (SELECT id FROM t) SELECT id FROM c", 0),
    ],
)
def test_create_table_as_select_inherits_identity_of_a_plain_column(client, query, is_identity):
    client.run("CREATE TABLE t (id int IDENTITY(10, 5), v varchar(5)) CREATE TABLE w (v varchar(5))")
    client.run(f"CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS {query}")
    flags = client.rows("SELECT is_identity FROM sys.columns WHERE object_id = OBJECT_ID('u') ORDER BY column_id")
    assert flags[0] == (is_identity,)
    assert not any(flag for (flag,) in flags[1:])


def test_an_inherited_identity_begins_at_its_seed_or_behind_the_rows(client):
    client.run("CREATE TABLE t (id int IDENTITY(10, 5), v varchar(5)) INSERT INTO t SELECT 'a' UNION ALL SELECT 'b'")
    client.run("CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT id, v FROM t WHERE 1 = 2")
    client.run("CREATE TABLE w WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT id, v FROM t")
    client.run("INSERT INTO u VALUES ('c') INSERT INTO w VALUES ('c')")
    assert client.rows("SELECT id FROM u") == [(10,)]
    assert client.rows("SELECT id FROM w ORDER BY id") == [(10,), (15,), (20,)]


def test_parameters_are_values_never_text(client):
    client.run("CREATE TABLE t (a int, b nvarchar(50), c datetime2(6))")
    text = "x'); DROP TABLE t; --"
    parameters = (
        Parameter("@P1", SqlType("int"), 5),
        Parameter("@P2", SqlType("nvarchar", 4000), text),
        Parameter("@P3", SqlType("datetime2", scale=7), datetime(2013, 1, 5, 1, 2, 3, 456789)),
    )
    assert client.run("INSERT INTO t VALUES (@P1, @P2, @P3)", *parameters) == [Done(1)]
    assert client.rows("SELECT * FROM t WHERE b = @P2 AND a IN (@P1, 7)", *parameters) == [
        (5, text, datetime(2013, 1, 5, 1, 2, 3, 456789))
    ]


def test_a_parameter_may_be_a_pattern_or_the_name_of_an_object(client):
    client.run("CREATE TABLE t (a varchar(9)) INSERT INTO t SELECT 'abc' UNION SELECT 'xyz'")
    pattern = Parameter("@P1", SqlType("nvarchar", 4000), "A[a-c]%")
    assert client.rows("SELECT a FROM t WHERE a LIKE @P1", pattern) == [("abc",)]
    name = Parameter("@P1", SqlType("nvarchar", 4000), "dbo.t")
    assert client.rows("SELECT COUNT(*) FROM sys.tables WHERE object_id = OBJECT_ID(@P1)", name) == [(1,)]


def test_a_failed_statement_leaves_no_parameter_behind(client):
    parameter = Parameter("@P1", SqlType("int"), 5)
    assert refusal(client, "SELECT @P1 + nope", parameter) == 207
    assert client.rows("SELECT 1") == [(1,)]


def test_the_rows_of_an_insert_of_parameters_are_inserted_at_once_or_not_at_all(client):
    client.run("CREATE TABLE t (a tinyint NOT NULL, b varchar(3))")

    def rows(*values):
        return [(Parameter("@P1", SqlType("int"), a), Parameter("@P2", SqlType("varchar", 9), b)) for a, b in values]

    many = client.session.execute_many
    assert many("INSERT INTO t (a, b) VALUES (@P1, @P2)", rows((1, "x"), (2, None)))
    assert not many("INSERT INTO t VALUES (@P1, @P2)", rows((3, "y"), (4, "too long"), (5, "z")))
    assert not many("UPDATE t SET a = @P1, b = @P2", rows((3, "y")))
    assert client.rows("SELECT * FROM t ORDER BY a") == [(1, "x"), (2, None)]


def test_result_batches_are_streamed_in_arrow(client):
    client.run("CREATE TABLE n (i int) INSERT INTO n SELECT 1 UNION ALL SELECT 2")
    client.run("DECLARE @i int " + "INSERT INTO n SELECT i FROM n " * 14)
    (rows,) = client.session.execute("SELECT i, i AS i FROM n")
    batches = list(rows.batches)
    assert len(batches) > 1
    assert {str(kind) for kind in batches[0].schema.types} == {str(pa.int32())}
    assert sum(batch.num_rows for batch in batches) == 2**15
