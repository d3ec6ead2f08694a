"""What of a folder has been reported, so that nothing is reported twice or missed, also while loads write to it.

Times are those of the storage service. The times in the names of folders are not used: nothing says in which time zone
they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from airflow_synapse.rejected_rows.layout import REJECTED_ROWS, LoadFolder, StoredFile, find_load_folders

#: A folder's name is at most this far from UTC, whichever time zone it is in.
_TIME_ZONES: Final = timedelta(hours=14)
#: A folder is named after the start of its load, and may get its last file at the end.
LONGEST_LOAD: Final = timedelta(days=7)
#: More listings than this cost more than a long one.
_MOST_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class Reported:
    """A position in the history of a folder.

    :param until: What was written before is done with. None for the beginning.
    :param files: Name and time of files that were reported though they are not older than ``until``.
    """

    until: datetime | None = None
    files: frozenset[tuple[str, datetime | None]] = frozenset()

    def holds(self, file: StoredFile) -> bool:
        """Whether a file is done with. One that was written again is not."""
        if self.until and file.modified and file.modified < self.until:
            return True
        return (file.name, file.modified) in self.files

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        return {
            "until": self.until and self.until.isoformat(),
            "files": sorted([name, modified and modified.isoformat()] for name, modified in self.files),
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read what :meth:`to_json` returned."""
        return cls(_time(fields["until"]), frozenset((name, _time(modified)) for name, modified in fields["files"]))


@dataclass(frozen=True, slots=True)
class News:
    """What a listing has that was not reported.

    :param folders: Loads that are to be reported, without the files that were.
    :param is_growing: Whether there are others that may still be written to.
    :param reported: The position once ``folders`` are reported.
    """

    folders: tuple[LoadFolder, ...]
    is_growing: bool
    reported: Reported


def find_news(files: Iterable[StoredFile], reported: Reported, *, now: datetime, quiet: timedelta) -> News:
    """Compare a listing with what was reported.

    The folder of a load counts once nothing in it has changed for ``quiet``: the size of one file says nothing, since a
    load may have many writers, and a pair that is complete may be one of several.

    :param files: All files of the folder that are not older than ``reported.until``. Older ones do no harm, nor do
        those that are not below a ``_rejectedrows``.
    :param now: The time of the listing.
    """
    settled: list[LoadFolder] = []
    growing: list[datetime] = []
    latest = now - quiet
    for folder in find_load_folders(file for file in files if REJECTED_ROWS in file.name.split("/")[:-1]):
        fresh = [file for file in folder.files if not reported.holds(file)]
        if not fresh:
            continue
        if max(file.modified or latest for file in folder.files) <= latest:
            settled.append(_without_reported(folder, reported))
        else:
            growing.append(min(file.modified or latest for file in fresh))
    until = max(min([latest, *growing]), reported.until or datetime.min.replace(tzinfo=UTC))
    done = {(file.name, file.modified) for folder in settled for file in folder.files} | reported.files
    kept = frozenset((name, modified) for name, modified in done if modified is None or modified >= until)
    return News(tuple(settled), bool(growing), Reported(until, kept))


def folder_prefixes(since: datetime | None, now: datetime) -> tuple[str, ...]:
    """Return with what the names of load folders begin that may hold files written since a time: a prefix a month.

    Only as far as that is safe: the time in a name may be of any time zone, and a load may take a while.

    >>> folder_prefixes(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    ('202611',)
    """
    if since is None:
        return ("",)
    month, last = since - _TIME_ZONES - LONGEST_LOAD, now + _TIME_ZONES
    months = (last.year - month.year) * 12 + last.month - month.month + 1
    if months > _MOST_MONTHS:
        return ("",)
    return tuple(
        f"{year}{number + 1:02}"
        for year, number in (divmod(month.year * 12 + month.month - 1 + i, 12) for i in range(months))
    )


def _without_reported(folder: LoadFolder, reported: Reported) -> LoadFolder:
    """Leave out what was reported. A pair of which one file is new is reported as a whole."""
    return replace(
        folder,
        pairs=tuple(pair for pair in folder.pairs if not all(map(reported.holds, pair.files))),
        unknown_files=tuple(file for file in folder.unknown_files if not reported.holds(file)),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
