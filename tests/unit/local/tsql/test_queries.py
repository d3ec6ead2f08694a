"""SELECT: sources, joins, groups, order, set operations."""

import pytest

from airflow_synapse.local.errors import PoolError


@pytest.fixture(scope="module")
def client(shared_client):
    shared_client.run("CREATE TABLE dbo.flight (id int NOT NULL, origin char(3), delay int) WITH (HEAP)")
    shared_client.run("CREATE TABLE dbo.airport (code varchar(3), name nvarchar(20))")
    for row in ("1, 'JFK', 5", "2, 'JFK', NULL", "3, 'EWR', -1"):
        shared_client.run(f"INSERT INTO dbo.flight VALUES ({row})")
    shared_client.run("INSERT INTO airport SELECT 'jfk', N'Kennedy' UNION SELECT 'LGA', N'LaGuardia'")
    return shared_client


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * FROM flight ORDER BY delay", [(2, "JFK", None), (3, "EWR", -1), (1, "JFK", 5)]),
        ("SELECT id FROM flight ORDER BY delay DESC", [(1,), (3,), (2,)]),
        ("SELECT TOP 1 id FROM dbo.flight ORDER BY id DESC", [(3,)]),
        ("SELECT TOP (2) id FROM sqlpool.dbo.flight ORDER BY 1", [(1,), (2,)]),
        ("SELECT DISTINCT origin FROM flight ORDER BY origin", [("EWR",), ("JFK",)]),
        ("SELECT f.id, a.name FROM flight f JOIN airport AS a ON a.code = f.origin ORDER BY f.id",
         [(1, "Kennedy"), (2, "Kennedy")]),
        ("SELECT f.id, a.name FROM flight f LEFT JOIN airport a ON a.code = f.origin ORDER BY f.id DESC",
         [(3, None), (2, "Kennedy"), (1, "Kennedy")]),
        ("SELECT a.code FROM flight f RIGHT OUTER JOIN airport a ON a.code = f.origin WHERE f.id IS NULL", [("LGA",)]),
        ("SELECT COUNT(*) FROM flight CROSS JOIN airport", [(6,)]),
        ("SELECT COUNT(*) FROM flight, airport WHERE code = origin", [(2,)]),
        ("SELECT origin, COUNT(*) AS n FROM flight GROUP BY origin HAVING COUNT(*) > 1", [("JFK", 2)]),
        ("SELECT UPPER(code) AS c FROM airport GROUP BY UPPER(code) ORDER BY c", [("JFK",), ("LGA",)]),
        ("SELECT id FROM flight WHERE delay > (SELECT AVG(delay) FROM flight)", [(1,)]),
        ("SELECT id FROM flight f WHERE EXISTS (SELECT 1 FROM airport WHERE code = origin) ORDER BY 1", [(1,), (2,)]),
        ("SELECT id FROM flight WHERE origin NOT IN (SELECT code FROM airport)", [(3,)]),
        ("SELECT x.n FROM (SELECT id * 2 FROM flight) AS x (n) ORDER BY n", [(2,), (4,), (6,)]),
        ("WITH big AS (SELECT id FROM flight WHERE id > 1), n (c) AS (SELECT COUNT(*) FROM big) SELECT c FROM n",
         [(2,)]),
        ("SELECT id FROM flight WHERE id < 3 EXCEPT SELECT 1", [(2,)]),
        ("SELECT 1 AS a UNION SELECT 1 UNION ALL SELECT 1.5 ORDER BY a DESC", [(1.5,), (1,)]),
        ("SELECT 'a' AS x INTERSECT SELECT 'A'", [("a",)]),
        ("SELECT delay = id, [two words] = 'x' FROM flight WHERE id = 1", [(1, "x")]),
        ("SELECT flight.id FROM flight WITH (NOLOCK) WHERE [flight].[ID] = 1", [(1,)]),
        ("SELECT MAX([date]) FROM (SELECT 1 AS [date], 2 AS offset) AS t WHERE offset = 2", [(1,)]),
    ],
)  # fmt: skip
def test_a_query_gives_these_rows(client, query, rows):
    assert client.rows(query) == rows


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("SELECT * FROM flight", ["int", "char(3)", "int"]),
        ("SELECT a.*, f.id + 1 FROM flight f, airport a", ["varchar(3)", "nvarchar(20)", "int"]),
        ("SELECT code FROM airport UNION ALL SELECT name FROM airport", ["nvarchar(20)"]),
        ("SELECT x.c FROM (SELECT MIN(name) AS c FROM airport) x", ["nvarchar(20)"]),
        ("WITH w AS (SELECT code FROM airport) SELECT code + code FROM w", ["varchar(6)"]),
        ("SELECT NULL AS nothing", ["int"]),
    ],
)
def test_a_result_has_the_declared_types(client, query, types):
    assert client.types(query) == types


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("SELECT * FROM nope", 208),
        ("SELECT * FROM dbo.nope", 208),
        ("SELECT * FROM #nope", 208),
        ("SELECT * FROM otherdatabase.dbo.flight", 40515),
        ("SELECT nope FROM flight", 207),
        ("SELECT f.nope FROM flight f", 207),
        ("SELECT nope.id FROM flight", 4104),
        ("SELECT x.* FROM flight", 107),
        ("SELECT id FROM flight a, flight b", 209),
        ("SELECT 1 FROM flight, flight", 1013),
        ("SELECT id FROM flight JOIN airport", 103010),
        ("SELECT origin, id FROM flight GROUP BY origin", 8120),
        ("SELECT 1 GROUP BY 1", 164),
        ("SELECT id FROM flight ORDER BY 2", 108),
        ("SELECT 1 AS a UNION SELECT 2 ORDER BY b", 104),
        ("SELECT DISTINCT origin FROM flight ORDER BY id", 145),
        ("SELECT DISTINCT id FROM flight ORDER BY id + 1", 145),
        ("SELECT id FROM (SELECT id FROM flight ORDER BY id) AS x", 1033),
        ("SELECT id FROM flight WHERE id IN (SELECT id FROM flight ORDER BY id)", 1033),
        ("WITH x AS (SELECT id FROM flight ORDER BY id) SELECT id FROM x", 1033),
        ("SELECT id FROM (SELECT 1 AS id UNION SELECT 2 ORDER BY id) AS x", 1033),
        ("SELECT 1 UNION SELECT 1, 2", 205),
        ("SELECT 1 FROM (SELECT 1) AS x", 8155),
        ("SELECT 1 FROM (SELECT 1 AS a, 2 AS a) AS x", 8156),
        ("WITH x (a, b) AS (SELECT 1) SELECT 1 FROM x", 8159),
        ("SELECT 1 FROM (SELECT 1 AS a)", 103010),
        ("SELECT FROM flight", 103010),
        ("SELECT id FROM flight WHERE", 103010),
        ("SELECT id id2 id3 FROM flight", 103010),
        ("SELECT TOP 1 WITH TIES id FROM flight ORDER BY id", 103010),
        ("SELECT origin FROM flight GROUP BY ROLLUP (origin)", 103010),
        ("SELECT ROW_NUMBER() OVER () FROM flight", 4112),
        ("SELECT RANK() OVER (PARTITION BY origin) FROM flight", 4112),
        ("SELECT LAG(id) OVER () FROM flight", 4112),
        ("SELECT FIRST_VALUE(id) OVER (PARTITION BY origin) FROM flight", 4112),
        ("SELECT ROW_NUMBER() OVER (ORDER BY 1) FROM flight", 5308),
        ("SELECT SUM(id) OVER (ORDER BY id, 'a') FROM flight", 5309),
        ("SELECT SUM(id) OVER (ORDER BY NULL) FROM flight", 5309),
        ("SELECT COUNT(DISTINCT origin) OVER () FROM flight", 10759),
        ("SELECT SUM(id) OVER (ROWS UNBOUNDED PRECEDING) FROM flight", 10756),
    ],
)
def test_a_wrong_query_is_refused_with_its_number(client, query, number):
    with pytest.raises(PoolError) as refused:
        client.rows(query)
    assert refused.value.number == number
