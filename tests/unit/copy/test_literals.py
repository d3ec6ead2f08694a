"""Python values as T-SQL constants."""

from decimal import Decimal

import pytest

from airflow_synapse.copy.literals import default_literal, delimiter_text, string_literal


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("", "''"),
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ("''", "''''''"),
        ("a\\", "'a\\'"),
        ("'; DROP TABLE t; --", "'''; DROP TABLE t; --'"),
        ("é", "N'é'"),
        ("日本'", "N'日本'''"),
    ],
)
def test_string_literal_doubles_quotes_and_marks_non_ascii(text, literal):
    assert string_literal(text) == literal


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("1", "'1'"),
        (1, "1"),
        (-1, "-1"),
        (True, "1"),
        (False, "0"),
        (0.5, "0.5"),
        (1e300, "1e+300"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (b"\x0a\xff", "0x0AFF"),
        (b"", "0x"),
    ],
)
def test_default_literal_writes_each_kind_of_constant(value, literal):
    assert default_literal(value) == literal


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("\n", "0x0A", id="real line feed"),
        pytest.param("\r\n", "0x0D0A", id="real carriage return and line feed"),
        pytest.param("|\n", "0x7C0A", id="mixed with a real line feed"),
        pytest.param("\t", "0x09", id="real tab"),
        pytest.param("\x01", "0x01", id="control character that XML lacks"),
        pytest.param("\x7f", "0x7F", id="delete"),
        pytest.param(r"\n", r"\n", id="spelled escape"),
        pytest.param("0x0A", "0x0A", id="hexadecimal"),
        pytest.param("0X0A", "0X0A", id="hexadecimal, upper case"),
        pytest.param("||", "||", id="several characters"),
        pytest.param("", "", id="empty"),
        pytest.param("§\n", "§\n", id="outside ASCII: left for the rules"),
    ],
)
def test_delimiter_text_is_what_the_reference_asks_for(text, written):
    assert delimiter_text(text) == written
