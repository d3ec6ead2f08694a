"""Parse the statements that act on the session: transactions, variables, options, messages, procedure calls."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.change_parser import split_at_commas
from airflow_synapse.local.tsql.data_types import read_type
from airflow_synapse.local.tsql.query_text import parse_expression
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, refused, syntax_error
from airflow_synapse.local.tsql.statements import (
    Body,
    Declare,
    Execute,
    Kill,
    Print,
    Query,
    SetOption,
    SetVariable,
    Transaction,
)
from airflow_synapse.local.tsql.tokens import Token, TokenKind, tokenize

#: Options that only have the value which a dedicated pool fixes. Source: azure-docs sql/connect-overview (02/2026).
_FIXED_OPTIONS: Final = {
    "ANSI_NULLS": "ON",
    "QUOTED_IDENTIFIER": "ON",
    "DATEFORMAT": "MDY",
    "DATEFIRST": "7",
}
#: Options that clients send and that change nothing here, or are obeyed by the session (NOCOUNT, LOCK_TIMEOUT).
_OPTIONS: Final = frozenset({
    "ANSI_WARNINGS", "ANSI_PADDING", "ANSI_NULL_DFLT_ON", "ANSI_NULL_DFLT_OFF", "ANSI_DEFAULTS", "ARITHABORT",
    "ARITHIGNORE", "CONCAT_NULL_YIELDS_NULL", "NUMERIC_ROUNDABORT", "NOCOUNT", "XACT_ABORT",
    "CURSOR_CLOSE_ON_COMMIT", "TEXTSIZE", "LOCK_TIMEOUT", "LANGUAGE", "DEADLOCK_PRIORITY", "RESULT_SET_CACHING",
})  # fmt: skip
#: Options that may only be switched off, because on they would change what statements do.
_ONLY_OFF: Final = frozenset(
    {"IMPLICIT_TRANSACTIONS", "FMTONLY", "NOEXEC", "PARSEONLY", "SHOWPLAN_ALL", "SHOWPLAN_XML"}
)
_ISOLATION_LEVELS: Final = (("READ", "UNCOMMITTED"), ("READ", "COMMITTED"))


def parse_transaction(reader: TokenReader) -> Body:
    """Parse BEGIN, COMMIT and ROLLBACK [TRAN | TRANSACTION | WORK].

    Source: azure-docs sql-data-warehouse-develop-transactions, Limitations: no named transactions, no save points.
    """
    verb = reader.accept_any("BEGIN", "COMMIT", "ROLLBACK")
    word = reader.accept_any("TRAN", "TRANSACTION", "WORK")
    if (not word and verb == "BEGIN") or (word == "WORK" and verb == "BEGIN"):
        raise syntax_error(reader.peek())
    if word != "WORK" and reader.peek().kind in {TokenKind.WORD, TokenKind.QUOTED_NAME, TokenKind.VARIABLE}:
        raise refused("A named transaction")
    reader.expect_end()
    return Transaction(verb)


def parse_declare(reader: TokenReader) -> Body:
    """Parse DECLARE @name [AS] type [= expression], ..."""
    reader.expect("DECLARE")
    tokens = list(reader.rest())
    return Declare(tuple(_variable(TokenReader([*part, tokens[-1]])) for part in split_at_commas(tokens[:-1])))


def _variable(reader: TokenReader) -> tuple[str, SqlType, Query | None]:
    if reader.peek().kind is not TokenKind.VARIABLE:
        raise refused("DECLARE of anything but a variable (no cursors)")
    name = reader.take().text
    reader.accept("AS")
    if reader.at("TABLE"):
        raise refused("A table variable", "Use a temporary table (#).")
    declared = read_type(reader)
    value = parse_expression(list(reader.rest())[:-1]) if reader.accept_symbol("=") else None
    reader.expect_end()
    return name, declared, value


def parse_set(reader: TokenReader) -> Body:
    """Parse SET @name = expression, and SET of an option."""
    reader.expect("SET")
    if reader.peek().kind is TokenKind.VARIABLE:
        name = reader.take().text
        reader.expect_symbol("=")
        return SetVariable(name, parse_expression(_without_end(reader)))
    if reader.accept("TRANSACTION", "ISOLATION", "LEVEL"):
        return _isolation_level(reader)
    if reader.accept("IDENTITY_INSERT"):
        table = reader.qualified_name()
        value = _on_or_off(reader)
        reader.expect_end()
        return SetOption("IDENTITY_INSERT", value, table)
    return _options(reader)


def _isolation_level(reader: TokenReader) -> Body:
    for level in _ISOLATION_LEVELS:
        if reader.accept(*level):
            reader.expect_end()
            return SetOption("ISOLATION_LEVEL", " ".join(level))
    raise not_supported("This isolation level")


def _options(reader: TokenReader) -> Body:
    names = [reader.name().upper()]
    while reader.accept_symbol(","):
        names.append(reader.name().upper())
    value = (_signed(reader)).upper()
    reader.expect_end()
    for name in names:
        _check_option(name, value)
    return SetOption(",".join(names), value)


def _signed(reader: TokenReader) -> str:
    sign = "-" if reader.accept_symbol("-") else ""
    if reader.peek().kind not in {TokenKind.WORD, TokenKind.NUMBER, TokenKind.STRING, TokenKind.QUOTED_NAME}:
        raise syntax_error(reader.peek())
    return sign + reader.take().text


def _check_option(name: str, value: str) -> None:
    if name in _FIXED_OPTIONS:
        if value != _FIXED_OPTIONS[name]:
            raise refused(f"SET {name} to another value than {_FIXED_OPTIONS[name]}")
    elif name in _ONLY_OFF or (name == "ROWCOUNT" and value == "0"):
        if value not in {"OFF", "0"}:
            raise not_supported(f"SET {name} {value}")
    elif name not in _OPTIONS:
        raise not_supported(f"SET {name}")


def _on_or_off(reader: TokenReader) -> str:
    value = reader.accept_any("ON", "OFF")
    if not value:
        raise syntax_error(reader.peek())
    return value


def parse_print(reader: TokenReader) -> Body:
    """Parse PRINT expression."""
    reader.expect("PRINT")
    return Print(parse_expression(_without_end(reader)))


def parse_kill(reader: TokenReader) -> Body:
    """Parse KILL 'SIDn'. Source: T-SQL reference, KILL: Azure Synapse takes the session id as a string."""
    reader.expect("KILL")
    session_id = reader.expect_kind(TokenKind.STRING).text
    reader.expect_end()
    return Kill(session_id)


def parse_execute(reader: TokenReader) -> Body:
    """Parse EXEC procedure [[@name =] argument, ...]."""
    reader.take()
    if reader.at_symbol("("):
        raise not_supported("EXEC of a string")
    return parse_call(reader)


def parse_call(reader: TokenReader) -> Body:
    """Parse a procedure call without EXEC, as FreeTDS sends it at the start of a batch."""
    procedure = reader.qualified_name()[-1]
    tokens = _without_end(reader)
    parts = split_at_commas(tokens) if tokens else []
    return Execute(procedure, tuple(_argument(part) for part in parts))


def _argument(tokens: list[Token]) -> tuple[str, Query]:
    if len(tokens) > 1 and tokens[0].kind is TokenKind.VARIABLE and tokens[1].is_symbol("="):
        return tokens[0].text, _argument_value(tokens[2:])
    return "", _argument_value(tokens)


def _argument_value(tokens: list[Token]) -> Query:
    """Parse a value; a bare word is a string. Source: T-SQL reference, EXECUTE, value."""
    if len(tokens) == 1 and tokens[0].keyword not in {"", "NULL"}:
        return parse_expression(tokenize("'" + tokens[0].text.replace("'", "''") + "'"))
    return parse_expression(tokens)


def _without_end(reader: TokenReader) -> list[Token]:
    tokens = list(reader.rest())
    return tokens[:-1]
