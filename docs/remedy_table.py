"""Print what the documents tell to do about an error, made from the code: ``python docs/remedy_table.py``."""

from __future__ import annotations

from airflow_synapse.load.remedies import REMEDIES, Remedy

_TITLE = "# Errors of the pool, and what to do"
_INTRODUCTION = (
    "Made by docs/generate.py. The message of the failed task ends with the same advice. Only errors whose remedy a "
    "document gives are here; an error is known by its number, or by a part of its text (a regular expression)."
)


def as_markdown() -> str:
    """Return the page."""
    header = ("Number", "Text", "What to do", "Source")
    rows = [header, ("---",) * len(header), *map(_row, REMEDIES)]
    table = "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows)
    return "\n\n".join([_TITLE, _INTRODUCTION, table])


def _row(remedy: Remedy) -> tuple[str, ...]:
    numbers = ", ".join(map(str, remedy.numbers))
    return numbers, f"`{remedy.pattern}`" if remedy.pattern else "", remedy.advice, remedy.source


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201 - its purpose
