"""Read a COPY statement.

This module knows the order of the tokens and nothing of what values mean: :mod:`.options` turns the value of an option
into a checked one, :mod:`.rules` knows which options go together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from airflow_synapse.local.copy import rules
from airflow_synapse.local.copy.credentials import read_credential
from airflow_synapse.local.copy.errors import PARSE_ERROR, invalid_option
from airflow_synapse.local.copy.options import FABRIC_ONLY, OPTIONS, OptionForm
from airflow_synapse.local.copy.request import CopyRequest, Credential, ListedColumn
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.tokens import Token, TokenKind

_T = TypeVar("_T")
_MAX_PARTS: Final = 3
_INT_MAX: Final = 2**31 - 1
#: A token of another kind may be a piece of a secret that lacks its quotes, so it is never quoted in a message.
_KEYWORDS: Final = frozenset(
    {"COPY", "INTO", "FROM", "WITH", "OPTION", "LABEL", "DEFAULT", "NULL", "IDENTITY", "SECRET", *OPTIONS}
)


def parse_copy(tokens: Sequence[Token]) -> CopyRequest:
    """Read one COPY statement and check everything that can be checked without looking anything up.

    :param tokens: The tokens of the statement alone; a semicolon and an END may follow it.
    :raises PoolError: The statement is not what the documents describe. The message quotes no literal.
    """
    return _Parser(tokens).statement()


class _Parser:
    """Recursive descent; each method reads one rule of the grammar."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def statement(self) -> CopyRequest:
        self._keyword("COPY")
        self._keyword("INTO")
        target = self._target()
        columns = self._list(self._column) if self._next.is_symbol("(") else ()
        self._keyword("FROM")
        locations = self._separated(self._location)
        options = self._options() if self._accept_keyword("WITH") else {}
        label = self._hints() if self._accept_keyword("OPTION") else None
        self._accept_symbol(";")
        if self._next.kind is not TokenKind.END:
            raise self._unexpected()
        return rules.build_request(target, columns, locations, options, label)

    def _target(self) -> tuple[str, ...]:
        parts = [self._name()]
        while self._accept_symbol("."):
            parts.append("" if self._next.is_symbol(".") else self._name())
        if len(parts) > _MAX_PARTS:
            raise self._error("A table name has at most three parts")
        return tuple(parts)

    def _column(self) -> ListedColumn:
        name = self._name()
        has_default = self._accept_keyword("DEFAULT")
        default = self._default() if has_default else None
        number = self._field_number() if self._next.kind is TokenKind.NUMBER else None
        return ListedColumn(name, default, has_default, number)

    def _default(self) -> str | None:
        """Read a literal: no function, no expression. Source: ScriptDOM's grammar, rule copyColumnOption."""
        if self._accept_keyword("NULL"):
            return None
        if self._next.is_symbol("-") or self._next.is_symbol("+"):
            sign = self._take().text
            return sign.replace("+", "") + self._expect(TokenKind.NUMBER).text
        if self._next.kind in {TokenKind.STRING, TokenKind.NUMBER, TokenKind.BINARY}:
            return self._take().text
        raise self._unexpected()

    def _field_number(self) -> int:
        token = self._expect(TokenKind.NUMBER)
        if not token.text.isdecimal() or not 0 < int(token.text) <= _INT_MAX:
            raise self._error("A field number is a whole number from 1", token)
        return int(token.text)

    def _location(self) -> str:
        """Read a string literal: variables are not taken. Source: ScriptDOM's grammar, rule copyStatement."""
        return self._expect(TokenKind.STRING).text

    def _options(self) -> dict[str, object]:
        options: dict[str, object] = {}
        for name, value in self._list(self._option):
            if name in options:
                raise self._error(f"Option {name} is given twice")
            options[name] = value
        return options

    def _option(self) -> tuple[str, object]:
        token = self._expect(TokenKind.WORD)
        name = token.keyword
        if name in FABRIC_ONLY:
            raise self._error(f"Option {name} exists in Microsoft Fabric only, not in a dedicated SQL pool", token)
        form = OPTIONS.get(name)
        if form is None:
            raise self._unexpected(token)
        self._symbol("=")
        return name, self._value(name, form)

    def _value(self, name: str, form: OptionForm) -> object:
        if form is OptionForm.CREDENTIAL:
            return self._credential(name)
        if form is OptionForm.NAME:
            return self._name()
        if form is OptionForm.STRING:
            return self._expect(TokenKind.STRING).text
        return self._number(name)

    def _number(self, name: str) -> int:
        token = self._take()
        if token.kind not in {TokenKind.NUMBER, TokenKind.STRING}:  # ScriptDOM reads a quoted number too
            raise self._unexpected(token)
        if not (token.text.isascii() and token.text.isdecimal()) or int(token.text) > _INT_MAX:
            raise invalid_option(name, "It is a whole number.")
        return int(token.text)

    def _credential(self, option: str) -> Credential:
        self._symbol("(")
        self._keyword("IDENTITY")
        self._symbol("=")
        identity = self._expect(TokenKind.STRING).text
        secret = None
        if self._accept_symbol(","):
            self._keyword("SECRET")
            self._symbol("=")
            secret = self._expect(TokenKind.STRING).text
        self._symbol(")")
        return read_credential(option, identity, secret)

    def _hints(self) -> str | None:
        labels = self._list(self._hint)
        if len(labels) > 1:
            raise self._error("LABEL is given twice")
        return labels[0]

    def _hint(self) -> str:
        """LABEL. Source: the COPY quickstarts; the COPY reference says that MAXDOP is not supported."""
        self._keyword("LABEL")
        self._symbol("=")
        return self._expect(TokenKind.STRING).text

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._next
        if token.kind is TokenKind.END:
            raise self._unexpected()
        self._position += 1
        return token

    def _expect(self, kind: TokenKind) -> Token:
        if self._next.kind is not kind:
            raise self._unexpected()
        return self._take()

    def _accept_keyword(self, keyword: str) -> bool:
        if self._next.keyword != keyword:
            return False
        self._position += 1
        return True

    def _keyword(self, keyword: str) -> None:
        if not self._accept_keyword(keyword):
            raise self._unexpected()

    def _accept_symbol(self, symbol: str) -> bool:
        if not self._next.is_symbol(symbol):
            return False
        self._position += 1
        return True

    def _symbol(self, symbol: str) -> None:
        if not self._accept_symbol(symbol):
            raise self._unexpected()

    def _name(self) -> str:
        token = self._take()
        if token.kind not in {TokenKind.WORD, TokenKind.QUOTED_NAME} or not token.text:
            raise self._unexpected(token)
        return token.text

    def _list(self, rule: Callable[[], _T]) -> tuple[_T, ...]:
        self._symbol("(")
        values = self._separated(rule)
        self._symbol(")")
        return values

    def _separated(self, rule: Callable[[], _T]) -> tuple[_T, ...]:
        values = [rule()]
        while self._accept_symbol(","):
            values.append(rule())
        return tuple(values)

    # Errors

    def _unexpected(self, token: Token | None = None) -> PoolError:
        token = token or self._next
        if token.kind is TokenKind.END:
            return self._error("Incorrect syntax near the end of the statement", token)
        shown = f"'{token.text}'" if token.kind is TokenKind.SYMBOL or token.keyword in _KEYWORDS else "a"
        kind = "" if shown != "a" else f" {token.kind.name.lower().replace('_', ' ')}"
        return self._error(f"Incorrect syntax near {shown}{kind}", token)

    def _error(self, reason: str, token: Token | None = None) -> PoolError:
        line = (token or self._next).line
        return PoolError(PARSE_ERROR, f"Parse error at line: {line}: {reason}.", severity=15)
