"""Rejected rows as a table holds them, and as the CSV file by which COPY brings them there.

A staged file is CSV, not Parquet, which nothing but pyarrow writes: 170 MB that no other part of the provider needs.
Nothing is lost by it: the lines of the files of rejected rows hold no line feed, so that in quotes each text arrives as
it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from airflow_synapse.rejected_rows.rows import RejectedRow

#: Characters of a text that a column of a dedicated pool takes, unless it is (max). A row of three such columns stays
#: far below the 1 MB that COPY takes. Source: nchar and nvarchar; COPY reference 2026-05, Limitations.
_MOST_UNITS: Final = 4_000
#: The columns, in the order of the fields of the file. No URL of a blob, whose name may have 1,024 characters, is
#: longer than the first; sys.dm_pdw_exec_requests has the type of the second.
COLUMNS: Final[Mapping[str, str]] = {
    "reject_folder": "nvarchar(1200) NOT NULL",
    "load_label": "nvarchar(255) NULL",
    "quarantined_by": "char(12) NOT NULL",
    "load_folder": "nvarchar(1024) NOT NULL",
    "file_prefix": "nvarchar(1024) NULL",
    "row_number": "bigint NOT NULL",
    "source_file": f"nvarchar({_MOST_UNITS}) NULL",
    "source_row": "bigint NULL",
    "reason": f"nvarchar({_MOST_UNITS}) NULL",
    "raw_row": f"nvarchar({_MOST_UNITS}) NULL",
    "is_cut": "bit NOT NULL",
}
#: Characters that are handed on at once.
_BLOCK: Final = 2**20


def csv_blocks(
    rows: Iterable[RejectedRow], *, reject_folder: str, load_label: str | None, quarantined_by: str
) -> Iterator[bytes]:
    """Yield a file of the rows in UTF-8, in pieces; its rows end with a line feed.

    :param reject_folder: Where the rows are from; the same in each row, like the other two.
    """
    lines: list[str] = []
    size = 0
    first = ",".join(map(_field, (reject_folder, load_label, quarantined_by)))
    for row in rows:
        lines.append(f"{first},{_line(row)}\n")
        size += len(lines[-1])
        if size >= _BLOCK:
            yield "".join(lines).encode(errors="replace")
            lines.clear()
            size = 0
    yield "".join(lines).encode(errors="replace")


def _line(row: RejectedRow) -> str:
    texts = (row.source_file, row.reason, row.raw)
    source_file, reason, raw = map(_cut, texts)
    fields = (
        row.folder.rpartition("/")[2],
        row.prefix,
        row.number,
        source_file,
        row.source_row,
        reason,
        raw,
        int(row.is_cut or (source_file, reason, raw) != texts),
    )
    return ",".join(map(_field, fields))


def _field(value: str | int | None) -> str:
    """Return a value as it stands in the file, where NULL is nothing at all, like a text without a character."""
    if isinstance(value, str) and value:
        return '"' + value.replace('"', '""') + '"'
    return "" if value is None else str(value)


def _cut(text: str | None) -> str | None:
    """Return as much of a text as a column takes, which counts in UTF-16."""
    if text is None or len(text) <= _MOST_UNITS // 2:
        return text
    units = text.encode("utf-16-le", "replace")
    return text if len(units) <= 2 * _MOST_UNITS else units[: 2 * _MOST_UNITS].decode("utf-16-le", "ignore")
