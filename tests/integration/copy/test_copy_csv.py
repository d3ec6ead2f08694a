"""COPY of CSV files."""

from __future__ import annotations

import gzip

import pytest
from plain_pool import Landing, Pool, column

from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.sql_types import SqlType

VARCHAR = SqlType("varchar", length=20)


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        pytest.param("1,a\n2,b\n", "", [(1, "a"), (2, "b")], id="LF by default"),
        pytest.param("1,a\r\n2,b\r\n", "", [(1, "a"), (2, "b")], id="CRLF by default"),
        pytest.param("1,a\n2,b", "", [(1, "a"), (2, "b")], id="no terminator at the end"),
        pytest.param("", "", [], id="empty file"),
        pytest.param("1,a\n2,b\n", "ROWTERMINATOR = '0x0A'", [(1, "a"), (2, "b")], id="hexadecimal LF"),
        pytest.param("1,a\r\n2,b\r\n", "ROWTERMINATOR = '0x0A'", [(1, "a\r"), (2, "b\r")], id="CR stays with 0x0A"),
        pytest.param("1,a\nb\r\n", r"ROWTERMINATOR = '\n'", [(1, "a\nb")], id="backslash n is CRLF"),
        pytest.param("1,a\r2,b\r", "ROWTERMINATOR = '0x0D'", [(1, "a"), (2, "b")], id="CR"),
        pytest.param("1,a||2,b||", "ROWTERMINATOR = '||'", [(1, "a"), (2, "b")], id="many characters end a row"),
        pytest.param("1|~|a\n2|~|b\n", "FIELDTERMINATOR = '|~|'", [(1, "a"), (2, "b")], id="long field terminator"),
        pytest.param("1\ta\n", r"FIELDTERMINATOR = '\t'", [(1, "a")], id="tab"),
        pytest.param("1\x01a\n", "FIELDTERMINATOR = '0x01'", [(1, "a")], id="hexadecimal field terminator"),
        pytest.param("1\0a\n", "FIELDTERMINATOR = '0x00'", [(1, "a")], id="NUL as field terminator"),
        pytest.param("1,\0a\0\n", "FIELDQUOTE = '0x00'", [(1, "a")], id="NUL as quote"),
        pytest.param('1,"a,""b"""\n', "", [(1, 'a,"b"')], id="quotes are doubled"),
        pytest.param('1,"a\nb"\n2,"c\r\nd"\n', "", [(1, "a\nb"), (2, "c\r\nd")], id="line ends inside quotes"),
        pytest.param('1,"a"\n', "FIELDQUOTE = ''", [(1, '"a"')], id="no quote character"),
        pytest.param("1,'a,b'\n", "FIELDQUOTE = ''''", [(1, "a,b")], id="another quote character"),
        pytest.param('1,5" pipe\n', "", [(1, '5" pipe')], id="quote inside a field"),
        pytest.param('1,\n2,""\n', "", [(1, None), (2, None)], id="empty fields are NULL"),
        pytest.param("x,y\n1,a\n", "FIRSTROW = 2", [(1, "a")], id="header"),
        pytest.param('"x\ny",z\n1,a\n', "FIRSTROW = 3", [(1, "a")], id="FIRSTROW counts terminators, not quotes"),
        pytest.param("1,a\n", "FIRSTROW = 5", [], id="fewer rows than FIRSTROW"),
        pytest.param("\ufeff1,ä€😀\n", "", [(1, "ä€😀")], id="byte order mark"),
    ],
)
def test_the_options_say_what_rows_and_fields_are(
    pool: Pool, landing: Landing, content: str, options: str, rows: list[tuple[object, ...]]
) -> None:
    landing.upload("a.csv", content)
    pool.create(column("a", "int"), column("b", VARCHAR))
    outcome = pool.copy(options)
    assert (pool.rows(), outcome.rows_loaded) == (rows, len(rows))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("options", ["", ", FIELDTERMINATOR = '¦'"])
def test_utf16_is_read(pool: Pool, landing: Landing, encoding: str, options: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    landing.upload("a.csv", (mark + "1,ä😀\r\n".replace(",", "¦" if options else ",")).encode(encoding))
    pool.create(column("a", "int"), column("b", VARCHAR))
    pool.copy(f"ENCODING = 'UTF16'{options}")
    assert pool.rows() == [(1, "ä😀")]


def test_first_row_applies_to_every_file(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "n\n1\n")
    landing.upload("b.csv", "n\n2\n")
    pool.create(column("n", "int"))
    outcome = pool.copy("FIRSTROW = 2")
    assert (sorted(pool.rows()), outcome.files, outcome.bytes_read) == ([(1,), (2,)], 2, 8)


@pytest.mark.parametrize(
    ("name", "options"), [("a.csv.gz", ""), ("a.csv", "COMPRESSION = 'GZIP'"), ("a.csv.gz", "COMPRESSION = 'Gzip'")]
)
def test_gzip_is_read(pool: Pool, landing: Landing, name: str, options: str) -> None:
    landing.upload(name, gzip.compress(b"1\n") + gzip.compress(b"2\n"))
    pool.create(column("n", "int"))
    pool.copy(options)
    assert pool.rows() == [(1,), (2,)]


def test_compression_none_reads_a_gz_file_as_it_is(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv.gz", "1\n")
    pool.create(column("n", "int"))
    pool.copy("COMPRESSION = 'NONE'")
    assert pool.rows() == [(1,)]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"1\n") + b"x", gzip.compress(b"1\n")[:-4], b"1\n"],
    ids=["bytes behind the end", "cut off", "no gzip"],
)
def test_a_broken_gzip_file_fails(pool: Pool, landing: Landing, content: bytes) -> None:
    landing.upload("a.csv.gz", content)
    pool.create(column("n", "int"))
    with pytest.raises(PoolError, match=r"'a\.csv\.gz' is not a valid gzip file"):
        pool.copy()
    assert pool.rows() == []


@pytest.mark.parametrize(
    ("columns", "content", "row"),
    [
        ("(b, a)", "x,1\n", (1, "x", None)),
        ("(a 3, b 1)", "x,y,1\n", (1, "x", None)),
        ("(a 1, b default 'none' 2)", "1,\n", (1, "none", None)),
        ("(a default 7 1, b 2, c 1)", ",x\n", (7, "x", None)),
        ("(a default -1 1, b default 'it''s' 2)", ",\n", (-1, "it's", None)),
        ("(a default NULL 1, b 2)", ",x\n", (None, "x", None)),
        ("(a 1)", "1,x,y,z\n", (1, None, None)),
        ("(A 1, [B] 2)", "1,x\n", (1, "x", None)),
    ],
)
def test_a_column_list_maps_fields(
    pool: Pool, landing: Landing, columns: str, content: str, row: tuple[object, ...]
) -> None:
    landing.upload("a.csv", content)
    pool.create(column("a", "int"), column("b", VARCHAR), column("c", "int"))
    pool.copy(columns=columns)
    assert pool.rows() == [row]


@pytest.mark.parametrize(
    ("columns", "message"),
    [("(x 1)", "Invalid column name 'x'"), ("(a default 'x' 1)", "default of column 'a' does not fit")],
)
def test_a_column_list_that_does_not_fit_the_table_is_refused(
    pool: Pool, landing: Landing, columns: str, message: str
) -> None:
    landing.upload("a.csv", "1\n")
    pool.create(column("a", "int"))
    with pytest.raises(PoolError, match=message):
        pool.copy(columns=columns)


@pytest.mark.parametrize(
    ("date_format", "text", "day"),
    [
        ("mdy", "01/02/2013", "2013-01-02"),
        ("dmy", "01/02/2013", "2013-02-01"),
        ("ymd", "13.01.02", "2013-01-02"),
        ("ydm", "2013-02-01", "2013-01-02"),
        ("myd", "1-2013-2", "2013-01-02"),
        ("dym", "2/13/1", "2013-01-02"),
    ],
)
def test_dateformat_orders_the_parts_of_a_date(
    pool: Pool, landing: Landing, date_format: str, text: str, day: str
) -> None:
    landing.upload("a.csv", f"{text}\n")
    pool.create(column("d", "date"))
    pool.copy(f"DATEFORMAT = '{date_format}'")
    assert pool.rows("SELECT d::VARCHAR FROM t") == [(day,)]


def test_the_session_orders_dates_without_dateformat(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "01/02/2013\n")
    pool.create(column("d", "date"))
    pool.environment.date_format = "dmy"
    pool.copy()
    assert pool.rows("SELECT d::VARCHAR FROM t") == [("2013-02-01",)]


IDENTITY = column("id", "int", nullable=False, identity=Identity(1, 10))


def test_identity_values_are_made_by_the_pool(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "x\ny\n")
    pool.create(IDENTITY, column("b", VARCHAR))
    pool.copy(columns="(b 1)")
    assert pool.rows() == [(1, "x"), (11, "y")]


def test_identity_values_are_loaded_with_identity_insert(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "5,x\n")
    pool.create(IDENTITY, column("b", VARCHAR))
    pool.copy("IDENTITY_INSERT = 'ON'")
    assert pool.rows() == [(5, "x")]


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ("", ""),
        ("(id 1, b 2)", ""),
        ("(b 1)", "IDENTITY_INSERT = 'ON'"),
        ("(id default 1 1, b 2)", "IDENTITY_INSERT = 'ON'"),
    ],
)
def test_the_column_list_must_suit_the_identity_column(
    pool: Pool, landing: Landing, columns: str, options: str
) -> None:
    landing.upload("a.csv", "5,x\n")
    pool.create(IDENTITY, column("b", VARCHAR))
    with pytest.raises(PoolError, match="identity column"):
        pool.copy(options, columns=columns)


def test_progress_is_reported(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "1\n2\n")
    landing.upload("b.csv", "3\n")
    pool.create(column("n", "int"))
    pool.copy()
    assert pool.environment.reported == [(0, 4), (0, 6), (3, 6)]


def test_a_cancelled_copy_leaves_nothing(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "1\n2\n")
    landing.upload("b.csv", "3\n")
    pool.create(column("n", "int"))
    pool.environment.progress = lambda rows, size: pool.environment.cancelled.set()  # type: ignore[method-assign]
    with pytest.raises(StatementCancelled):
        pool.copy()
    assert pool.rows() == []


def test_a_missing_table_is_named(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "1\n")
    with pytest.raises(PoolError, match=r"Invalid object name 'dbo\.missing'") as caught:
        pool.copy(table="dbo.missing")
    assert caught.value.number == 208


def test_a_file_larger_than_a_part_is_loaded_whole(pool: Pool, landing: Landing) -> None:
    rows = "".join(f'{number},"row ""{number}"",\n"\n' for number in range(1_300_000))
    landing.upload("a.csv", rows, max_concurrency=4)
    pool.create(column("a", "int"), column("b", VARCHAR))
    assert pool.copy().rows_loaded == 1_300_000
    query = """SELECT count(*), sum(a), count(*) FILTER (b = 'row "' || a || E'",\\n') FROM t"""
    assert pool.rows(query) == [(1_300_000, sum(range(1_300_000)), 1_300_000)]
    assert len(pool.environment.reported) > 2


@pytest.mark.parametrize(
    ("sql_type", "field", "stored"),
    [
        (SqlType("char", length=4), "ab", "ab  "),
        (SqlType("nchar", length=4), "é", "é   "),
        (SqlType("nchar", length=4), "😀", "😀  "),
        (SqlType("binary", length=3), "0x01", b"\x01\0\0"),
        (SqlType("varchar", length=4), "ab", "ab"),
    ],
)
def test_columns_of_fixed_length_are_filled_up(
    pool: Pool, landing: Landing, sql_type: SqlType, field: str, stored: object
) -> None:
    landing.upload("a.csv", f"1,{field}\n2,\n")
    pool.create(column("n", "int"), column("v", sql_type))
    pool.copy("")
    assert sorted(pool.rows()) == [(1, stored), (2, None)]
