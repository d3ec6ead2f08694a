"""The scanner."""

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.tokens import TokenKind, tokenize


def scanned(text):
    return [(token.kind.name, token.text) for token in tokenize(text)[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a1 #t ##g _x", [("WORD", "a1"), ("WORD", "#t"), ("WORD", "##g"), ("WORD", "_x")]),
        ("[a]]b] \"c\"\"d\"", [("QUOTED_NAME", "a]b"), ("QUOTED_NAME", 'c"d')]),
        ("'it''s' N'ł'", [("STRING", "it's"), ("STRING", "ł")]),
        ("1 1.5 .5 1e-3 0x0A", [("NUMBER", "1"), ("NUMBER", "1.5"), ("NUMBER", ".5"), ("NUMBER", "1e-3"),
                                ("BINARY", "0x0A")]),
        ("@p @@ROWCOUNT", [("VARIABLE", "@p"), ("VARIABLE", "@@ROWCOUNT")]),
        ("a<>b!=c<=d", [("WORD", "a"), ("SYMBOL", "<>"), ("WORD", "b"), ("SYMBOL", "!="), ("WORD", "c"),
                        ("SYMBOL", "<="), ("WORD", "d")]),
        ("a--b\nc/* /* */ */d", [("WORD", "a"), ("WORD", "c"), ("WORD", "d")]),
    ],
)  # fmt: skip
def test_text_is_cut_into_these_tokens(text, expected):
    assert scanned(text) == expected


def test_tokens_know_their_place():
    first, second, end = tokenize("a\n 'b'")
    assert (first.line, second.line, second.start, second.end) == (1, 2, 3, 6)
    assert (end.kind, end.start) == (TokenKind.END, 6)


def test_a_quoted_name_is_no_keyword():
    assert [token.keyword for token in tokenize("select [select] 'select'")] == ["SELECT", "", "", ""]


@pytest.mark.parametrize(
    ("text", "number"),
    [("'top-secret", 105), ("[top-secret", 105), ("N'top-secret", 105), ("/* top-secret", 113), ("a § b", 102)],
)
def test_what_cannot_be_scanned_is_refused_without_quoting_it(text, number):
    with pytest.raises(PoolError) as refused:
        tokenize(text)
    assert refused.value.number == number
    assert "secret" not in refused.value.message
