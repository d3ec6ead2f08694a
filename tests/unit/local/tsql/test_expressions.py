"""What expressions give: value and type, as T-SQL defines them."""

# ruff: noqa: DTZ001 - the columns of these tests have no time zone

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from airflow_synapse.local.errors import PoolError


@pytest.mark.parametrize(
    ("expression", "value", "sql_type"),
    [
        ("1", 1, "int"),
        ("2147483648", Decimal(2147483648), "decimal(10,0)"),
        ("1.50", Decimal("1.50"), "decimal(3,2)"),
        ("1e3", 1000.0, "float"),
        ("'ab'", "ab", "varchar(2)"),
        ("N'łb'", "łb", "nvarchar(2)"),
        ("''", "", "varchar(1)"),
        ("'it''s'", "it's", "varchar(4)"),
        ("0x0aFF", b"\x0a\xff", "varbinary(2)"),
        ("$1.5", Decimal("1.5000"), "money"),
        ("NULL", None, "int"),
        ("5 / 2", 2, "int"),
        ("-5 / 2", -2, "int"),
        ("-7 % 3", -1, "int"),
        ("7 / 2.0", Decimal("3.500000"), "decimal(17,6)"),
        ("2.0 / 3", Decimal("0.666666666666"), "decimal(13,12)"),
        ("-2.0 / 3", Decimal("-0.666666666666"), "decimal(13,12)"),
        ("1.0000 / 3.0000", Decimal("0.3333333333"), "decimal(15,10)"),
        ("CAST(1234567890123456.78 AS decimal(18,2)) / 1", Decimal("1234567890123456.7800000000000"), "decimal(29,13)"),
        ("CAST(12345678901234567890.12 AS decimal(38,2)) / 1", Decimal("12345678901234567890.120000"), "decimal(38,6)"),
        ("CAST(9007199254740993 AS bigint) / 1.0", Decimal("9007199254740993.000000"), "decimal(26,6)"),
        ("CAST(123456789012345.6789 AS money) / 3", Decimal("41152263004115.2263"), "money"),
        ("1.5 * 2.25", Decimal("3.375"), "decimal(6,3)"),
        ("1.5 + 1", Decimal("2.5"), "decimal(12,1)"),
        ("1e0 / 4", 0.25, "float"),
        ("'a' + 'b'", "ab", "varchar(2)"),
        ("'a' + N'b'", "ab", "nvarchar(2)"),
        ("'a' + NULL", None, "varchar(2)"),
        ("'5' + 1", 6, "int"),
        ("5 & 3", 1, "int"),
        ("5 | 3", 7, "int"),
        ("5 ^ 3", 6, "int"),
        ("~5", -6, "int"),
        ("-(2 + 3) * 2", -10, "int"),
        ("CASE WHEN 1 = 2 THEN 'a' ELSE 'bcd' END", "bcd", "varchar(3)"),
        ("CASE 2 WHEN 1 THEN 1 WHEN 2 THEN 2.5 END", Decimal("2.5"), "decimal(11,1)"),
        ("IIF('a' = 'A ', 'same', 'other')", "same", "varchar(5)"),
        ("COALESCE(NULL, NULL, 5)", 5, "int"),
        ("ISNULL(CAST(NULL AS varchar(2)), 'abcd')", "ab", "varchar(2)"),
        ("NULLIF(1, 1)", None, "int"),
        ("(SELECT MAX(x.a) FROM (SELECT 1 AS a UNION ALL SELECT 3) AS x)", 3, "int"),
    ],
)
def test_an_expression_has_this_value_and_type(shared_client, expression, value, sql_type):
    assert shared_client.value(expression) == value
    assert shared_client.types(f"SELECT {expression}") == [sql_type]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("'abc' = 'ABC  '", True),
        ("'abc' LIKE 'A%'", True),
        ("'abc' LIKE '_b_'", True),
        ("'abc' LIKE '[x-z]%'", False),
        ("'abc' LIKE '[^x-z]bc'", True),
        ("'a%c' LIKE 'a!%c' ESCAPE '!'", True),
        ("'abc' LIKE 'a!%c' ESCAPE '!'", False),
        (r"'a\c' LIKE 'a\c'", True),
        ("2 IN (1, 2)", True),
        ("2 NOT IN (1, 2)", False),
        ("2 IN (SELECT 2)", True),
        ("'B' IN (SELECT 'b  ')", True),
        ("2 BETWEEN 1 AND 3", True),
        ("'2013-01-05' = CAST('01/05/2013' AS date)", True),
        ("CAST('2013-01-05' AS datetime) > '20130104'", True),
        ("CAST(1 AS bit) = 1", True),
        ("'5' = 5", True),
        ("NULL = NULL", False),
        ("NULL IS NULL", True),
        ("1 IS NOT NULL", True),
        ("NOT (1 = 1 AND 2 = 3) OR 1 = 0", True),
        ("EXISTS (SELECT 1 WHERE 1 = 0)", False),
    ],
)
def test_a_condition_holds_or_not(shared_client, condition, holds):
    assert bool(shared_client.rows(f"SELECT 1 WHERE {condition}")) is holds


@pytest.mark.parametrize(
    ("expression", "value", "sql_type"),
    [
        ("CAST(2.7 AS int)", 2, "int"),
        ("CAST(-2.7 AS int)", -2, "int"),
        ("CAST(' 5 ' AS int)", 5, "int"),
        ("CAST('' AS int)", 0, "int"),
        ("CAST('abcdef' AS varchar(3))", "abc", "varchar(3)"),
        ("CAST('ab' AS char(4)) + '|'", "ab  |", "varchar(5)"),
        ("CAST(1.005 AS decimal(5,2))", Decimal("1.01"), "decimal(5,2)"),
        ("CAST('1.239' AS decimal(5,2))", Decimal("1.24"), "decimal(5,2)"),
        ("CAST('$1,234.5' AS money)", Decimal("1234.5000"), "money"),
        ("CAST('true' AS bit)", True, "bit"),
        ("CAST(3 AS bit)", True, "bit"),
        ("CAST('20130105' AS date)", date(2013, 1, 5), "date"),
        ("CAST('01/31/2013' AS date)", date(2013, 1, 31), "date"),
        ("CAST('Jan 5 2013' AS date)", date(2013, 1, 5), "date"),
        ("CAST('' AS date)", date(1900, 1, 1), "date"),
        ("CAST('2013-01-05 10:11:12.345' AS datetime)", datetime(2013, 1, 5, 10, 11, 12, 347000), "datetime"),
        ("CAST('2013-01-05 10:00 PM' AS datetime)", datetime(2013, 1, 5, 22), "datetime"),
        ("CAST('2013-01-05 12:00 AM' AS datetime)", datetime(2013, 1, 5), "datetime"),
        ("CAST('12:30 pm' AS time(0))", time(12, 30), "time(0)"),
        ("CAST('13:30:00PM' AS time(0))", time(13, 30), "time(0)"),
        ("CAST('10:11:12:7' AS time(3))", time(10, 11, 12, 7000), "time(3)"),
        ("CAST('10:11' AS datetime2(0))", datetime(1900, 1, 1, 10, 11), "datetime2(0)"),
        ("CAST('01/02/49' AS date)", date(2049, 1, 2), "date"),
        ("CAST('01/02/50' AS date)", date(1950, 1, 2), "date"),
        ("CAST('01/02/0050' AS date)", date(50, 1, 2), "date"),
        ("CAST('500102' AS date)", date(1950, 1, 2), "date"),
        ("CAST(' 2013-01-05T10:11:12Z' AS datetime)", datetime(2013, 1, 5, 10, 11, 12), "datetime"),
        ("CAST('2013-01-05 10:11:12 +12:15' AS datetime2(0))", datetime(2013, 1, 5, 10, 11, 12), "datetime2(0)"),
        ("CAST('2013-01-05 10:11 +12:15' AS datetimeoffset(0))", datetime(2013, 1, 4, 21, 56, tzinfo=UTC),
         "datetimeoffset(0)"),
        ("CAST('2013-01-05 10:11:29.998' AS smalldatetime)", datetime(2013, 1, 5, 10, 11), "smalldatetime"),
        ("CAST('2013-01-05 10:11:29.999' AS smalldatetime)", datetime(2013, 1, 5, 10, 12), "smalldatetime"),
        ("CAST('2013-01-05 23:59:30' AS smalldatetime)", datetime(2013, 1, 6), "smalldatetime"),
        ("CAST('2013-01-05 10:11:12.3456' AS datetime2(3))", datetime(2013, 1, 5, 10, 11, 12, 346000), "datetime2(3)"),
        ("CAST('10:11:12.6' AS time(0))", time(10, 11, 13), "time(0)"),
        ("CAST('10:11:12.5' AS time(0))", time(10, 11, 13), "time(0)"),
        ("CAST('1913-01-05 10:11:12.005' AS datetime)", datetime(1913, 1, 5, 10, 11, 12, 7000), "datetime"),
        ("CAST('9999-01-05 00:00:00.123445' AS datetime2(5))", datetime(9999, 1, 5, 0, 0, 0, 123450), "datetime2(5)"),
        ("CAST(CAST('2013-01-05 10:11' AS datetime2) AS date)", date(2013, 1, 5), "date"),
        ("CONVERT(date, '31/01/2013', 103)", date(2013, 1, 31), "date"),
        ("CONVERT(date, '31.01.2013', 104)", date(2013, 1, 31), "date"),
        ("CONVERT(date, 'Jan 31, 2013', 107)", date(2013, 1, 31), "date"),
        ("CONVERT(date, '01/02/49', 1)", date(2049, 1, 2), "date"),
        ("CONVERT(date, '01/02/50', 1)", date(1950, 1, 2), "date"),
        ("CONVERT(datetime, '600102', 12)", datetime(1960, 1, 2), "datetime"),
        ("CONVERT(varchar(10), CAST('2013-01-31' AS date), 101)", "01/31/2013", "varchar(10)"),
        ("CONVERT(varchar(10), CAST('2013-01-31' AS date), 103)", "31/01/2013", "varchar(10)"),
        ("CONVERT(char(8), CAST('2013-01-31' AS date), 112)", "20130131", "char(8)"),
        ("CONVERT(varchar(19), CAST('2013-01-31 01:02:03' AS datetime), 120)", "2013-01-31 01:02:03", "varchar(19)"),
        ("CONVERT(varchar, CAST('2013-01-31 01:02:03' AS datetime), 121)", "2013-01-31 01:02:03.000", "varchar(30)"),
        ("CONVERT(varchar, CAST('2013-01-31 01:02:03' AS datetime2(0)), 126)", "2013-01-31T01:02:03", "varchar(30)"),
        ("CAST(CAST('2013-01-05 13:04' AS datetime) AS varchar(30))", "Jan  5 2013  1:04PM", "varchar(30)"),
        ("CAST(CAST('2013-01-05' AS datetime2(7)) AS varchar(30))", "2013-01-05 00:00:00.0000000", "varchar(30)"),
        ("TRY_CAST('x' AS int)", None, "int"),
        ("TRY_CONVERT(date, '2013-13-01')", None, "date"),
        ("TRY_CAST('infinity' AS date)", None, "date"),
        ("CAST('6f9619ff-8b86-d011-b42d-00c04fc964ff' AS uniqueidentifier)", "6f9619ff-8b86-d011-b42d-00c04fc964ff",
         "uniqueidentifier"),
        ("CAST(1 AS varchar(5))", "1", "varchar(5)"),
        ("CAST(1.50 AS varchar(5))", "1.50", "varchar(5)"),
        ("CAST(CAST(1.5 AS float) AS varchar(5))", "1.5", "varchar(5)"),
        ("CAST('a' AS nvarchar(max))", "a", "nvarchar(max)"),
    ],
)  # fmt: skip
def test_a_conversion_gives_this(shared_client, expression, value, sql_type):
    assert shared_client.value(expression) == value
    assert shared_client.types(f"SELECT {expression}") == [sql_type]


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("1 / 0", 8134),
        ("1.0 / 0", 8134),
        ("CAST(1E30 AS decimal(38,0)) / CAST(0.5 AS decimal(38,30))", 8115),
        ("CAST(1 AS money) / CAST(0.5 AS decimal(38,38))", 8115),
        ("1e0 / 0", 8134),
        ("1 % 0", 8134),
        ("2147483647 + 1", 8115),
        ("CAST(300 AS tinyint)", 8115),
        ("CAST('1.5' AS int)", 245),
        ("CAST('x' AS int)", 245),
        ("1e400", 168),
        ("CONVERT(varchar(30), $1234.5, 1)", 103010),
        ("CONVERT(varchar(30), 1e0, 2)", 103010),
        ("CONVERT(varchar(30), 0x0A, 2)", 103010),
        ("CAST('x' AS decimal(5,2))", 8114),
        ("CAST('2013-02-30' AS date)", 241),
        ("CAST('2013-01-01 10:00 xyz' AS datetime2)", 241),
        ("CAST('2013-01-01 10:00 +02:00' AS datetime)", 241),
        ("CAST('2013-01-01 24:00:00' AS datetime2)", 241),
        ("CAST('24:00' AS time)", 241),
        ("CAST('13:00 AM' AS time)", 241),
        ("CAST('0:30 PM' AS time)", 241),
        ("CAST('infinity' AS date)", 241),
        ("CAST('0000-01-01' AS date)", 241),
        ("CAST('9999-12-31 23:00 -02:00' AS datetimeoffset)", 241),
        ("CONVERT(date, '01/02/24', 101)", 241),
        ("CONVERT(date, '01/02/0000', 101)", 241),
        ("CONVERT(date, '01/02/2024', 1)", 241),
        ("CONVERT(date, '24111', 12)", 241),
        ("CAST('x' AS uniqueidentifier)", 8169),
        ("CAST(1 AS uniqueidentifier)", 529),
        ("CAST(1 AS xml)", 2715),
        ("CAST(1 AS nosuchtype)", 2715),
        ("CAST('a' AS varchar(8001))", 131),
        ("nope(1)", 195),
        ("CHOOSE(1, 'a')", 195),
        ("LEN()", 174),
        ("DATEADD(fortnight, 1, '2013-01-01')", 155),
        ("SUBSTRING('a', 1, -1)", 537),
        ("@missing", 137),
        ("@@MISSING", 137),
        ("ROW_NUMBER()", 10753),
        ("LEN('a') OVER ()", 4113),
        ("SUM('a')", 8117),
        ("CAST(1 AS bit) + CAST(1 AS bit)", 402),
        ("CAST('2013-01-01' AS date) + 1", 402),
        ("1 = 1", 103010),
        ("(SELECT 1, 2)", 116),
        ("(SELECT 1 UNION ALL SELECT 2)", 512),
        ("COALESCE(NULL, NULL)", 4127),
        ("1 !< 2", 103010),
    ],
)
def test_a_wrong_expression_is_refused_with_its_number(shared_client, expression, number):
    with pytest.raises(PoolError) as refused:
        shared_client.value(expression)
    assert refused.value.number == number


def test_a_condition_must_not_be_a_value(shared_client):
    with pytest.raises(PoolError) as refused:
        shared_client.rows("SELECT 1 WHERE 1")
    assert refused.value.number == 4145
