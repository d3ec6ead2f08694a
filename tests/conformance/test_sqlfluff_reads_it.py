"""sqlfluff's grammar of COPY, written by others after the same reference, reads what we write.

Four things that the reference or the quickstarts have are missing in sqlfluff 4.5, so they are not asked of it: a
column list without types or with a default or number, OPTION (LABEL = ...), ]] in a name, and constants N'...'.
"""

import pytest
from sqlfluff.core import Linter

from airflow_synapse.copy import (
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
    build_statement,
)
from airflow_synapse.copy.keywords import OPTIONS
from airflow_synapse.secret import Secret

URL = "https://lake.blob.core.windows.net/landing/flights/"
REJECTS = "https://archive.dfs.core.windows.net/rejects/flights"
PRINCIPAL = ServicePrincipal(
    client_id="0a1b2c3d-0000-1111-2222-333344445555",
    token_endpoint="https://login.microsoftonline.com/tenant/oauth2/token",
    client_secret=Secret("it's"),
)

STATEMENTS = {
    "nothing": {},
    "two locations": {"external_locations": [URL, URL + "*.csv"]},
    "three parts": {"table": "pool.dbo.[order details]"},
    "temporary table": {"table": "#staging"},
    "file_type": {"file_type": "ORC"},
    "file_format": {"file_format": "[my format]"},
    "credential": {"credential": SharedAccessSignature(token=Secret("?sv=2018&sig=a%2Fb"))},
    "account key": {"credential": StorageAccountKey(key=Secret("a+b/c=="))},
    "managed identity": {"credential": ManagedIdentity()},
    "service principal": {"credential": PRINCIPAL},
    "error_file": {"error_file": "/rejects"},
    "error_file_credential": {"error_file": REJECTS, "error_file_credential": PRINCIPAL},
    "max_errors": {"max_errors": 500},
    "compression": {"file_type": "PARQUET", "compression": "Snappy"},
    "field_quote": {"field_quote": "'"},
    "no field_quote": {"field_quote": ""},
    "field_terminator": {"field_terminator": "\t"},
    "row_terminator": {"row_terminator": "\n"},
    "first_row": {"first_row": 2},
    "date_format": {"date_format": "dmy"},
    "encoding": {"encoding": "UTF16"},
    "identity_insert": {"identity_insert": True},
    "auto_create_table": {"file_type": "PARQUET", "auto_create_table": True},
    "everything for CSV": {
        "file_type": "CSV", "credential": PRINCIPAL, "error_file": "/rejects", "max_errors": 1, "compression": "GZIP",
        "field_quote": '"', "field_terminator": ";", "row_terminator": "0x0A", "first_row": 2, "date_format": "ymd",
        "encoding": "UTF8", "identity_insert": False,
    },
}  # fmt: skip


def is_readable(sql):
    tree = Linter(dialect="tsql", rules=[]).parse_string(sql).tree
    return tree is not None and "copy_into_table_statement" in tree.type_set() and "unparsable" not in tree.type_set()


@pytest.mark.parametrize("arguments", STATEMENTS.values(), ids=STATEMENTS)
def test_grammar_of_sqlfluff_reads_the_statement(arguments):
    statement = build_statement(**{"table": "dbo.flights", "external_locations": URL, **arguments})

    assert is_readable(statement.to_sql())
    assert is_readable(statement.redacted_sql())


def test_every_documented_option_is_read():
    assert {option.argument for option in OPTIONS} <= set(STATEMENTS)


@pytest.mark.parametrize(
    "options", ["BOGUS = 1", "FIELDQUOTE 1", "FILE_TYPE = CSV", "MAXERRORS = 'five", "CREDENTIAL = 'x'"]
)
def test_grammar_of_sqlfluff_refuses_what_is_no_option(options):
    assert not is_readable(f"COPY INTO [t]\nFROM '{URL}'\nWITH (\n    {options}\n)")
