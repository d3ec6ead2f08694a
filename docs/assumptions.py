"""Collect what the package and its local pool assume about the service: every ``Assumption:`` in the source."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "airflow_synapse"
_TITLE = "# Behaviour that no document states"
_INTRODUCTION = (
    "Made by docs/generate.py. Each of these is a choice of this package where the documents are silent, and may be "
    "wrong. Those of `local/` say what the local pool does in the place of the service, the others what the package "
    "expects of it."
)
_MARK = "Assumption:"


def assumptions() -> list[tuple[str, str]]:
    """Return (module, statement) for each, in the order of the modules and their lines."""
    return [
        (str(path.relative_to(SOURCE)), statement)
        for path in sorted(SOURCE.rglob("*.py"))
        for statement in _of_module(path.read_text(encoding="utf-8"))
    ]


def _of_module(source: str) -> Iterator[str]:
    for paragraph in [*_comment_paragraphs(source), *_docstring_paragraphs(source)]:
        for part in paragraph.split(_MARK)[1:]:
            yield re.sub(r"\s+", " ", part).strip().lstrip("*-").strip()


def _comment_paragraphs(source: str) -> Iterator[str]:
    """Comment lines that follow each other without code between are one paragraph."""
    paragraph, last_line = "", -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        text = token.string.lstrip("#: ")
        stands_alone = not token.line[: token.start[1]].strip()
        if token.start[0] == last_line + 1 and stands_alone:
            paragraph += " " + text
        else:
            yield paragraph
            paragraph = text
        last_line = token.start[0]
    yield paragraph


def _docstring_paragraphs(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _MARK in node.value:
            yield from re.split(r"\n\s*\n|\n\s*[-*:]", node.value)


def as_markdown() -> str:
    """Return the page."""
    entries = "\n".join(f"- {statement} (`{module}`)" for module, statement in assumptions())
    return "\n\n".join([_TITLE, _INTRODUCTION, entries])


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201 - its purpose
