"""The body of a request that is sent in chunks, which Python's HTTP server does not read by itself."""

from __future__ import annotations

from io import BufferedIOBase


class ChunkedBody:
    """Reads a body.

    :param file: The rest of the request.
    """

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self._left = 0  # of the chunk
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Return as many bytes as asked for, or all that are left.

        :raises ConnectionAbortedError: The client was cut off before the end of the body.
        """
        parts = []
        while size and not self._ended:
            if not self._left:
                self._begin_chunk()
            part = self._exactly(self._left if size < 0 else min(size, self._left))
            parts.append(part)
            self._left -= len(part)
            size -= len(part) if size > 0 else 0
            if not self._left:
                self._file.readline()  # the line end after a chunk, or after the empty one that ends the body
        return b"".join(parts)

    def _begin_chunk(self) -> None:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError
        self._left = int(line.partition(b";")[0], 16)
        self._ended = self._left == 0

    def _exactly(self, size: int) -> bytes:
        part = self._file.read(size)
        if len(part) < size:
            raise ConnectionAbortedError
        return part
