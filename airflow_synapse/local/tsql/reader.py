"""Read tokens one after the other, with the error that a dedicated pool gives for bad syntax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.tokens import Token, TokenKind

_NAME_KINDS: Final = frozenset({TokenKind.WORD, TokenKind.QUOTED_NAME})
#: Words that are no secret. Source: T-SQL reference, Reserved keywords; and words of the dedicated pool's statements.
RESERVED_WORDS: Final = frozenset({
    "ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "AUTHORIZATION", "BEGIN", "BETWEEN", "BREAK", "BY", "CASCADE",
    "CASE", "CHECK", "CLOSE", "CLUSTERED", "COALESCE", "COLLATE", "COLUMN", "COLUMNSTORE", "COMMIT", "CONSTRAINT",
    "CONTINUE", "CONVERT", "COPY", "CREATE", "CREDENTIAL", "CROSS", "CURRENT", "CURSOR", "DATABASE", "DECLARE",
    "DEFAULT", "DELETE", "DENY", "DESC", "DISTINCT", "DISTRIBUTION", "DROP", "ELSE", "ENCRYPTION", "END", "ESCAPE",
    "EXCEPT", "EXEC", "EXECUTE", "EXISTS", "EXTERNAL", "FETCH", "FILE", "FOR", "FOREIGN", "FORMAT", "FROM", "FULL",
    "FUNCTION", "GO", "GOTO", "GRANT", "GROUP", "HASH", "HAVING", "HEAP", "HOLDLOCK", "IDENTITY", "IF", "IN", "INDEX",
    "INNER", "INSERT", "INTERSECT", "INTO", "IS", "JOIN", "KEY", "KILL", "LEFT", "LIKE", "LOCATION", "LOGIN", "LOOP",
    "MASTER", "MERGE", "NONCLUSTERED", "NOT", "NULL", "NULLIF", "OBJECT", "OF", "OFF", "ON", "OPEN", "OPENROWSET",
    "OPTION", "OR", "ORDER", "OUTER", "OUTPUT", "OVER", "PARTITION", "PARTITIONS", "PERCENT", "PIVOT", "PRIMARY",
    "PRINT", "PROC", "PROCEDURE", "RANGE", "REFERENCES", "RENAME", "REPLICATE", "REVOKE", "RIGHT", "ROLE", "ROLLBACK",
    "ROUND_ROBIN", "ROW", "ROWS", "SCHEMA", "SCOPED", "SELECT", "SET", "SOME", "SOURCE", "STATISTICS", "SWITCH",
    "TABLE", "THEN", "TO", "TOP", "TRAN", "TRANSACTION", "TRIGGER", "TRUNCATE", "UNION", "UNIQUE", "UNPIVOT", "UPDATE",
    "USE", "USER", "VALUES", "VIEW", "WAITFOR", "WHEN", "WHERE", "WHILE", "WITH", "WITHIN",
})  # fmt: skip


def syntax_error(token: Token) -> PoolError:
    """Return error 103010 for ``token``.

    Only what can be no secret is quoted: a secret may lack its quotes. Source: number and text as dedicated pools give
    them, in MicrosoftDocs/azure-docs issues 80418 and 89747.
    """
    if token.kind is TokenKind.END:
        near = "the end of the statement"
    elif token.kind is TokenKind.SYMBOL or token.keyword in RESERVED_WORDS:
        near = f"'{token.text}'"
    else:
        near = f"a {token.kind.name.lower().replace('_', ' ')}"
    return PoolError(103010, f"Parse error at line: {token.line}: Incorrect syntax near {near}.")


def not_supported(what: str) -> PoolError:
    """Return the error for what the local pool does not do.

    Assumption: What a dedicated pool accepts and the local pool does not is refused with number 103010.
    """
    return PoolError(103010, f"{what} is not supported by the local pool.")


def refused(what: str, remedy: str = "") -> PoolError:
    """Return the error for what the documents say a dedicated pool does not do.

    Assumption: What the documents list as unsupported without a number is refused with number 103010.
    """
    return PoolError(103010, f"{what} is not supported in a dedicated SQL pool.{' ' + remedy if remedy else ''}")


class TokenReader:
    """A position in a list of tokens that ends with an ``END`` token."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self.position = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it."""
        return self._tokens[min(self.position + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Take the next token; the ``END`` token can be taken for ever."""
        token = self.peek()
        self.position = min(self.position + 1, len(self._tokens) - 1)
        return token

    def rest(self) -> Sequence[Token]:
        """Take all that remains, the ``END`` token included."""
        tokens = self._tokens[self.position :]
        self.position = len(self._tokens) - 1
        return tokens

    def at(self, *keywords: str) -> bool:
        """Return whether these keywords come next, in this order."""
        return all(self.peek(index).keyword == keyword for index, keyword in enumerate(keywords))

    def at_symbol(self, symbol: str) -> bool:
        """Return whether this symbol comes next."""
        return self.peek().is_symbol(symbol)

    def accept(self, *keywords: str) -> bool:
        """Take these keywords if they come next, in this order."""
        if not self.at(*keywords):
            return False
        for _ in keywords:
            self.take()
        return True

    def accept_any(self, *keywords: str) -> str:
        """Take one of these keywords if it comes next and return it, otherwise return an empty text."""
        return self.take().keyword if self.peek().keyword in keywords else ""

    def accept_symbol(self, symbol: str) -> bool:
        """Take the symbol if it comes next."""
        found = self.at_symbol(symbol)
        if found:
            self.take()
        return found

    def expect(self, *keywords: str) -> None:
        """Take these keywords.

        :raises PoolError: Something else comes.
        """
        for keyword in keywords:
            if self.peek().keyword != keyword:
                raise syntax_error(self.peek())
            self.take()

    def expect_symbol(self, symbol: str) -> None:
        """Take the symbol.

        :raises PoolError: Something else comes.
        """
        if not self.accept_symbol(symbol):
            raise syntax_error(self.peek())

    def expect_end(self) -> None:
        """Check that nothing follows.

        :raises PoolError: Something follows.
        """
        self.accept_symbol(";")
        if self.peek().kind is not TokenKind.END:
            raise syntax_error(self.peek())

    def expect_kind(self, kind: TokenKind) -> Token:
        """Take a token of that kind.

        :raises PoolError: Another kind comes.
        """
        if self.peek().kind is not kind:
            raise syntax_error(self.peek())
        return self.take()

    def name(self) -> str:
        """Take one identifier.

        :raises PoolError: No identifier comes.
        """
        if self.peek().kind not in _NAME_KINDS:
            raise syntax_error(self.peek())
        return self.take().text

    def qualified_name(self) -> tuple[str, ...]:
        """Take a name of one to four parts; an omitted part, as in ``tempdb..#t``, is an empty text."""
        parts = [self.name()]
        while self.accept_symbol("."):
            parts.append("" if self.at_symbol(".") else self.name())
        return tuple(parts)

    def names(self) -> tuple[str, ...]:
        """Take ``(name, name ...)``."""
        self.expect_symbol("(")
        names = [self.name()]
        while self.accept_symbol(","):
            names.append(self.name())
        self.expect_symbol(")")
        return tuple(names)

    def integer(self) -> int:
        """Take a whole number, perhaps signed.

        :raises PoolError: Something else comes.
        """
        negative = self.accept_symbol("-")
        token = self.expect_kind(TokenKind.NUMBER)
        if not token.text.isdigit():
            raise syntax_error(token)
        return -int(token.text) if negative else int(token.text)

    def parenthesized(self) -> list[Token]:
        """Take ``( ... )`` with everything inside and return the inside, without an ``END`` token."""
        self.expect_symbol("(")
        inside: list[Token] = []
        depth = 1
        while True:
            token = self.peek()
            if token.kind is TokenKind.END:
                raise syntax_error(token)
            depth += token.is_symbol("(") - token.is_symbol(")")
            self.take()
            if depth == 0:
                return inside
            inside.append(token)
