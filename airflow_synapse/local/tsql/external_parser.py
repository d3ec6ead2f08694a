"""Parse the statements about external tables, and about the credentials, data sources and file formats behind them.

Source: T-SQL reference, each statement's syntax for Azure Synapse Analytics. No DROP of them has IF EXISTS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.change_parser import split_at_commas
from airflow_synapse.local.tsql.external_statements import (
    CreateDataSource,
    CreateExternalTable,
    CreateExternalTableAsSelect,
    CreateFileFormat,
    CreateMasterKey,
    DropCredential,
    DropDataSource,
    DropExternalTable,
    DropFileFormat,
    DropMasterKey,
    ExternalTableOptions,
    PutCredential,
)
from airflow_synapse.local.tsql.query_text import parse_query
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, refused, syntax_error
from airflow_synapse.local.tsql.statements import Body, ColumnDefinition, KeyConstraint
from airflow_synapse.local.tsql.table_parser import column_names, parse_column
from airflow_synapse.local.tsql.tokens import Token, TokenKind
from airflow_synapse.secret import Secret

_VALUES: Final = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.WORD, TokenKind.QUOTED_NAME})
_MOST_ROWS: Final = 2**31 - 1
_TABLE_OPTIONS: Final = frozenset({
    "LOCATION", "DATA_SOURCE", "FILE_FORMAT", "REJECT_TYPE", "REJECT_VALUE", "REJECT_SAMPLE_VALUE",
    "REJECTED_ROW_LOCATION",
})  # fmt: skip


def parse_create_master_key(reader: TokenReader) -> Body:
    """Parse CREATE MASTER KEY [ENCRYPTION BY PASSWORD = '...']."""
    reader.expect("CREATE", "MASTER", "KEY")
    if reader.accept("ENCRYPTION", "BY", "PASSWORD"):
        reader.expect_symbol("=")
        reader.expect_kind(TokenKind.STRING)
    reader.expect_end()
    return CreateMasterKey()


def parse_drop_master_key(reader: TokenReader) -> Body:
    """Parse DROP MASTER KEY."""
    reader.expect("DROP", "MASTER", "KEY")
    reader.expect_end()
    return DropMasterKey()


def parse_put_credential(reader: TokenReader) -> Body:
    """Parse CREATE or ALTER DATABASE SCOPED CREDENTIAL name WITH IDENTITY = '...' [, SECRET = '...']."""
    replaces = reader.accept_any("CREATE", "ALTER") == "ALTER"
    reader.expect("DATABASE", "SCOPED", "CREDENTIAL")
    name = reader.name()
    reader.expect("WITH", "IDENTITY")
    reader.expect_symbol("=")
    identity = reader.expect_kind(TokenKind.STRING).text
    secret = None
    if reader.accept_symbol(","):
        reader.expect("SECRET")
        reader.expect_symbol("=")
        text = reader.expect_kind(TokenKind.STRING).text
        secret = Secret(text) if text else None
    reader.expect_end()
    return PutCredential(name, identity, secret, replaces)


def parse_drop_credential(reader: TokenReader) -> Body:
    """Parse DROP DATABASE SCOPED CREDENTIAL name."""
    reader.expect("DROP", "DATABASE", "SCOPED", "CREDENTIAL")
    return DropCredential(_last_name(reader))


def parse_create_data_source(reader: TokenReader) -> Body:
    """Parse CREATE EXTERNAL DATA SOURCE name WITH (LOCATION = '...' [, CREDENTIAL = name] [, TYPE = HADOOP])."""
    reader.expect("CREATE", "EXTERNAL", "DATA", "SOURCE")
    name = reader.name()
    reader.expect("WITH")
    options = _options(reader, {"LOCATION", "CREDENTIAL", "TYPE"}.__contains__)
    reader.expect_end()
    if "LOCATION" not in options:
        raise PoolError(103010, f"External data source '{name}' needs LOCATION.")
    if options.get("TYPE", "HADOOP").upper() != "HADOOP":
        raise refused("An external data source of another TYPE than HADOOP")
    return CreateDataSource(name, options["LOCATION"], options.get("CREDENTIAL"), "TYPE" in options)


def parse_drop_data_source(reader: TokenReader) -> Body:
    """Parse DROP EXTERNAL DATA SOURCE name."""
    reader.expect("DROP", "EXTERNAL", "DATA", "SOURCE")
    return DropDataSource(_last_name(reader))


def parse_create_file_format(reader: TokenReader) -> Body:
    """Parse CREATE EXTERNAL FILE FORMAT name WITH (FORMAT_TYPE = ..., ...)."""
    reader.expect("CREATE", "EXTERNAL", "FILE", "FORMAT")
    name = reader.name()
    reader.expect("WITH")
    options = _options(reader, lambda _: True)
    reader.expect_end()
    if "FORMAT_TYPE" not in options:
        raise PoolError(103010, f"External file format '{name}' needs FORMAT_TYPE.")
    return CreateFileFormat(name, tuple(options.items()))


def parse_drop_file_format(reader: TokenReader) -> Body:
    """Parse DROP EXTERNAL FILE FORMAT name."""
    reader.expect("DROP", "EXTERNAL", "FILE", "FORMAT")
    return DropFileFormat(_last_name(reader))


def parse_create_external_table(reader: TokenReader) -> Body:
    """Parse CREATE EXTERNAL TABLE with columns, or AS SELECT."""
    reader.expect("CREATE", "EXTERNAL", "TABLE")
    name = reader.qualified_name()
    if name[-1].startswith("#"):
        raise refused("A temporary external table")
    inside = reader.parenthesized() if reader.at_symbol("(") else []
    reader.expect("WITH")
    options = _table_options(_options(reader, _TABLE_OPTIONS.__contains__))
    if reader.accept("AS"):
        return CreateExternalTableAsSelect(
            name, column_names(inside) if inside else (), options, parse_query(reader.rest())
        )
    reader.expect_end()
    if not inside:
        raise syntax_error(reader.peek())
    return CreateExternalTable(name, tuple(_column(part, reader) for part in split_at_commas(inside)), options)


def _column(tokens: list[Token], reader: TokenReader) -> ColumnDefinition:
    """Read name, type, COLLATE and [NOT] NULL.

    Source: CREATE EXTERNAL TABLE, column_definition: no DEFAULT, no IDENTITY, no key.
    """
    if not tokens:
        raise syntax_error(reader.peek())
    last = tokens[-1]
    constraints: list[KeyConstraint] = []
    column = parse_column(TokenReader([*tokens, Token(TokenKind.END, "", last.end, last.end, last.line)]), constraints)
    if column.default is not None or column.identity is not None or constraints:
        raise refused("DEFAULT, IDENTITY or a key on a column of an external table")
    return column


def parse_drop_external_table(reader: TokenReader) -> Body:
    """Parse DROP EXTERNAL TABLE name."""
    reader.expect("DROP", "EXTERNAL", "TABLE")
    name = reader.qualified_name()
    reader.expect_end()
    return DropExternalTable(name)


def _table_options(options: Mapping[str, str]) -> ExternalTableOptions:
    if "REJECTED_ROW_LOCATION" in options:
        raise not_supported("REJECTED_ROW_LOCATION")
    missing = next((name for name in ("LOCATION", "DATA_SOURCE", "FILE_FORMAT") if not options.get(name)), None)
    if missing is not None:
        raise PoolError(103010, f"An external table needs {missing}.")
    reject_type = options.get("REJECT_TYPE", "VALUE").upper()
    if reject_type not in {"VALUE", "PERCENTAGE"}:
        raise PoolError(103010, "REJECT_TYPE is VALUE or PERCENTAGE.")
    sample = options.get("REJECT_SAMPLE_VALUE")
    if (sample is None) == (reject_type == "PERCENTAGE"):
        raise PoolError(103010, "REJECT_SAMPLE_VALUE belongs to REJECT_TYPE = PERCENTAGE, which needs it.")
    most = _MOST_ROWS if reject_type == "VALUE" else 100
    return ExternalTableOptions(
        options["LOCATION"],
        options["DATA_SOURCE"],
        options["FILE_FORMAT"],
        reject_type,
        _number("REJECT_VALUE", options.get("REJECT_VALUE", "0"), most, whole=reject_type == "VALUE"),
        None if sample is None else int(_number("REJECT_SAMPLE_VALUE", sample, _MOST_ROWS, whole=True)),
    )


def _number(option: str, text: str, most: int, *, whole: bool) -> float:
    """Source: T-SQL reference, CREATE EXTERNAL TABLE, REJECT options: which numbers they take."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most or (whole and not number.is_integer()):
        raise PoolError(103010, f"{option} is {'a whole number' if whole else 'a number'} from 0 to {most}.")
    return number


def _options(reader: TokenReader, is_known: Callable[[str], bool]) -> dict[str, str]:
    """Read ``(NAME = value, ...)``; the options of FORMAT_OPTIONS stand among the others."""
    reader.expect_symbol("(")
    options: dict[str, str] = {}
    while True:
        first = reader.peek()
        name = reader.name().upper()
        if name in options or not is_known(name):
            raise syntax_error(first)
        if name == "FORMAT_OPTIONS":
            options |= _options(reader, is_known)
        else:
            reader.expect_symbol("=")
            if reader.peek().kind not in _VALUES:
                raise syntax_error(reader.peek())
            options[name] = reader.take().text
        if not reader.accept_symbol(","):
            break
    reader.expect_symbol(")")
    return options


def _last_name(reader: TokenReader) -> str:
    name = reader.name()
    reader.expect_end()
    return name
