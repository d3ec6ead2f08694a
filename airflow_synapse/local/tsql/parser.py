"""Parse one statement: its label, then its body by its first words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql import (
    alter_parser,
    change_parser,
    external_parser,
    merge_parser,
    object_parser,
    security_parser,
    session_parser,
    table_parser,
)
from airflow_synapse.local.tsql.query_text import parse_query
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, refused, syntax_error
from airflow_synapse.local.tsql.refused_statements import MISSING_HERE, UNSUPPORTED_IN_A_DEDICATED_POOL
from airflow_synapse.local.tsql.statements import Body, Copy, Select
from airflow_synapse.local.tsql.tokens import Token, TokenKind

#: Query hints without an effect here. Source: T-SQL reference, OPTION clause, syntax for Azure Synapse Analytics.
_IGNORED_HINTS: Final = frozenset({"HASH", "LOOP", "MERGE", "JOIN", "FORCE", "ORDER", "EXTERNALPUSHDOWN", "DISABLE"})
_LONGEST_LABEL: Final = 255


def parse_body(tokens: Sequence[Token], *, first: bool) -> tuple[Body, str | None]:
    """Return the parsed statement and its label.

    :param tokens: Of this statement alone, ``END`` included.
    :param first: Whether it is the first of its batch: only there a procedure is called without EXEC.
    :raises PoolError: It cannot be read, or is not supported.
    """
    if tokens[0].keyword == "COPY":
        return _parse_copy(tokens)
    _refuse(tokens)
    tokens, label = _take_label(tokens)
    reader = TokenReader(tokens)
    for words, parse in _PARSERS.items():
        if reader.at(*words):
            return parse(reader), label
    if first and tokens[0].kind in {TokenKind.WORD, TokenKind.QUOTED_NAME}:
        return session_parser.parse_call(reader), label
    raise syntax_error(tokens[0])


def _parse_copy(tokens: Sequence[Token]) -> tuple[Body, str | None]:
    from airflow_synapse.local.copy.grammar import parse_copy  # noqa: PLC0415 - parsing other statements needs none of COPY

    request = parse_copy(tokens)
    return Copy(request), request.label


def _refuse(tokens: Sequence[Token]) -> None:
    reader = TokenReader(tokens)
    if any(reader.at(*words) for words in _PARSERS if len(words) > 2):
        return  # its first words alone are those of a statement that is refused
    for words in UNSUPPORTED_IN_A_DEDICATED_POOL:
        if reader.at(*words):
            raise refused(f"The statement {' '.join(words)}")
    for words in MISSING_HERE:
        if reader.at(*words):
            raise not_supported(f"The statement {' '.join(words)}")


def _take_label(tokens: Sequence[Token]) -> tuple[Sequence[Token], str | None]:
    """Cut ``OPTION ( ... )`` off the end of the statement and return the label in it."""
    start = _option_clause(tokens)
    if start is None:
        return tokens, None
    reader = TokenReader(tokens[start:])
    reader.expect("OPTION")
    hints = TokenReader([*reader.parenthesized(), tokens[-1]])
    reader.expect_end()
    label = None
    while True:
        if hints.accept("LABEL"):
            hints.expect_symbol("=")
            label = _checked_label(hints.expect_kind(TokenKind.STRING).text)
        else:
            _skip_hint(hints)
        if not hints.accept_symbol(","):
            break
    hints.expect_end()
    return [*tokens[:start], tokens[-1]], label


def _option_clause(tokens: Sequence[Token]) -> int | None:
    depth, found = 0, None
    for index, token in enumerate(tokens):
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0 and token.keyword == "OPTION" and tokens[index + 1].is_symbol("("):
            found = index
    return found


def _skip_hint(hints: TokenReader) -> None:
    if hints.peek().keyword not in _IGNORED_HINTS:
        raise not_supported(f"The query hint {hints.peek().keyword}" if hints.peek().keyword else "This query hint")
    while hints.accept_any(*_IGNORED_HINTS):
        pass


def _checked_label(label: str) -> str:
    """Source: T-SQL reference, OPTION clause: a label is nvarchar(255)."""
    if len(label) > _LONGEST_LABEL:
        raise PoolError(103010, f"The label is longer than {_LONGEST_LABEL} characters.")
    return label


def _parse_select(reader: TokenReader) -> Body:
    return Select(parse_query(reader.rest()))


_PARSERS: Final[dict[tuple[str, ...], Callable[[TokenReader], Body]]] = {
    ("SELECT",): _parse_select,
    ("WITH",): change_parser.parse_with,
    ("INSERT",): change_parser.parse_insert,
    ("UPDATE", "STATISTICS"): object_parser.parse_update_statistics,
    ("UPDATE",): change_parser.parse_update,
    ("DELETE",): change_parser.parse_delete,
    ("MERGE",): merge_parser.parse_merge,
    ("ALTER", "TABLE"): alter_parser.parse_alter_table,
    ("RENAME", "OBJECT"): alter_parser.parse_rename,
    ("TRUNCATE",): table_parser.parse_truncate,
    ("CREATE", "TABLE"): table_parser.parse_create_table,
    ("DROP", "TABLE"): table_parser.parse_drop_table,
    ("CREATE", "SCHEMA"): object_parser.parse_create_schema,
    ("DROP", "SCHEMA"): object_parser.parse_drop_schema,
    ("CREATE", "MASTER", "KEY"): external_parser.parse_create_master_key,
    ("DROP", "MASTER", "KEY"): external_parser.parse_drop_master_key,
    ("CREATE", "DATABASE", "SCOPED", "CREDENTIAL"): external_parser.parse_put_credential,
    ("ALTER", "DATABASE", "SCOPED", "CREDENTIAL"): external_parser.parse_put_credential,
    ("DROP", "DATABASE", "SCOPED", "CREDENTIAL"): external_parser.parse_drop_credential,
    ("CREATE", "EXTERNAL", "DATA", "SOURCE"): external_parser.parse_create_data_source,
    ("DROP", "EXTERNAL", "DATA", "SOURCE"): external_parser.parse_drop_data_source,
    ("CREATE", "EXTERNAL", "FILE", "FORMAT"): external_parser.parse_create_file_format,
    ("DROP", "EXTERNAL", "FILE", "FORMAT"): external_parser.parse_drop_file_format,
    ("CREATE", "EXTERNAL", "TABLE"): external_parser.parse_create_external_table,
    ("DROP", "EXTERNAL", "TABLE"): external_parser.parse_drop_external_table,
    ("CREATE", "STATISTICS"): object_parser.parse_create_statistics,
    ("DROP", "STATISTICS"): object_parser.parse_drop_statistics,
    ("CREATE", "USER"): security_parser.parse_create_user,
    ("DROP", "USER"): security_parser.parse_drop_principal,
    ("CREATE", "ROLE"): security_parser.parse_create_role,
    ("DROP", "ROLE"): security_parser.parse_drop_principal,
    ("GRANT",): security_parser.parse_change_permissions,
    ("DENY",): security_parser.parse_change_permissions,
    ("REVOKE",): security_parser.parse_change_permissions,
    ("BEGIN",): session_parser.parse_transaction,
    ("COMMIT",): session_parser.parse_transaction,
    ("ROLLBACK",): session_parser.parse_transaction,
    ("DECLARE",): session_parser.parse_declare,
    ("SET",): session_parser.parse_set,
    ("PRINT",): session_parser.parse_print,
    ("KILL",): session_parser.parse_kill,
    ("EXEC",): session_parser.parse_execute,
    ("EXECUTE",): session_parser.parse_execute,
}


def supported_statements() -> tuple[str, ...]:
    """Return the first words of every statement that is understood, for the documentation."""
    return (*(" ".join(words) for words in _PARSERS if words != ("WITH",)), "COPY INTO", "IF")
