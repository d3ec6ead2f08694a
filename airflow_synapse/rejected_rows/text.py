"""Read a text file of unknown encoding and size as lines of UTF-8, chunk by chunk."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

#: Bytes of UTF-8 that are kept of a line. A row of more than 1 MB is none that COPY loads.
LINE_BYTES: Final = 2**20
#: Bytes at the beginning that show an encoding.
_HEAD_BYTES: Final = 4096
_SLICE_BYTES: Final = 64 * 1024
_BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


class TextReader:
    """One file, read once.

    :param chunks: Its bytes, in pieces of any size.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._stored = iter(chunks)
        #: Whether bytes were found that are no text; they became U+FFFD.
        self.is_damaged = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, without byte order mark; no piece begins or ends within a character."""
        head = b""
        for piece in self._stored:
            head += piece
            if len(head) >= _HEAD_BYTES:
                break
        encoding, mark = _detect(head[:_HEAD_BYTES])
        decoder = codecs.getincrementaldecoder(encoding)()
        pieces = _slices(chain([head[mark:]], self._stored))
        head = b""  # it may be large
        for piece in pieces:
            if encoding == "utf-8" and piece.isascii() and not decoder.getstate()[0]:
                yield piece  # as it is, which takes no time
            else:
                yield self._decode(decoder, piece)
        yield self._decode(decoder, b"", final=True)

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines, many at once, with their line feeds; of a long one no more than a part.

        Such a part has more than :data:`LINE_BYTES` bytes.
        """
        rest = bytearray()
        for chunk in self.chunks():
            end = chunk.rfind(b"\n") + 1
            if end:
                yield bytes(rest) + chunk[:end]
                rest.clear()
            rest += chunk[end : end + LINE_BYTES + 1 - len(rest)]
        if rest:
            yield bytes(rest)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines, without what ends them."""
        for block in self.blocks():
            yield from split_lines(block)

    def _decode(self, decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bytes:
        try:
            text = decoder.decode(piece, final)
        except UnicodeDecodeError:  # the decoder's state is as before
            self.is_damaged = True
            decoder.errors = "replace"
            text = decoder.decode(piece, final)
        return text.encode()


def _slices(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in small pieces: what is made of each of them then fits into the processor's cache."""
    for piece in pieces:
        for start in range(0, len(piece), _SLICE_BYTES):
            yield piece[start : start + _SLICE_BYTES]


def split_lines(block: bytes) -> list[bytes]:
    """Return the lines of a block, without what ends them."""
    lines = block.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    return [line.removesuffix(b"\r") for line in lines] if b"\r\n" in block else lines


def line_text(line: bytes) -> str:
    """Return a line as text; of a long one, the beginning."""
    return line[:LINE_BYTES].decode(errors="replace")


def count_lines(block: bytes) -> int:
    """Return how many lines a block has."""
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _detect(head: bytes) -> tuple[str, int]:
    """Return the encoding of a file that begins with ``head``, and the length of its byte order mark."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding, len(mark)
    # Letters, digits, commas and line feeds have a zero byte each in UTF-16, all on the same side. Bytes that could be
    # UTF-8 that holds some zeros must have more of them.
    pairs, zeros = len(head) // 2, (head[0::2].count(0), head[1::2].count(0))
    enough = pairs // (3 if _is_utf8(head) else 16)
    for encoding, side in (("utf-16-le", 1), ("utf-16-be", 0)):
        if zeros[side] > enough and zeros[side] > 4 * zeros[1 - side]:
            return encoding, 0
    return "utf-8", 0


def _is_utf8(head: bytes) -> bool:
    """Say whether bytes are the beginning of a text in UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
