"""Take the secrets out of T-SQL text, whether or not it can be read as T-SQL.

The scanner knows no grammar, because the text that leaks is the one that does not parse. Where it cannot tell how far a
secret goes, it masks too much: everything up to the end of the text, if need be.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_synapse.local.tsql.reader import RESERVED_WORDS

MASK: Final = "***"

_KEYWORD: Final = re.compile(
    r"(?<![\w$#@])(?:\"(?:SECRET|PASSWORD)\"|(?:SECRET|PASSWORD)(?![\w$#@])\]?)", re.IGNORECASE
)
_SIGNATURE: Final = re.compile(r"(?<=sig=)[^&'\"\s]+", re.IGNORECASE)
_BLANK: Final = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|[=:+(])+")
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_QUOTES: Final = re.compile(r"'+")
_DELIMITED: Final = re.compile(r'"(?:[^"]|"")*"?|\[(?:[^\]]|\]\])*\]?')
_BARE: Final = re.compile(r"[^\s,)]+")
_WORD: Final = re.compile(r"[\w$#@][^\s,)]*")
#: What may stand behind a string. Anything else means that a quote inside the secret was not doubled.
_AFTER_STRING: Final = re.compile(r"[\s,;)\]}\"\\+]|--|/\*|$")


def redact(sql: str) -> str:
    """Return ``sql`` with the value of every SECRET and PASSWORD, and every SAS signature, replaced by ``***``.

    :param sql: Any text: a statement, a batch, a fragment, with strings and comments that may not end, or with COPY
        text inside a string of dynamic SQL, where its quotes are doubled once or more.
    """
    kept: list[str] = []
    position = 0
    while keyword := _KEYWORD.search(sql, position):
        kept.append(sql[position : keyword.end()])
        masked, position = _mask_assignment(sql, keyword.end())
        kept.append(masked)
    kept.append(sql[position:])
    return _SIGNATURE.sub(MASK, "".join(kept))


def _mask_assignment(sql: str, position: int) -> tuple[str, int]:
    """Return the masked form of everything behind the keyword that belongs to its value, and the offset behind it."""
    start = _end_of_gap(sql, position)
    gap = sql[position:start]
    is_assigned = "=" in gap
    if "--" in gap or "/*" in gap:
        gap = " = " if is_assigned else " "  # a secret may have been commented out here
    masked, end = _mask_value(sql, start, is_assigned=is_assigned, stands_apart=bool(gap))
    if masked and "+" in sql[end : (behind := _end_of_gap(sql, end))]:
        _, end = _mask_assignment(sql, behind)
        return f"{gap}{masked} + {MASK}", end
    return gap + masked, end


def _end_of_gap(sql: str, position: int) -> int:
    """Return the offset behind blanks, comments (they nest) and signs."""
    while True:
        if blank := _BLANK.match(sql, position):
            position = blank.end()
        elif sql.startswith("/*", position):
            position = _end_of_comment(sql, position)
        else:
            return position


def _end_of_comment(sql: str, position: int) -> int:
    depth = 0
    while edge := _COMMENT_EDGE.search(sql, position):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
        if depth == 0:
            return position
    return len(sql)


def _mask_value(sql: str, start: int, *, is_assigned: bool, stands_apart: bool) -> tuple[str, int]:
    """Return the masked form of the value that begins at ``start``, empty if none does, and the offset behind it.

    :param is_assigned: Whether an equals sign stands before it, so that any text is a value.
    :param stands_apart: Whether anything stands between it and the keyword.
    """
    if sql[start : start + 2].upper() == "N'":
        masked, end = _mask_string(sql, start + 1)
        return sql[start] + masked, end
    if sql.startswith("'", start):
        return _mask_string(sql, start)
    if delimited := _DELIMITED.match(sql, start):
        return MASK, delimited.end()
    if is_assigned and (value := _BARE.match(sql, start)):
        return MASK, value.end()
    if stands_apart and (word := _WORD.match(sql, start)) and word.group().upper() not in RESERVED_WORDS:
        return MASK, word.end()
    return "", start


def _mask_string(sql: str, start: int) -> tuple[str, int]:
    """Mask a string whose quotes may all be doubled, once for each level of dynamic SQL around it.

    The largest power of two in the length of the opening run is how many characters a quote has at that level. The
    string ends at the first run that holds an odd number of such quotes.
    """
    opening = _QUOTES.search(sql, start)
    if opening is None:
        return "", start
    quote_length = len(opening.group()) & -len(opening.group())
    quote = "'" * quote_length
    for closing in _QUOTES.finditer(sql, opening.end()):
        if (len(closing.group()) // quote_length) % 2 == 1:
            if _AFTER_STRING.match(sql, closing.end()):
                return f"{quote}{MASK}{closing.group()}", closing.end()
            break
    return f"{quote}{MASK}", len(sql)
