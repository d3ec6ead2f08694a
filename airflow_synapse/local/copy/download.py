"""Read blobs in order, a few ranges ahead, with memory that does not depend on their size."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from azure.core import MatchConditions
from azure.storage.blob import ContainerClient

from airflow_synapse.local.copy.storage import SourceFile, storage_errors
from airflow_synapse.local.errors import StatementCancelled

#: Bytes of one request. Larger ones are no faster against a local storage; smaller ones cost more requests.
RANGE_BYTES: Final = 8 * 2**20
_RANGES_AHEAD: Final = 4
_BLOCKS_KEPT: Final = 4
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Range:
    file: SourceFile
    start: int
    end: int


class Downloader:
    """Fetches ranges of blobs with a few threads.

    :param cancelled: Ends every wait with :class:`StatementCancelled` when it is set.
    """

    def __init__(self, container: ContainerClient, cancelled: threading.Event) -> None:
        self._container = container
        self._cancelled = cancelled
        self._threads = ThreadPoolExecutor(_RANGES_AHEAD, thread_name_prefix="copy-download")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def read_files(self, files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, Iterator[bytes]]]:
        """Yield each file with its chunks, which must be read to their end before the next file is asked for.

        Ranges of following files are fetched ahead too, so that many small files do not wait for each other.
        """
        queue = self._fetch_ahead(piece for file in files for piece in _ranges(file))
        pending = next(queue, None)
        while pending is not None:
            file = pending[0].file
            chunks = _FileChunks(pending, queue)
            yield file, chunks
            pending = chunks.following

    def read_range(self, file: SourceFile, start: int, end: int) -> bytes:
        """Return the bytes of ``file`` from ``start`` up to ``end``, fetched in parallel."""
        pieces = (
            _Range(file, position, min(position + RANGE_BYTES, end)) for position in range(start, end, RANGE_BYTES)
        )
        return b"".join(chunk for _, chunk in self._fetch_ahead(pieces))

    def _fetch_ahead(self, pieces: Iterator[_Range]) -> Iterator[tuple[_Range, bytes]]:
        waiting: deque[tuple[_Range, Future[bytes]]] = deque()
        for piece in pieces:
            waiting.append((piece, self._threads.submit(self._fetch, piece)))
            if len(waiting) >= _RANGES_AHEAD:
                yield self._result(*waiting.popleft())
        while waiting:
            yield self._result(*waiting.popleft())

    def _result(self, piece: _Range, future: Future[bytes]) -> tuple[_Range, bytes]:
        while not self._cancelled.is_set():
            try:
                return piece, future.result(_POLL_SECONDS)
            except FutureTimeoutError:
                continue
        raise StatementCancelled

    def _fetch(self, piece: _Range) -> bytes:
        if self._cancelled.is_set():
            raise StatementCancelled
        if piece.start == piece.end:
            return b""
        with storage_errors():
            return self._container.download_blob(
                piece.file.name,
                offset=piece.start,
                length=piece.end - piece.start,
                etag=piece.file.etag,
                match_condition=MatchConditions.IfNotModified,
            ).readall()


class _FileChunks(Iterator[bytes]):
    """The chunks of one file; ``following`` is the first piece of the next file, or None."""

    def __init__(self, first: tuple[_Range, bytes], queue: Iterator[tuple[_Range, bytes]]) -> None:
        self._next: tuple[_Range, bytes] | None = first
        self._queue = queue
        self._file = first[0].file
        self.following: tuple[_Range, bytes] | None = None

    def __next__(self) -> bytes:
        if self._next is None:
            raise StopIteration
        chunk = self._next[1]
        self._next = next(self._queue, None)
        if self._next is not None and self._next[0].file is not self._file:
            self.following, self._next = self._next, None
        return chunk


def _ranges(file: SourceFile) -> Iterator[_Range]:
    if not file.size:
        yield _Range(file, 0, 0)
    for start in range(0, file.size, RANGE_BYTES):
        yield _Range(file, start, min(start + RANGE_BYTES, file.size))


class BlobFile(io.RawIOBase):
    """A blob as a file that can be read at any place, for readers of Parquet and ORC.

    What was given to :meth:`use` is served from there; for other reads, aligned blocks are fetched.
    """

    def __init__(self, downloader: Downloader, file: SourceFile) -> None:
        super().__init__()
        self._downloader = downloader
        self._file = file
        self._position = 0
        self._window = (0, b"")
        self._blocks: dict[int, bytes] = {}

    def use(self, start: int, window: bytes) -> None:
        """Serve reads from ``window``, which is the part of the file that begins at ``start``."""
        self._window = (start, window)

    def _block(self, number: int) -> bytes:
        """Return an aligned block, kept until a few others have been asked for."""
        block = self._blocks.pop(number, None)
        if block is None:
            start = number * RANGE_BYTES
            block = self._downloader.read_range(self._file, start, min(start + RANGE_BYTES, self._file.size))
        self._blocks[number] = block
        if len(self._blocks) > _BLOCKS_KEPT:
            del self._blocks[next(iter(self._blocks))]
        return block

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes; everything to the end with -1 or None."""
        end = self._file.size if size is None or size < 0 else min(self._position + size, self._file.size)
        start, self._position = self._position, max(self._position, end)
        if start >= end:
            return b""
        window_start, window = self._window
        if window_start <= start and end <= window_start + len(window):
            return window[start - window_start : end - window_start]
        blocks = range(start // RANGE_BYTES, (end - 1) // RANGE_BYTES + 1)
        joined = b"".join(self._block(number) for number in blocks)
        offset = start - blocks[0] * RANGE_BYTES
        return joined[offset : offset + end - start]
