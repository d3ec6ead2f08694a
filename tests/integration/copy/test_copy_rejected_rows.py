"""What COPY does with rows that it cannot load."""

from __future__ import annotations

import re

import pytest
from plain_pool import Landing, Pool, column

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType

FOLDER = "rejects/_rejectedrows/20180330-173205"
GOOD_AND_BAD = [
    pytest.param("int", "1", "NA", id="text in int"),
    pytest.param("int", "1", "1e3", id="exponent in int"),
    pytest.param("int", "1", "1.0", id="point in int"),
    pytest.param("int", " 7 ", "2147483648", id="overflow of int"),
    pytest.param("tinyint", "255", "-1", id="negative tinyint"),
    pytest.param("bit", "TRUE", "yes", id="bit"),
    pytest.param("date", "2013-01-31", "2013-02-30", id="no such day"),
    pytest.param("datetime", "1753-01-01 00:00:00", "1752-12-31 00:00:00", id="before datetime"),
    pytest.param("float", "1e3", "nan", id="nan"),
    pytest.param("uniqueidentifier", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6F9619FF", id="guid"),
    pytest.param(SqlType("decimal", precision=5, scale=2), "999.999", "1000", id="overflow of decimal"),
    pytest.param(SqlType("varchar", length=3), "abc", "abcd", id="long text"),
    pytest.param(SqlType("nvarchar", length=3), "äöü", "a😀😀", id="long text in UTF-16 units"),
    pytest.param(SqlType("varbinary", length=2), "0x0aFF", "0xabc", id="half a byte"),
]


@pytest.mark.parametrize(("sql_type", "good", "bad"), GOOD_AND_BAD)
def test_a_value_that_is_none_of_its_type_rejects_the_row(
    pool: Pool, landing: Landing, sql_type: SqlType | str, good: str, bad: str
) -> None:
    landing.upload("a.csv", f"{good}\n{bad}\n{good}\n")
    pool.create(column("a", sql_type))
    outcome = pool.copy("MAXERRORS = 1")
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 1)
    assert pool.rows("SELECT count(*), count(a) FROM t") == [(2, 2)]


@pytest.mark.parametrize(
    ("sql_type", "text", "value"),
    [
        (SqlType("decimal", precision=5, scale=2), "1.239", "1.23"),
        (SqlType("decimal", precision=5, scale=2), "-1.239", "-1.23"),
        (SqlType("time", scale=0), "10:11:12.999", "10:11:12"),
        (SqlType("datetime2", scale=3), "2013-01-05 10:11:12.9999", "2013-01-05 10:11:12.999"),
        ("datetime", "2013-01-05 10:11:12.999", "2013-01-05 10:11:12.997"),
        ("smalldatetime", "2013-01-05 10:11:59", "2013-01-05 10:11:00"),
        ("date", "2013-01-05 23:59:59", "2013-01-05"),
        ("money", "$1,234.56789", "1234.5678"),
    ],
)
def test_what_is_too_precise_is_truncated(
    pool: Pool, landing: Landing, sql_type: SqlType | str, text: str, value: str
) -> None:
    landing.upload("a.csv", f'"{text}"\n')
    pool.create(column("a", sql_type))
    pool.copy()
    assert pool.rows("SELECT a::VARCHAR FROM t") == [(value,)]


@pytest.mark.parametrize(
    ("columns", "content"),
    [
        pytest.param("", "1,x\n2\n3,z\n", id="too few fields"),
        pytest.param("", "1,x\n2,y,y\n3,z\n", id="too many fields"),
        pytest.param("(a 1, b 3)", "1,-,x\n2,-\n3,-,z\n", id="too few fields for the list"),
        pytest.param("", "1,x\n\n3,z\n", id="empty row"),
        pytest.param("", '1,x\n2,"y"y\n3,z\n', id="text behind a closing quote"),
        pytest.param("", "1,x\n,y\n3,z\n", id="NULL in a NOT NULL column"),
    ],
)
def test_a_row_that_is_none_is_rejected(pool: Pool, landing: Landing, columns: str, content: str) -> None:
    landing.upload("a.csv", content)
    pool.create(column("a", "int", nullable=False), column("b", SqlType("varchar", length=5)))
    assert pool.copy("MAXERRORS = 1", columns=columns).rows_rejected == 1
    assert pool.rows() == [(1, "x"), (3, "z")]


def test_a_quote_that_does_not_end_rejects_the_rest_as_one_row(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", '1\n"2\n3\n')
    pool.create(column("a", "int"))
    assert pool.copy("MAXERRORS = 1").rows_rejected == 1
    assert pool.rows() == [(1,)]


def test_a_default_takes_the_place_of_null_in_a_not_null_column(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", ",x\n")
    pool.create(column("a", "int", nullable=False), column("b", SqlType("varchar", length=5)))
    pool.copy(columns="(a default 9 1, b 2)")
    assert pool.rows() == [(9, "x")]


@pytest.mark.parametrize("max_errors", ["", "MAXERRORS = 0", "MAXERRORS = 1"])
def test_more_rejected_rows_than_allowed_fail_and_leave_nothing(pool: Pool, landing: Landing, max_errors: str) -> None:
    landing.upload("a.csv", "1\nx\n2\ny\n")
    pool.create(column("a", "int"))
    error_file = f"ERRORFILE = '/rejects', CREDENTIAL = {SAS.format(landing.sas('rlwc'))}"
    with pytest.raises(PoolError, match=r"maximum reject threshold \([01] rows\) was reached") as caught:
        pool.copy(", ".join(filter(None, [max_errors, error_file])), path="a.csv")
    assert "invalid column value in CSV data file a.csv in row 2, column 1" in str(caught.value)
    assert (caught.value.number, pool.rows(), landing.names()) == (107090, [], ["a.csv"])


SAS = "(IDENTITY = 'Shared Access Signature', SECRET = '{}')"


def test_rejected_rows_are_written_as_they_stand_with_their_reasons(pool: Pool, landing: Landing) -> None:
    landing.upload("in/a.csv", 'head\r\n1,"ok"\r\nNA,"a ""b"", c"\r\n3,too long\r\n')
    landing.upload("in/b.csv", "head\n\u00e4,x\n4,x\n")
    pool.create(column("a", "int"), column("b", SqlType("varchar", length=7)))
    outcome = pool.copy(
        f"FIRSTROW = 2, MAXERRORS = 3, ERRORFILE = '/rejects/', CREDENTIAL = {SAS.format(landing.sas('rlwcd'))}",
        path="in/",
    )
    assert (outcome.rows_loaded, outcome.rows_rejected, outcome.error_folder) == (2, 3, FOLDER)
    assert landing.read(f"{FOLDER}/QID42_1_1.Row.Txt") == 'NA,"a ""b"", c"\n3,too long\n\u00e4,x\n'
    reasons = landing.read(f"{FOLDER}/QID42_1_1.Error.Txt").splitlines()
    assert [re.findall(r"file (\S+) in row (\d+), column (\d+)", reason) for reason in reasons] == [
        [("in/a.csv", "3", "1")],
        [("in/a.csv", "4", "2")],
        [("in/b.csv", "2", "1")],
    ]


def test_nothing_is_written_when_no_row_is_rejected(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "1\n")
    pool.create(column("a", "int"))
    outcome = pool.copy(f"ERRORFILE = '/rejects', CREDENTIAL = {SAS.format(landing.sas('rlwc'))}")
    assert (outcome.error_folder, landing.names()) == (None, ["a.csv"])


def test_a_full_path_is_written_with_its_own_credential(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "x\n")
    pool.create(column("a", "int"))
    pool.copy(
        f"MAXERRORS = 1, ERRORFILE = '{pool.url}/rejects', CREDENTIAL = {SAS.format(landing.sas('rl'))}, "
        f"ERRORFILE_CREDENTIAL = {SAS.format(landing.sas('rlwc'))}"
    )
    assert landing.names() == ["a.csv", f"{FOLDER}/QID42_1_1.Error.Txt", f"{FOLDER}/QID42_1_1.Row.Txt"]


def test_a_sas_that_may_not_write_fails_and_leaves_nothing(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "1\nx\n")
    pool.create(column("a", "int"))
    with pytest.raises(PoolError, match=r"\(403\) Forbidden"):
        pool.copy(f"MAXERRORS = 1, ERRORFILE = '/rejects', CREDENTIAL = {SAS.format(landing.sas('rl'))}")
    assert pool.rows() == []


def test_the_folder_of_rejected_rows_is_not_loaded_again(pool: Pool, landing: Landing) -> None:
    landing.upload("a.csv", "1\nx\n")
    pool.create(column("a", "int"))
    landing_sas = SAS.format(landing.sas("rlwc"))
    pool.copy(f"MAXERRORS = 1, ERRORFILE = '/in', CREDENTIAL = {landing_sas}")
    assert "in/_rejectedrows" in " ".join(landing.names())
    assert pool.copy("MAXERRORS = 1").files == 1
