"""From the stored bytes of a CSV file to UTF-8 text that begins at the first row to load."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.copy.errors import copy_failed
from airflow_synapse.local.copy.request import Compression, CsvFormat

_GZIP_WINDOW: Final = 31
_GZIP_PIECE: Final = 2**16
_UTF8_BOM: Final = codecs.BOM_UTF8


def is_gzip(name: str, compression: Compression | None) -> bool:
    """Return whether a CSV file is compressed: as COMPRESSION says, else as its extension says.

    Source: COPY reference, COMPRESSION.
    """
    return name.endswith(".gz") if compression is None else compression is Compression.GZIP


def rows_to_load(
    chunks: Iterator[bytes], name: str, csv: CsvFormat, compression: Compression | None
) -> Iterator[bytes]:
    """Yield UTF-8 bytes from row FIRSTROW on, without byte order mark.

    :param chunks: The stored bytes, in order.
    :param name: Name of the file, for messages and for its extension.
    :raises PoolError: The file is not what the options say.
    """
    if is_gzip(name, compression):
        chunks = _decompressed(chunks, name)
    chunks = _from_utf16(chunks) if csv.encoding == "UTF16" else _without_mark(chunks)
    return _skip_rows(chunks, csv.first_row - 1, tuple(terminator.encode() for terminator in csv.row_terminators))


def _decompressed(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Source: COPY reference 2026-05: bytes behind the last gzip member that are no gzip make COPY fail."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    try:
        for piece in _pieces(chunks):
            rest = piece
            while rest:
                if member.eof:
                    member = zlib.decompressobj(_GZIP_WINDOW)
                yield from _bounded(member, rest)
                rest = member.unused_data
    except zlib.error:
        raise copy_failed(f"file '{name}' is not a valid gzip file.") from None
    if not member.eof:
        raise copy_failed(f"file '{name}' is not a valid gzip file: it ends too early.")


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut chunks small: zlib copies what it has not used yet, at every step and for every member of the file."""
    for chunk in chunks:
        for start in range(0, len(chunk), _GZIP_PIECE):
            yield chunk[start : start + _GZIP_PIECE]


def _bounded(member: zlib._Decompress, data: bytes, size: int = 2**23) -> Iterator[bytes]:
    """Decompress in steps, because a small chunk can hold a very large text."""
    yield member.decompress(data, size)
    while member.unconsumed_tail and not member.eof:  # at its end the tail is that of the next member
        yield member.decompress(member.unconsumed_tail, size)


def _from_utf16(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Transcode; a byte order mark tells the order of the bytes.

    Assumption: UTF16 without a byte order mark is little-endian; what is not valid is replaced by U+FFFD.
    """
    first = next(chunks, b"")
    encoding = "utf-16-be" if first.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first).removeprefix("\ufeff").encode()
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= len(_UTF8_BOM):
            break
    yield start.removeprefix(_UTF8_BOM)
    yield from chunks


def _skip_rows(chunks: Iterator[bytes], count: int, terminators: tuple[bytes, ...]) -> Iterator[bytes]:
    """Source: COPY reference, FIRSTROW: rows are skipped by row terminators alone; quotes are not looked at."""
    pattern = re.compile(b"|".join(re.escape(terminator) for terminator in terminators))
    longest = max(len(terminator) for terminator in terminators)
    rest = b""
    while count:
        chunk = next(chunks, None)
        if chunk is None:
            return
        rest += chunk
        position = 0
        while count and (match := pattern.search(rest, position)):
            position = match.end()
            count -= 1
        # A terminator may be cut in two by the end of the chunk.
        rest = rest[max(position, len(rest) - longest + 1) if count else position :]
    yield rest
    yield from chunks
