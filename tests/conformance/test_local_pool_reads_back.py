"""The local pool's parser, which shares no code with the statement, reads back exactly the values that went in."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from airflow_synapse.copy import (
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
    build_statement,
)
from airflow_synapse.copy.literals import holds_template
from airflow_synapse.local.copy import request as read
from airflow_synapse.local.copy.grammar import parse_copy
from airflow_synapse.local.copy.redaction import redact
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.secret import Secret

CONTAINER = "https://lake.blob.core.windows.net/landing/"
DFS = "https://lake.dfs.core.windows.net/landing/"
CLIENT = "0a1b2c3d-0000-1111-2222-333344445555"
TOKEN_ENDPOINT = "https://login.microsoftonline.com/tenant/oauth2/token"

TEXT_CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\x00")
XML_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")


def without_template(texts):
    return texts.filter(lambda text: not holds_template(text))


NAMES = without_template(st.text(TEXT_CHARACTERS, min_size=1, max_size=40))
TABLES = NAMES.filter(lambda name: not name.startswith("##"))
PATHS = without_template(st.text(XML_CHARACTERS, max_size=40).filter(lambda path: not set("?#") & set(path)))
PATHS = PATHS.filter(lambda path: "://" not in path)
LABELS = without_template(st.text(TEXT_CHARACTERS, min_size=1, max_size=100))
SECRETS = without_template(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
TOKENS = SECRETS.filter(lambda text: "://" not in text and text.lstrip("?") and not text.startswith("??"))
# A backslash starts an escape of the server, 0x a hexadecimal form: neither is a plain character there.
TERMINATORS = st.text(st.characters(max_codepoint=126, exclude_characters="\\\x00"), min_size=1, max_size=5)
TERMINATORS = without_template(TERMINATORS.filter(lambda text: not text.lower().startswith("0x")))
DEFAULTS = without_template(st.text(TEXT_CHARACTERS, max_size=40)) | st.integers(-(10**37), 10**37) | st.booleans()


def bracketed(name):
    return "[" + name.replace("]", "]]") + "]"


def read_back(**arguments):
    statement = build_statement(**{"table": "t", "external_locations": CONTAINER, **arguments})
    return parse_copy(tokenize(statement.to_sql()))


PLAIN = read.CopyRequest(target=("t",), locations=(read.Location("lake", "blob", "landing", ""),))


def test_statement_without_options_reads_back():
    assert read_back() == PLAIN


@settings(deadline=None)
@given(parts=st.lists(NAMES, max_size=2), name=TABLES)
def test_table_name_reads_back(parts, name):
    target = (*parts, name)
    assume(len(name) <= 100)

    assert read_back(table=".".join(map(bracketed, target))).target == target


@settings(deadline=None)
@given(paths=st.lists(PATHS, min_size=1, max_size=4))
def test_locations_read_back(paths):
    request = read_back(external_locations=[CONTAINER + path for path in paths])

    assert request.locations == tuple(read.Location("lake", "blob", "landing", path) for path in paths)


COLUMNS = st.lists(
    st.tuples(NAMES, st.none() | DEFAULTS, st.none() | st.integers(1, 2**31 - 1)),
    min_size=1,
    max_size=5,
    unique_by=lambda column: column[0].casefold(),
)


@settings(deadline=None)
@given(columns=COLUMNS)
def test_column_list_reads_back(columns):
    request = read_back(
        columns=[
            {"name": bracketed(name), "default": default, "field_number": number} for name, default, number in columns
        ]
    )

    assert request.columns == tuple(
        read.ListedColumn(
            name,
            None if default is None else default if isinstance(default, str) else str(int(default)),
            default is not None,
            number,
        )
        for name, default, number in columns
    )


@settings(deadline=None)
@given(label=LABELS)
def test_label_reads_back(label):
    assert read_back(label=label) == replace(PLAIN, label=label)


@settings(deadline=None)
@given(name=NAMES)
def test_file_format_reads_back(name):
    assert read_back(file_format=bracketed(name)) == replace(PLAIN, file_type=None, file_format=name)


@settings(deadline=None)
@given(field=TERMINATORS, row=TERMINATORS, quote=st.sampled_from(["", '"', "'", "\x01", "~"]))
def test_delimiters_read_back(field, row, quote):
    assume(len({field, row, quote}) == 3)

    csv = read_back(field_terminator=field, row_terminator=row, field_quote=quote).csv

    assert (csv.field_terminator, csv.row_terminators, csv.quote) == (field, (row,), quote)


@pytest.mark.parametrize(
    ("given_terminator", "read_as"),
    [("\n", "\n"), ("\r\n", "\r\n"), ("0x0A", "\n"), ("0X0D0A", "\r\n"), (r"\n", "\r\n"), ("|", "|"), ("|\n", "|\n")],
)
def test_row_terminator_is_read_as_our_documentation_says(given_terminator, read_as):
    assert read_back(row_terminator=given_terminator).csv.row_terminators == (read_as,)


@settings(deadline=None)
@given(text=TOKENS)
def test_credentials_read_back(text):
    principal = ServicePrincipal(client_id=CLIENT, token_endpoint=TOKEN_ENDPOINT, client_secret=Secret(text))
    credentials = {
        SharedAccessSignature(token=Secret(text)): read.SharedAccessSignature(Secret(text.removeprefix("?"))),
        StorageAccountKey(key=Secret(text)): read.StorageAccountKey(Secret(text)),
        principal: read.ServicePrincipal(CLIENT, TOKEN_ENDPOINT, Secret(text)),
        ManagedIdentity(): read.ManagedIdentity(),
    }

    assert [read_back(credential=credential).credential for credential in credentials] == list(credentials.values())


@settings(deadline=None)
@given(path=PATHS.filter(lambda path: path.strip("/")), token=TOKENS)
def test_error_file_reads_back(path, token):
    relative = read_back(error_file="/" + path)
    whole = read_back(error_file=DFS + path, error_file_credential=SharedAccessSignature(token=Secret(token)))

    assert relative.error_file == read.ErrorFile(read.Location("lake", "blob", "landing", path.strip("/")), None)
    assert whole.error_file == read.ErrorFile(
        read.Location("lake", "dfs", "landing", path.strip("/")),
        read.SharedAccessSignature(Secret(token.removeprefix("?"))),
    )


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ({"file_type": "CSV"}, {}),
        ({"file_type": "PARQUET"}, {"file_type": read.FileType.PARQUET}),
        ({"file_type": "ORC"}, {"file_type": read.FileType.ORC}),
        ({"max_errors": 500}, {"max_errors": 500}),
        ({"compression": "GZIP"}, {"compression": read.Compression.GZIP}),
        ({"compression": "NONE"}, {"compression": read.Compression.NONE}),
        (
            {"file_type": "PARQUET", "compression": "Snappy"},
            {"file_type": read.FileType.PARQUET, "compression": read.Compression.SNAPPY},
        ),
        (
            {"file_type": "ORC", "compression": "DefaultCodec"},
            {"file_type": read.FileType.ORC, "compression": read.Compression.DEFAULT_CODEC},
        ),
        ({"first_row": 2}, {"csv": read.CsvFormat(first_row=2)}),
        ({"date_format": "ydm"}, {"csv": read.CsvFormat(date_format="ydm")}),
        ({"encoding": "UTF16"}, {"csv": read.CsvFormat(encoding="UTF16")}),
        ({"field_quote": "0x27"}, {"csv": read.CsvFormat(quote="'")}),
        (
            {"encoding": "UTF16", "field_terminator": "§"},
            {"csv": read.CsvFormat(encoding="UTF16", field_terminator="§")},
        ),
        ({"identity_insert": True}, {"identity_insert": True}),
        ({"identity_insert": False}, {}),
        (
            {"file_type": "PARQUET", "auto_create_table": True},
            {"file_type": read.FileType.PARQUET, "auto_create_table": True},
        ),
    ],
)
def test_option_reads_back(arguments, changes):
    assert read_back(**arguments) == replace(PLAIN, **changes)


@settings(deadline=None)
@given(text=TOKENS.filter(lambda text: "'" not in text))
def test_the_pools_redaction_agrees_with_ours(text):
    """Without quotes in the secret: the pool keeps a run of them, which dynamic SQL around the statement may need."""
    statement = build_statement(
        table="t",
        external_locations=CONTAINER,
        credential=SharedAccessSignature(token=Secret(text)),
        error_file=DFS + "rejects",
        error_file_credential=SharedAccessSignature(token=Secret(text)),
    )

    assert redact(statement.to_sql()) == statement.redacted_sql()
