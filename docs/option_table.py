"""Print the table of COPY's options for the README, made from the code: ``python docs/option_table.py``."""

from __future__ import annotations

from airflow_synapse.copy.keywords import FILE_TYPES, OPTIONS, CopyOption

_HEADER = ("Argument", "T-SQL", "Files", "Values", "Left out")


def option_table() -> str:
    """Return the table in Markdown, one row for each option, in the order of the COPY reference's syntax."""
    rows = [_HEADER, ("---",) * len(_HEADER), *map(_row, OPTIONS)]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows) + "\n"


def _row(option: CopyOption) -> tuple[str, ...]:
    files = "all" if option.file_types == FILE_TYPES else ", ".join(option.file_types)
    return f"`{option.argument}`", f"`{option.keyword}`", files, option.values, option.without


if __name__ == "__main__":
    print(option_table(), end="")  # noqa: T201 - a command, whose output is the result
