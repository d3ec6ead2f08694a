"""Cut T-SQL text into tokens.

One scanner serves the batch splitter, the parsers of the dedicated pool's own statements and COPY's grammar. Tokens
keep their offsets, so that a statement can be cut out of its batch and a secret out of its statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from airflow_synapse.local.errors import PoolError


class TokenKind(Enum):
    """What a token is."""

    WORD = auto()  # bare identifier or keyword, #temporary names too
    QUOTED_NAME = auto()  # [name] or "name"
    STRING = auto()  # 'text' or N'text'
    NUMBER = auto()
    BINARY = auto()  # 0x0A
    VARIABLE = auto()  # @name, @@NAME
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    :param text: Its value: quotes removed and doubled quotes undone.
    :param start: Offset of its first character in the text.
    :param end: Offset behind its last character.
    :param line: Line, from 1.
    """

    kind: TokenKind
    text: str
    start: int
    end: int
    line: int

    @property
    def keyword(self) -> str:
        """Upper-case text of a bare word, otherwise empty: a quoted name is never a keyword."""
        return self.text.upper() if self.kind is TokenKind.WORD else ""

    def is_symbol(self, text: str) -> bool:
        """Return whether this is the symbol ``text``."""
        return self.kind is TokenKind.SYMBOL and self.text == text


_PATTERN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<line_comment>--[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[Nn]?'(?:[^']|'')*')
  | (?P<bracketed>\[(?:[^\]]|\]\])*\])
  | (?P<double_quoted>"(?:[^"]|"")*")
  | (?P<binary>0[xX][0-9A-Fa-f]*)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<variable>@@?[\w$\#@]+)
  | (?P<word>[^\W\d][\w$\#@]*|\#{1,2}[\w$\#@]+)
  | (?P<symbol><>|!=|<=|>=|!<|!>|\+=|-=|\*=|/=|%=|::|[-+*/%(),.;=<>~&|^:?{}\\$!])
    """,
    re.VERBOSE,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of ``sql``, the last of them of kind ``END``.

    :raises PoolError: A quote or a comment does not end, or a character belongs to no token. The message quotes nothing
        of the text behind the place, because a secret may stand there.
    """
    tokens: list[Token] = []
    position, line = 0, 1
    while position < len(sql):
        match = _PATTERN.match(sql, position)
        if match is None:
            raise _unreadable(sql, position, line)
        end = _end_of_comment(sql, position, line) if match.lastgroup == "comment" else match.end()
        if match.lastgroup not in {"space", "line_comment", "comment"}:
            tokens.append(_token(match, line))
        line += sql.count("\n", position, end)
        position = end
    tokens.append(Token(TokenKind.END, "", len(sql), len(sql), line))
    return tokens


def _token(match: re.Match[str], line: int) -> Token:
    group, text = match.lastgroup, match.group()
    if group == "string":
        kind, text = TokenKind.STRING, text[text.index("'") + 1 : -1].replace("''", "'")
    elif group == "bracketed":
        kind, text = TokenKind.QUOTED_NAME, text[1:-1].replace("]]", "]")
    elif group == "double_quoted":
        kind, text = TokenKind.QUOTED_NAME, text[1:-1].replace('""', '"')
    else:
        kind = TokenKind[(group or "").upper()]
    return Token(kind, text, match.start(), match.end(), line)


def _end_of_comment(sql: str, start: int, line: int) -> int:
    """T-SQL block comments nest."""
    depth, position = 0, start
    while edge := _COMMENT_EDGE.search(sql, position):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
        if depth == 0:
            return position
    raise PoolError(113, f"Line {line}: Missing end comment mark '*/'.", severity=15)


def _unreadable(sql: str, position: int, line: int) -> PoolError:
    character = sql[position]
    if character in "'[\"" or sql[position : position + 2].upper() == "N'":
        return PoolError(105, f"Line {line}: Unclosed quotation mark.", severity=15)
    return PoolError(102, f"Line {line}: Incorrect syntax near character U+{ord(character):04X}.", severity=15)
