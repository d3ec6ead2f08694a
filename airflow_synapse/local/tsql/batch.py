"""Cut a batch into statements. T-SQL needs no semicolon between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.parser import parse_body
from airflow_synapse.local.tsql.query_text import parse_expression
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, syntax_error
from airflow_synapse.local.tsql.statements import If, Statement
from airflow_synapse.local.tsql.tokens import Token, TokenKind, tokenize

#: Reserved words that begin a statement wherever they stand outside parentheses.
_STARTING: Final = frozenset({
    "CREATE", "DROP", "ALTER", "TRUNCATE", "DECLARE", "PRINT", "IF", "BEGIN", "COMMIT", "ROLLBACK", "SAVE", "EXEC",
    "EXECUTE", "KILL", "USE", "WHILE", "GRANT", "DENY", "REVOKE", "RAISERROR", "DBCC", "MERGE", "RETURN", "GOTO",
    "WAITFOR", "BREAK", "CONTINUE", "SELECT", "INSERT", "UPDATE", "DELETE", "SET",
})  # fmt: skip
#: Words that begin a statement only before these.
_STARTING_PAIRS: Final = {"COPY": "INTO", "RENAME": "OBJECT"}
_PERMISSION_VERBS: Final = frozenset({"GRANT", "DENY", "REVOKE"})
_LONGEST_KEPT: Final = 10_000
_SECRET_WORDS: Final = ("SECRET", "PASSWORD")
_SET_OPERATORS: Final = frozenset({"UNION", "EXCEPT", "INTERSECT", "ALL"})
_MAIN_VERBS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})


def parse_batch(text: str) -> list[Statement]:
    """Return the statements of a batch, all of them parsed: one that cannot be read refuses the whole batch.

    :raises PoolError: A statement cannot be read, or is not supported.
    """
    # A driver sends one text again and again with other parameters. What may hold a secret is not kept.
    keep = len(text) <= _LONGEST_KEPT and not any(word in text.upper() for word in _SECRET_WORDS)
    return _parsed(text) if keep else _Batch(text).statements()


@lru_cache(maxsize=256)
def _parsed(text: str) -> list[Statement]:
    return _Batch(text).statements()


class _Batch:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._reader = TokenReader(self._tokens)

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        while self._reader.peek().kind is not TokenKind.END:
            if not self._reader.accept_symbol(";"):
                found.extend(self._statement(first=not found))
        return found

    def _statement(self, *, first: bool) -> list[Statement]:
        if self._reader.at("IF"):
            return [self._if()]
        if self._reader.at("BEGIN") and self._reader.peek(1).keyword not in {"TRAN", "TRANSACTION", "DISTRIBUTED"}:
            return self._block()
        start = self._reader.position
        end = _end_of_statement(self._tokens, start)
        if self._reader.at("MERGE") and not self._tokens[end].is_symbol(";"):
            # Source: T-SQL reference, MERGE, Remarks.
            raise PoolError(10713, "A MERGE statement must be terminated by a semi-colon (;).", severity=15)
        if end == start:
            raise syntax_error(self._reader.peek())
        self._reader.position = end
        tokens = self._tokens[start:end]
        last = tokens[-1]
        text = self._text[tokens[0].start : last.end]
        body, label = parse_body([*tokens, Token(TokenKind.END, "", last.end, last.end, last.line)], first=first)
        return [Statement(body, text, label)]

    def _if(self) -> Statement:
        start = self._reader.take()
        condition: list[Token] = []
        depth = 0
        while depth > 0 or not _starts_statement(self._reader.peek(), self._reader.peek(1)):
            token = self._reader.take()
            if token.kind is TokenKind.END or token.is_symbol(";"):
                raise syntax_error(token)
            depth += token.is_symbol("(") - token.is_symbol(")")
            condition.append(token)
        case = tokenize("CASE WHEN ( ) THEN 1 ELSE 0 END")[:-1]
        query = parse_expression([*case[:3], *condition, *case[3:]])
        then = tuple(self._statement(first=False))
        self._reader.accept_symbol(";")
        otherwise = tuple(self._statement(first=False)) if self._reader.accept("ELSE") else ()
        return Statement(If(query, then, otherwise), self._text[start.start : condition[-1].end if condition else None])

    def _block(self) -> list[Statement]:
        self._reader.expect("BEGIN")
        if self._reader.peek().keyword in {"TRY", "CATCH", "ATOMIC"}:
            raise not_supported(f"BEGIN {self._reader.peek().keyword}")
        found: list[Statement] = []
        while not self._reader.accept("END"):
            if not self._reader.accept_symbol(";"):
                found.extend(self._statement(first=False))
        if not found:
            raise syntax_error(self._reader.peek())
        return found


def _starts_statement(token: Token, following: Token) -> bool:
    keyword = token.keyword
    return keyword in _STARTING or (keyword in _STARTING_PAIRS and following.keyword == _STARTING_PAIRS[keyword])


def _end_of_statement(tokens: Sequence[Token], start: int) -> int:
    """Return the index of the first token that does not belong to the statement at ``start``."""
    scan = _Scan(tokens, start)
    index = start
    while tokens[index].kind is not TokenKind.END and not scan.ends_before(index):
        index += 1
    return index


class _Scan:
    """Finds where a statement ends; knows which second verbs belong to the first."""

    def __init__(self, tokens: Sequence[Token], start: int) -> None:
        self._tokens = tokens
        self._start = start
        self._verb = tokens[start].keyword
        self._depth = 0
        self._cases = 0
        self._waits_for_main_verb = self._verb == "WITH"
        self._has_set = False
        self._has_body = False

    def ends_before(self, index: int) -> bool:
        token = self._tokens[index]
        self._depth += token.is_symbol("(") - token.is_symbol(")")
        if self._depth > 0 or index == self._start:
            return False
        if token.is_symbol(";"):
            return True
        if self._verb == "MERGE" or (self._verb == "ALTER" and token.keyword == "MERGE"):
            return False  # MERGE ends with its semicolon; ALTER TABLE has a clause of that name
        if token.keyword in {"CASE", "END", "ELSE"}:
            return self._at_case(token.keyword)
        self._has_body = self._has_body or token.keyword == "VALUES"
        if self._verb == "CREATE" and token.keyword == "WITH" and self._tokens[index - 1].keyword == "AS":
            self._waits_for_main_verb = True  # CREATE [EXTERNAL] TABLE AS WITH ... SELECT
        return _starts_statement(token, self._tokens[index + 1]) and not self._belongs(index)

    def _at_case(self, keyword: str) -> bool:
        if keyword == "CASE":
            self._cases += 1
            return False
        inside = self._cases > 0
        self._cases -= keyword == "END" and inside
        return not inside

    def _belongs(self, index: int) -> bool:
        keyword, previous = self._tokens[index].keyword, self._tokens[index - 1].keyword
        if self._verb in _PERMISSION_VERBS:  # the names of permissions are words that begin other statements
            return not any(token.keyword in {"TO", "FROM"} for token in self._tokens[self._start : index])
        if self._waits_for_main_verb and keyword in _MAIN_VERBS:
            self._waits_for_main_verb = False
            self._verb = keyword
            return True
        if keyword == "SET" and self._verb == "UPDATE" and not self._has_set:
            self._has_set = True
            return True
        if keyword == "SELECT":
            return previous in _SET_OPERATORS or self._select_is_body(previous)
        if keyword in {"EXEC", "EXECUTE"}:
            return self._verb == "INSERT" and not self._has_body
        return keyword == "IF" and self._verb == "DROP" and index == self._start + 2

    def _select_is_body(self, previous: str) -> bool:
        if self._has_body:
            return False
        self._has_body = self._verb == "INSERT" or (self._verb == "CREATE" and previous == "AS")
        return self._has_body
