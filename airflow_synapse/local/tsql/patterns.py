"""LIKE patterns with ``%``, ``_`` and ``[...]`` as regular expressions."""

from __future__ import annotations

import re


def regular_expression(pattern: str, escape: str | None = None) -> str:
    """Return the regular expression (RE2) of a LIKE pattern, without anchors.

    Source: T-SQL reference, LIKE: ``%``, ``_``, ``[set]``, ``[^set]``, ESCAPE.
    """
    pieces: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if escape and character == escape and position + 1 < len(pattern):
            position += 1
            pieces.append(re.escape(pattern[position]))
        elif character == "%":
            pieces.append(".*")
        elif character == "_":
            pieces.append(".")
        elif character == "[" and (end := pattern.find("]", position + 2)) > 0:
            pieces.append(_character_set(pattern[position + 1 : end]))
            position = end
        else:
            pieces.append(re.escape(character))
        position += 1
    return "".join(pieces)


def _character_set(inside: str) -> str:
    negated = inside.startswith("^")
    inside = inside[1:] if negated else inside
    return f"[{'^' if negated else ''}{inside.replace(chr(92), chr(92) * 2).replace('[', chr(92) + '[')}]"
