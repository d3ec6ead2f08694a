"""LIKE, and its patterns with ``%``, ``_`` and ``[...]`` as regular expressions."""

from __future__ import annotations

import re

from airflow_synapse.local.tsql.text_conversion import text_of
from airflow_synapse.local.tsql.type_rules import is_national
from airflow_synapse.local.tsql.typed import Typed, quote_literal


def like(value: Typed, pattern: Typed, escape: str | None = None) -> str:
    """Return the SQL of ``value LIKE pattern``.

    Blanks at the end of the value count only where a side is nchar or nvarchar. Source: T-SQL reference, LIKE, Pattern
    Matching by Using LIKE.
    """
    sql, national = text_of(value), is_national(value.type) or is_national(pattern.type)
    if pattern.literal is None:
        # Assumption: In the local pool [...] in a LIKE pattern that is not a literal stands for itself.
        return f"({sql} ILIKE {text_of(pattern)})" if national else f"tsql_like({sql}, {text_of(pattern)})"
    literal = pattern.literal
    if "[" not in literal and not escape and (national or literal.endswith("%")):
        return f"({sql} ILIKE {quote_literal(literal.replace(chr(92), chr(92) * 2))} ESCAPE '\\')"
    expression = f"(?is){regular_expression(literal, escape)}{'' if national else ' *'}"
    return f"regexp_full_match({sql}, {quote_literal(expression)})"


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
