"""Where a file or directory of the workspace's storage is, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class FilePath(NamedTuple):
    """Where a file or directory is.

    :param key: Names below the container, joined by slashes; empty for the container itself.
    """

    account: str
    container: str
    key: str

    @property
    def parent(self) -> FilePath:
        """The directory that holds it."""
        return self._replace(key=self.key.rpartition("/")[0])

    @property
    def name(self) -> str:
        """Its last name."""
        return self.key.rpartition("/")[2]

    def child(self, name: str) -> FilePath:
        """Return what has that name in it."""
        return self._replace(key=f"{self.key}/{name}".lstrip("/"))


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file or directory.

    :param size: Bytes; 0 for a directory.
    :param etag: What it must still be when it is read; empty for a directory.
    """

    path: FilePath
    is_directory: bool
    size: int = 0
    modified: datetime = _NEVER
    etag: str = ""
