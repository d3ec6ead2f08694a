"""Copy the row files of a load to another folder, byte by byte, to be loaded again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import CopyOptionError, SourceFilesError
from airflow_synapse.execution.reject_folder import RejectFolder
from airflow_synapse.hooks.staging_area import StagingArea
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.rejected_rows.layout import LoadFolder, RejectedPair
from airflow_synapse.rejected_rows.text import TextReader
from airflow_synapse.transfer.lake_folder import below

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedFiles:
    """What was copied.

    :param folder: URL of the folder where the files are now.
    :param files: Files.
    :param rows: Their lines.
    :param bytes: Their size.
    """

    folder: str
    files: int = 0
    rows: int = 0
    bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def copy_row_files(rejects: RejectFolder, folder: str, storage: SynapseStorageHook) -> CopiedFiles:
    """Copy each row file, piece by piece, in place of what has its name.

    :param folder: Where to: a URL, or a path in the container of the rejected rows.
    :raises CopyOptionError: It is no folder.
    :raises CredentialError: It is in another account.
    :raises SourceFilesError: Rows are missing, and nothing was copied; or a file cannot be read or written.
    """
    target = _target(rejects, folder)
    pairs = [(each, pair) for each in rejects.load_folders(storage) for pair in each.pairs]
    if missing := [f"{each.path}/{pair.prefix}" for each, pair in pairs if pair.row_file is None]:
        raise SourceFilesError(
            f"The rows of {', '.join(missing)} are missing: only their reasons are there. Nothing was copied."
        )
    area, open_file = StagingArea(storage), storage.open_rejected_rows(rejects.location)
    copied = CopiedFiles(folder=target.url)
    for load_folder, pair in pairs:
        assert pair.row_file  # noqa: S101 - see above
        content = _Counted(open_file(pair.row_file))
        area.upload(replace(target, path=target.path + _name(load_folder, pair)), content)
        copied = replace(
            copied, files=copied.files + 1, rows=copied.rows + content.rows, bytes=copied.bytes + content.bytes
        )
    log.info("Copied: %s", copied)
    return copied


def _target(rejects: RejectFolder, folder: str) -> ExternalLocation:
    if "://" in read_text(folder, "folder"):
        target = ExternalLocation.parse(folder, option="folder")
    else:
        target = replace(rejects.location, path=folder)
    if target.has_wildcard or not target.path.strip("/"):
        raise CopyOptionError(f"folder is {folder!r}: name a folder for the files, and no pattern.")
    return below(target, "")


def _name(folder: LoadFolder, pair: RejectedPair) -> str:
    """Return the name of a copy: the same whenever it is copied, and shown to COPY."""
    return "-".join(filter(None, (folder.path.rpartition("/")[2], pair.prefix))) + ".csv"


class _Counted:
    """The bytes of a text file, and how many lines they are once they have been taken.

    :param pieces: The bytes.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.rows = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        read: list[bytes] = []
        is_open = False  # whether there is a line that nothing has ended yet
        for text in TextReader(_kept(self._pieces, read)).chunks():
            self.rows += text.count(b"\n")
            is_open = not text.endswith(b"\n") if text else is_open
            self.bytes += sum(map(len, read))
            yield from read
            read.clear()
        self.rows += is_open


def _kept(pieces: Iterable[bytes], read: list[bytes]) -> Iterator[bytes]:
    """Yield the pieces, and put them into a list."""
    for piece in pieces:
        read.append(piece)
        yield piece
