"""Whatever text stands in an argument, it stays a value: sqlglot's tokenizer, which is not ours, reads it back.

A hostile text is either refused, or the statement has the very tokens of a harmless one, but for that single value.
"""

import re

import pytest
import sqlglot
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from airflow_synapse.copy import ServicePrincipal, SharedAccessSignature, StorageAccountKey, build_statement
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.secret import Secret

URL = "https://lake.blob.core.windows.net/landing/"
REJECTS = "https://archive.blob.core.windows.net/rejects/"

HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet="'\"[]`-/*;\\ \n\r\t(),=Nn0xX{}%#@é日\x00", max_size=20),
    st.sampled_from(["';--", "'; DROP TABLE t;--", "a]; DROP TABLE t--", "')--", "\\'", "N'", "*/", "/*", "]]", "''"]),
)


CLIENT_ID = "0a1b2c3d-0000-1111-2222-333344445555"


def bracketed(text):
    return "[" + text.replace("]", "]]") + "]"


def endpoint(text):
    return f"https://login.microsoftonline.com/{text}/oauth2/token"


# argument -> the arguments that hold the text, and the value that must come back
SLOTS = {
    "table": lambda text: ({"table": bracketed(text)}, text),
    "schema": lambda text: ({"table": f"{bracketed(text)}.t"}, text),
    "database": lambda text: ({"table": f"{bracketed(text)}.dbo.t"}, text),
    "path": lambda text: ({"external_locations": URL + text}, URL + text),
    "second path": lambda text: ({"external_locations": [URL, URL + text]}, URL + text),
    "column": lambda text: ({"columns": [bracketed(text)]}, text),
    "default": lambda text: ({"columns": [{"name": "c", "default": text}]}, text),
    "label": lambda text: ({"label": text}, text),
    "file_format": lambda text: ({"file_format": bracketed(text)}, text),
    "error_file": lambda text: ({"error_file": "/rejects/" + text}, "/rejects/" + text),
    "error_file URL": lambda text: ({"error_file": REJECTS + "a" + text}, REJECTS + "a" + text),
    "field_quote": lambda text: ({"field_quote": text}, text),
    "field_terminator": lambda text: ({"field_terminator": text}, text),
    "row_terminator": lambda text: ({"row_terminator": text}, text),
    "field_terminator in UTF16": lambda text: ({"field_terminator": text, "encoding": "UTF16"}, text),
    "SAS": lambda text: ({"credential": SharedAccessSignature(token=Secret(text))}, text),
    "account key": lambda text: ({"credential": StorageAccountKey(key=Secret(text))}, text),
    "token endpoint": lambda text: (
        {"credential": ServicePrincipal(client_id=CLIENT_ID, token_endpoint=endpoint(text), client_secret=Secret("x"))},
        f"{CLIENT_ID}@{endpoint(text)}",
    ),
    "client secret": lambda text: (
        {"credential": ServicePrincipal(client_id=CLIENT_ID, token_endpoint=endpoint("t"), client_secret=Secret(text))},
        text,
    ),
    "error file credential": lambda text: (
        {"error_file": REJECTS + "a", "error_file_credential": SharedAccessSignature(token=Secret(text))},
        text,
    ),
}
HARMLESS = {"field_quote": "q"}
FREE_TEXT = [
    "table", "external_locations", "file_type", "file_format", "error_file", "max_errors", "compression", "first_row",
    "date_format", "encoding", "identity_insert", "auto_create_table", "label",
]  # fmt: skip


def build(arguments):
    return build_statement(**{"table": "t", "external_locations": URL, **arguments}).to_sql()


def tokens(sql):
    """Kinds and texts; a constant with a leading N is a string like any other."""
    return [
        (token.token_type.name.removeprefix("NATIONAL_"), token.text) for token in sqlglot.tokenize(sql, read="tsql")
    ]


def spelled(text):
    """What a hexadecimal delimiter stands for, next to the text itself."""
    hexadecimal = re.fullmatch(r"0x((?:[0-9A-F]{2})+)", text)
    return {text, bytes.fromhex(hexadecimal[1]).decode("latin-1")} if hexadecimal else {text}


@pytest.mark.parametrize("slot", SLOTS)
@settings(max_examples=150, deadline=None)
@given(text=HOSTILE)
def test_hostile_text_is_refused_or_stays_one_value(slot, text):
    assume(text)
    arguments, value = SLOTS[slot](text)
    harmless, harmless_value = SLOTS[slot](HARMLESS.get(slot, "harmless"))
    try:
        sql = build(arguments)
    except CopyOptionError:
        return

    read, expected = tokens(sql), tokens(build(harmless))
    assert [kind for kind, _ in read] == [kind for kind, _ in expected]
    changed = [(old, new) for (_, old), (_, new) in zip(expected, read, strict=True) if old != new]
    assert all(old == harmless_value and value in spelled(new) for old, new in changed)
    assert len(changed) == (value != harmless_value)


@pytest.mark.parametrize("argument", FREE_TEXT)
@settings(max_examples=150, deadline=None)
@given(text=HOSTILE)
def test_hostile_text_without_quoting_is_refused_or_one_statement(argument, text):
    try:
        sql = build({argument: text})
    except CopyOptionError:
        return

    assert len(sqlglot.parse(sql, read="tsql")) == 1
    assert not any(kind == "SEMICOLON" for kind, _ in tokens(sql))
