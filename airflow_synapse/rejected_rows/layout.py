"""Which files below ``_rejectedrows`` belong together.

Three layouts are known, and told apart by their names alone; what fits none of them is kept as unknown:

- ``copy``: ``<YYYYMMDD-HHMMSS>/<prefix>.Error.Txt`` and ``<prefix>.Row.Txt``. Source: COPY reference 2026-05,
  ERRORFILE; lab "load data into the warehouse using COPY", which shows ``QID123_1_2`` as prefix.
- ``polybase``: in a folder named alike, a file with ``_reason`` in its name, and a data file whose name matches without
  it. Source: CREATE EXTERNAL TABLE for a dedicated SQL pool, REJECTED_ROW_LOCATION.
- ``json``: ``error.json`` and one data file beside it, in ``<YYYYMMDD_HHMMSS>_<statement>``, which serverless pools
  write, or in ``<time>/<statement>``, which Fabric writes. Source: OPENROWSET for serverless SQL pools,
  ERRORFILE_LOCATION; COPY reference 2026-05, ERRORFILE for Fabric.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

#: Folder that a load makes below the directory of ERRORFILE.
REJECTED_ROWS: Final = "_rejectedrows"
_COPY_SUFFIX: Final = re.compile(r"\.(error|row)\.txt$", re.IGNORECASE)
_REASON: Final = re.compile(r"_reasons?(?=[_.]|$)", re.IGNORECASE)
_ERROR_JSON: Final = "error.json"


class Layout(StrEnum):
    """How a load names the files of its rejected rows."""

    COPY = "copy"
    POLYBASE = "polybase"
    JSON = "json"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as a listing shows it.

    :param name: Path from the container.
    :param size: Bytes.
    :param modified: When it was last written; None where the listing does not say.
    """

    name: str
    size: int
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class RejectedPair:
    """The two files of the same rejected rows.

    :param prefix: What their names share, without the folder.
    :param reason_file: Why the rows were rejected; None where it is missing.
    :param row_file: The rows; None where it is missing.
    """

    prefix: str
    reason_file: StoredFile | None
    row_file: StoredFile | None

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The files that are there."""
        return tuple(file for file in (self.reason_file, self.row_file) if file)


@dataclass(frozen=True, slots=True)
class LoadFolder:
    """What one load has left.

    :param path: The folder below ``_rejectedrows``, as path from the container; where the files are in no such folder,
        their own.
    :param layout: Of its pairs.
    :param pairs: In the order of their prefixes.
    :param unknown_files: Files whose names say nothing, or that are the second of their kind.
    """

    path: str
    layout: Layout
    pairs: tuple[RejectedPair, ...]
    unknown_files: tuple[StoredFile, ...] = ()

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """All files."""
        return (*(file for pair in self.pairs for file in pair.files), *self.unknown_files)


def find_load_folders(files: Iterable[StoredFile]) -> tuple[LoadFolder, ...]:
    """Sort the files of a listing into the folders of loads, in the order of their paths.

    >>> names = (f"in/_rejectedrows/20180330-173205/QID1_1_2.{kind}.Txt" for kind in ("Error", "Row"))
    >>> (folder,) = find_load_folders(StoredFile(name, 9) for name in names)
    >>> folder.path, str(folder.layout), folder.pairs[0].prefix
    ('in/_rejectedrows/20180330-173205', 'copy', 'QID1_1_2')
    """
    found: dict[str, list[StoredFile]] = {}
    for file in files:
        found.setdefault(_folder_of(file.name), []).append(file)
    return tuple(_read_folder(path, sorted(found[path], key=lambda file: file.name)) for path in sorted(found))


def _folder_of(name: str) -> str:
    """Return the folder below the innermost ``_rejectedrows``; the file's own where there is none.

    Its name is not looked at: it is a time, and documents write that in more than one way.
    """
    parts = name.split("/")
    for index in range(len(parts) - 3, -1, -1):
        if parts[index] == REJECTED_ROWS:
            return "/".join(parts[: index + 2])
    return name.rpartition("/")[0]


def _read_folder(path: str, files: Sequence[StoredFile]) -> LoadFolder:
    if REJECTED_ROWS in path.split("/")[-2:-1]:
        for layout, read in _READERS.items():
            if pairs := read(path, files):
                used = {file.name for pair in pairs for file in pair.files}
                return LoadFolder(path, layout, pairs, tuple(file for file in files if file.name not in used))
    return LoadFolder(path, Layout.UNKNOWN, (), tuple(files))


def _copy_pairs(path: str, files: Sequence[StoredFile]) -> tuple[RejectedPair, ...]:
    found: dict[str, dict[str, StoredFile]] = {}
    for file in files:
        name = file.name[len(path) + 1 :]
        if match := _COPY_SUFFIX.search(name):
            found.setdefault(name[: match.start()], {}).setdefault(match[1].lower(), file)
    return tuple(RejectedPair(prefix, pair.get("error"), pair.get("row")) for prefix, pair in sorted(found.items()))


def _polybase_pairs(path: str, files: Sequence[StoredFile]) -> tuple[RejectedPair, ...]:
    reasons: dict[str, StoredFile] = {}
    rows: dict[str, StoredFile] = {}
    for file in files:
        name = file.name[len(path) + 1 :]
        if _REASON.search(name):
            reasons.setdefault(_REASON.sub("", name), file)
        else:
            rows[name] = file
    # Without its reason nothing tells a data file from any other file.
    return tuple(RejectedPair(name, reasons[name], rows.get(name)) for name in sorted(reasons))


def _json_pairs(path: str, files: Sequence[StoredFile]) -> tuple[RejectedPair, ...]:
    beside: dict[str, list[StoredFile]] = {}
    for file in files:
        beside.setdefault(file.name.rpartition("/")[0], []).append(file)
    pairs = []
    for folder, found in beside.items():
        reason = next((file for file in found if file.name.rpartition("/")[2].lower() == _ERROR_JSON), None)
        others = [file for file in found if file is not reason]
        if reason is not None:
            pairs.append(RejectedPair(folder[len(path) + 1 :], reason, others[0] if len(others) == 1 else None))
    return tuple(pairs)


_READERS: Final = {Layout.COPY: _copy_pairs, Layout.POLYBASE: _polybase_pairs, Layout.JSON: _json_pairs}
