"""No text that the pool shows holds the value of a SECRET."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.local.copy.redaction import redact


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("CREDENTIAL = (IDENTITY = 'x', SECRET = 'abc')", "CREDENTIAL = (IDENTITY = 'x', SECRET = '***')"),
        ("SECRET='abc'", "SECRET='***'"),
        ("secret = N'abc', MAXERRORS = 1", "secret = N'***', MAXERRORS = 1"),
        ("SECRET = 'it''s', FIELDQUOTE = ''", "SECRET = '***', FIELDQUOTE = ''"),
        ("SECRET\n\t=\n'abc'", "SECRET\n\t=\n'***'"),
        ("SECRET = 'a\nb')", "SECRET = '***')"),
        ("SECRET = /* 'old' /* nested */ */ 'abc')", "SECRET = '***')"),
        ("SECRET = -- 'old'\n 'abc')", "SECRET = '***')"),
        ("SECRET 'abc')", "SECRET '***')"),
        ("SECRET = abc)", "SECRET = ***)"),
        ('SECRET = "a b")', "SECRET = ***)"),
        ("SECRET = [a b])", "SECRET = ***)"),
        ("SECRET abc)", "SECRET ***)"),
        ("BY PASSWORD top-secret;", "BY PASSWORD ***"),
        ("BY PASSWORD [abc];", "BY PASSWORD ***;"),
        ('BY PASSWORD"abc"', "BY PASSWORD***"),
        ("SELECT password FROM t WHERE secret IS NULL", "SELECT password FROM t WHERE secret IS NULL"),
        ("SECRET = 'abc' + 'def')", "SECRET = '***' + ***)"),
        ("SECRET = ('abc')", "SECRET = ('***')"),
        ("EXEC('COPY ... SECRET = ''abc'')')", "EXEC('COPY ... SECRET = ''***'')')"),
        ("EXEC('EXEC(''SECRET = ''''a''''''''b'''')'')')", "EXEC('EXEC(''SECRET = ''''***'''')'')')"),
        ("SECRET = 'abc", "SECRET = '***"),
        ("SECRET = 'ab'c', x = 1", "SECRET = '***"),
        ("SECRET = /* 'abc'", "SECRET = "),
        ("FROM 'https://a.blob.core.windows.net/c/?sv=1&sig=abc%3D&se=2'", "FROM 'https://a.blob.core.windows.net/c/?sv=1&sig=***&se=2'"),
        ("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'abc'", "CREATE MASTER KEY ENCRYPTION BY PASSWORD = '***'"),
        ("a SECRET = 'x' b SECRET = 'y'", "a SECRET = '***' b SECRET = '***'"),
    ],
)  # fmt: skip
def test_redact_masks_the_value_and_keeps_the_rest(sql: str, shown: str) -> None:
    assert redact(sql) == shown


@pytest.mark.parametrize(
    "sql",
    ["", "SELECT 1", "SELECT secrets FROM dbo.my_secret", "SECRET", "COPY INTO t FROM 'x' WITH (FILE_TYPE = 'CSV')"],
)
def test_redact_leaves_text_without_a_secret_alone(sql: str) -> None:
    assert redact(sql) == sql


_SENTINEL = st.text(alphabet="abcXYZ019+/=%&'-* ().;[]\"\n", max_size=8).map(lambda text: f"k3y{text}k3y")
_GAP = st.sampled_from(["", " ", "\n", "\t ", " /* c */ ", " /* /* 'q' */ */", " -- 'c'\n"])
_TAIL = st.sampled_from(["", ")", ", FIELDQUOTE = '')", ") OPTION (LABEL = 'x')", "; SELECT 'it''s'"])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@given(secret=_SENTINEL, before=_GAP, after=_GAP, tail=_TAIL, level=st.integers(0, 3))
def test_redact_masks_any_secret_in_any_spelling(secret: str, before: str, after: str, tail: str, level: int) -> None:
    statement = (
        f"COPY INTO t FROM 'x' WITH (CREDENTIAL = (IDENTITY = 'i', SECRET{before}={after}{_quoted(secret)}{tail}"
    )
    for _ in range(level):
        statement = f"EXEC({_quoted(statement)})"
    assert "k3y" not in redact(statement)


@given(secret=_SENTINEL, gap=_GAP)
def test_redact_masks_a_secret_whose_string_does_not_end(secret: str, gap: str) -> None:
    assert "k3y" not in redact(f"SECRET{gap}={gap}{_quoted(secret)[:-1]}")


@given(start=st.text(alphabet="abc%&", max_size=5), end=st.text(alphabet="abc%&') ", max_size=5))
def test_redact_masks_a_secret_whose_quote_is_not_doubled(start: str, end: str) -> None:
    assert "k3y" not in redact(f"SECRET = '{start}x'k3y{end}k3y')")


@given(text=st.text(alphabet="SECRT='abN+-/*\n ([\"", max_size=40))
def test_redact_is_stable_and_never_fails(text: str) -> None:
    once = redact(text)
    assert redact(once) == redact(redact(once))


@given(text=st.text())
def test_redact_accepts_any_text(text: str) -> None:
    assert isinstance(redact(text), str)
