"""What the functions give."""

# ruff: noqa: DTZ001 - the columns of these tests have no time zone

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.functions import supported_functions


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("LEN('ab  ')", 2),
        ("LEN(N'a😀')", 3),
        ("DATALENGTH('ab  ')", 4),
        ("DATALENGTH(N'ab')", 4),
        ("DATALENGTH(0x0102)", 2),
        ("DATALENGTH(1)", 4),
        ("DATALENGTH(CAST(1 AS bit)) + DATALENGTH(CAST(1 AS bigint)) * 10", 81),
        ("DATALENGTH(1.5) + DATALENGTH(CAST(1.5 AS decimal(38,2))) * 100", 1705),
        ("DATALENGTH(CAST('2013-01-01' AS datetime2(3))) + DATALENGTH($1) * 10", 87),
        ("DATALENGTH(CAST(NULL AS int))", None),
        ("DATALENGTH(NULL)", None),
        ("UPPER('ab') + LOWER('AB')", "ABab"),
        ("LTRIM('  a ') + RTRIM(' b  ') + TRIM(' c ')", "a  bc"),
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("SUBSTRING('abcdef', 0, 3)", "ab"),
        ("LEFT('abc', 2) + RIGHT('abc', 1)", "abc"),
        ("CHARINDEX('B', 'abcb')", 2),
        ("CHARINDEX('b', 'abcb', 3)", 4),
        ("CHARINDEX('x', 'abcb')", 0),
        ("PATINDEX('%[0-9]%', 'ab3c')", 3),
        ("PATINDEX('%[0-9]%', 'abc')", 0),
        ("REPLACE('aBa', 'A', 'x')", "xBx"),
        ("REPLACE('a.c', '.', '\\1')", "a\\1c"),
        ("STUFF('abcdef', 2, 3, 'x')", "axef"),
        ("CONCAT('a', 1, NULL)", "a1"),
        ("CONCAT_WS(',', 'a', NULL, 'b')", "a,b"),
        ("REPLICATE('ab', 2) + SPACE(1) + REVERSE('ab')", "abab ba"),
        ("CHAR(65) + NCHAR(8364)", "A€"),
        ("CHAR(255)", "ÿ"),
        ("CHAR(256)", None),
        ("CHAR(-1)", None),
        ("NCHAR(70000)", None),
        ("LEN(REPLICATE('x', 9000))", 8000),
        ("LEN(REPLICATE('xyz', 3000))", 8000),
        ("LEN(REPLICATE(N'x', 9000))", 4000),
        ("LEN(REPLICATE(CAST('x' AS varchar(max)), 9000))", 9000),
        ("REPLICATE('x', -1)", None),
        ("DATALENGTH(SPACE(9000))", 8000),
        ("LEN(REPLICATE('x', 5000) + REPLICATE('y', 5000))", 8000),
        ("LEN(REPLICATE(N'x', 3000) + REPLICATE('y', 3000))", 4000),
        ("LEN(REPLICATE('x', 5000) + CAST(REPLICATE('y', 5000) AS varchar(max)))", 10000),
        ("ASCII('A')", 65),
        ("QUOTENAME('a]b')", "[a]]b]"),
        ("CONVERT(varchar(64), HASHBYTES('SHA2_256', 'a'), 1)",
         "0xCA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48"),
        ("ISDATE('2013-01-01') + ISDATE('x')", 1),
        ("ISNUMERIC('1.5') + ISNUMERIC('x')", 1),
        ("ISNUMERIC('1e2') + ISNUMERIC('$1,000') + ISNUMERIC(5)", 3),
        ("ISNUMERIC('nan') + ISNUMERIC('inf') + ISNUMERIC('1_000') + ISNUMERIC('1e400') + ISNUMERIC(NULL)", 0),
        ("ROUND(123.456, 1)", Decimal("123.500")),
        ("ROUND(123.456, 1, 1)", Decimal("123.400")),
        ("FLOOR(-1.5)", Decimal(-2)),
        ("CEILING(1.2)", Decimal(2)),
        ("ABS(-5) + SIGN(-5)", 4),
        ("POWER(2, 10)", 1024),
        ("SQRT(16) + SQUARE(2)", 8.0),
        ("LOG(8, 2)", pytest.approx(3)),
        ("LOG(1) + LOG10(100)", 2.0),
        ("SQRT(CAST(NULL AS float))", None),
        ("EXP(CAST(NULL AS float))", None),
        ("DATEADD(month, 1, '2013-01-31')", datetime(2013, 2, 28)),
        ("DATEADD(hour, 5, CAST('2013-01-31' AS datetime2(0)))", datetime(2013, 1, 31, 5)),
        ("DATEADD(dd, -1, CAST('2013-01-01' AS date))", date(2012, 12, 31)),
        ("DATEDIFF(day, '2013-01-01', '2013-01-31')", 30),
        ("DATEDIFF(year, '2012-12-31', '2013-01-01')", 1),
        ("DATEDIFF(week, '2013-01-05', '2013-01-06')", 1),
        ("DATEDIFF(week, '2013-01-06', '2013-01-12')", 0),
        ("DATEDIFF(hour, CAST('2013-01-01 10:00 +02:00' AS datetimeoffset), '2013-01-01 10:00')", 2),
        ("DATEADD(day, 1, CAST('2013-01-01 10:00 +02:00' AS datetimeoffset))", datetime(2013, 1, 2, 8, tzinfo=UTC)),
        ("DATEPART(weekday, '2013-01-06')", 1),
        ("DATEPART(week, '2013-01-06')", 2),
        ("DATEPART(quarter, '2013-05-01')", 2),
        ("DATEPART(ms, CAST('1969-01-01 00:00:07.123' AS datetime2))", 123),
        ("DATEPART(mcs, CAST('2013-01-01 00:00:59.123456' AS datetime2))", 123456),
        ("DATEPART(ns, CAST('00:00:07.5' AS time))", 500000000),
        ("DATEPART(ms, '2013-01-01') + DATEPART(year, '10:00')", 1900),
        ("DATEADD(second, 29, CAST('2013-01-01' AS smalldatetime))", datetime(2013, 1, 1)),
        ("DATEADD(second, 30, CAST('2013-01-01' AS smalldatetime))", datetime(2013, 1, 1, 0, 1)),
        ("DATEADD(second, -30, CAST('2013-01-01' AS smalldatetime))", datetime(2013, 1, 1)),
        ("DATEADD(ms, 1, CAST('2013-01-01' AS datetime))", datetime(2013, 1, 1)),
        ("DATEADD(ms, 2, CAST('2013-01-01' AS datetime))", datetime(2013, 1, 1, 0, 0, 0, 3000)),
        ("DATEADD(mcs, 2, CAST('2013-01-01' AS datetime2))", datetime(2013, 1, 1, 0, 0, 0, 2)),
        ("DATEADD(ms, 500, CAST('10:00' AS time(0)))", time(10, 0, 1)),
        ("DATEADD(hour, 20, CAST('10:00' AS time(0)))", time(6)),
        ("DATEADD(ms, 1, CAST('9999-12-31 23:59:59.997' AS datetime))", datetime(9999, 12, 31, 23, 59, 59, 997000)),
        ("DATEADD(day, NULL, '2013-01-01')", None),
        ("DATENAME(ms, '1753-01-01 23:59:59.999')", "999"),
        ("DATENAME(month, '2013-01-05') + DATENAME(weekday, '2013-01-05')", "JanuarySaturday"),
        ("YEAR('2013-05-04') * 10000 + MONTH('2013-05-04') * 100 + DAY('2013-05-04')", 20130504),
        ("EOMONTH('2013-02-03')", date(2013, 2, 28)),
        ("EOMONTH('2013-02-03', 1)", date(2013, 3, 31)),
        ("EOMONTH('9999-11-30 12:00', 1)", date(9999, 12, 31)),
        ("DATEFROMPARTS(2013, 2, 3)", date(2013, 2, 3)),
        ("DB_NAME() + SCHEMA_NAME() + SUSER_SNAME() + USER_NAME()", "sqlpooldboloaderdbo"),
        ("SERVERPROPERTY('EngineEdition')", "6"),
        ("session_id() + '/' + CAST(@@SPID AS varchar(9))", "SID51/51"),
        ("OBJECT_ID('dbo.nope')", None),
        ("@@TRANCOUNT", 0),
    ],
)  # fmt: skip
def test_a_function_gives_this(shared_client, expression, value):
    assert shared_client.value(expression) == value


@pytest.mark.parametrize(
    ("aggregate", "value", "sql_type"),
    [
        ("COUNT(*)", 4, "int"),
        ("COUNT_BIG(*)", 4, "bigint"),
        ("COUNT(n)", 3, "int"),
        ("COUNT(DISTINCT v)", 2, "int"),
        ("SUM(n)", 7, "int"),
        ("SUM(CAST(n AS bigint))", 7, "bigint"),
        ("SUM(d)", Decimal("3.00"), "decimal(38,2)"),
        ("AVG(n)", 2, "int"),
        ("AVG(d)", Decimal("1.000000"), "decimal(38,6)"),
        ("AVG(DISTINCT d + 0.01)", Decimal("1.010000"), "decimal(38,6)"),
        ("AVG(CAST(n AS money))", Decimal("2.3333"), "money"),
        ("AVG(-n)", -2, "int"),
        ("AVG(n + CAST(9007199254740991 AS bigint))", 9007199254740993, "bigint"),
        ("AVG(d + CAST(1234567890123456.78 AS decimal(18,2)))", Decimal("1234567890123457.780000"), "decimal(38,6)"),
        ("AVG(CAST(n AS float))", pytest.approx(7 / 3), "float"),
        ("LOWER(MIN(v))", "a", "varchar(3)"),  # a and A are the same text
        ("MAX(n)", 4, "int"),
        ("STDEV(n)", pytest.approx(1.5275252), "float"),
        ("STRING_AGG(v, '-') WITHIN GROUP (ORDER BY n DESC)", "b-A-a-b", "varchar(8000)"),
    ],
)
def test_an_aggregate_gives_this(client, aggregate, value, sql_type):
    client.run("CREATE TABLE t (n int, d decimal(5,2), v varchar(3))")
    client.run("INSERT INTO t SELECT 1, 0.5, 'a' UNION ALL SELECT 2, 1.5, 'A' UNION ALL SELECT 4, 1, 'b'")
    client.run("INSERT INTO t VALUES (NULL, NULL, 'b')")
    assert client.rows(f"SELECT {aggregate} FROM t") == [(value,)]
    assert client.types(f"SELECT {aggregate} FROM t") == [sql_type]


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("ROW_NUMBER() OVER (ORDER BY n DESC)", [3, 2, 1]),
        ("ROW_NUMBER() OVER (ORDER BY (SELECT NULL)) * 0", [0, 0, 0]),
        ("RANK() OVER (ORDER BY g)", [1, 1, 3]),
        ("SUM((SELECT COUNT(DISTINCT x) FROM (SELECT 1 AS x) AS q)) OVER ()", [3, 3, 3]),
        ("DENSE_RANK() OVER (ORDER BY g)", [1, 1, 2]),
        ("NTILE(3) OVER (ORDER BY n)", [1, 2, 3]),
        ("SUM(n) OVER (PARTITION BY g)", [3, 3, 3]),
        ("AVG(n * 2.5) OVER (PARTITION BY g)", [3.75, 3.75, 7.5]),
        ("SUM(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", [1, 3, 5]),
        ("SUM(n) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING)", [1, 3, 6]),
        ("LAG(n, 1, 0) OVER (ORDER BY n)", [0, 1, 2]),
        ("LEAD(n) OVER (ORDER BY n)", [2, 3, None]),
        ("FIRST_VALUE(n) OVER (ORDER BY n)", [1, 1, 1]),
    ],
)
def test_a_window_function_gives_this(shared_client, function, values):
    source = "(SELECT 1 AS n, 'a' AS g UNION ALL SELECT 2, 'a' UNION ALL SELECT 3, 'b') AS t"
    assert [value for _, value in shared_client.rows(f"SELECT n, {function} AS x FROM {source} ORDER BY n")] == values


def test_the_clock_is_utc(shared_client):
    assert abs(shared_client.value("SYSDATETIME()").replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("name", ["CHOOSE", "PARSE", "STRING_ESCAPE", "TRANSLATE", "CHECKSUM_AGG", "GROUPING_ID"])
def test_functions_that_a_dedicated_pool_lacks_are_unknown(shared_client, name):
    with pytest.raises(PoolError) as refused:
        shared_client.value(f"{name}(1)")
    assert refused.value.number == 195
    assert name not in supported_functions()
