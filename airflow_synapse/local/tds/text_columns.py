"""Character and binary columns to cells."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import ResultColumn
from airflow_synapse.local.sql_types import BINARY_TYPES
from airflow_synapse.local.tds.cells import Body, Bytes, Cells, Positions
from airflow_synapse.local.tds.type_info import CHUNKED, maximum_size

_CHUNK_END_SIZE: Final = 4
_WIDE: Final = frozenset({"nchar", "nvarchar"})


def encode_text(column: ResultColumn, array: pa.Array, valid: NDArray[np.bool_] | None) -> Cells:
    """Return the cells of a character or binary column.

    :param valid: False where the value is NULL; None when none is.
    :raises PoolError: A value is longer than the column declares: its length would not fit the cell.
    """
    array = array.cast(pa.large_binary() if column.type.name in BINARY_TYPES else pa.large_string())
    buffer, offsets = contents(array)
    if column.type.name in _WIDE:
        buffer, offsets = _to_utf16(buffer, offsets)
    elif column.type.name not in BINARY_TYPES:
        buffer, offsets = _to_code_page(buffer, offsets)
    lengths = np.diff(offsets)
    if valid is not None:
        lengths *= valid  # Arrow may keep bytes behind a NULL
    maximum = maximum_size(column.type)
    if maximum == CHUNKED:
        head = np.empty((len(lengths), 12), np.uint8)
        head[:, :8] = lengths.astype("<u8").view(np.uint8).reshape(-1, 8)
        head[:, 8:] = head[:, :4]
        return Cells(head, valid, Body(buffer, offsets[:-1], lengths, _CHUNK_END_SIZE))
    if len(lengths) and int(lengths.max()) > maximum:
        raise PoolError(8152, f"String or binary data would be truncated: column '{column.name}', {column.type}.")
    return Cells(lengths.astype("<u2").view(np.uint8).reshape(-1, 2), valid, Body(buffer, offsets[:-1], lengths))


def contents(array: pa.Array) -> tuple[Bytes, Positions]:
    """Return the bytes of exactly these values, and the offsets of the values in them."""
    _validity, offsets_buffer, data = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64, len(array) + 1, array.offset * 8)
    start, end = int(offsets[0]), int(offsets[-1])
    if data is None or start == end:
        return np.zeros(0, np.uint8), np.zeros(len(array) + 1, np.int64)
    return np.frombuffer(data, np.uint8, end - start, start), offsets - start


def _to_utf16(utf8: Bytes, offsets: Positions) -> tuple[Bytes, Positions]:
    if _is_ascii(utf8):
        return utf8.astype("<u2").view(np.uint8), offsets * 2
    # A character of four bytes becomes two units, any other one; so units are counted at the bytes that begin one.
    units = ((utf8 & 0xC0) != 0x80).astype(np.int64) + (utf8 >= 0xF0)
    encoded = utf8.tobytes().decode("utf-8", "replace").encode("utf-16-le")
    return np.frombuffer(encoded, np.uint8), 2 * _count_until(units, offsets)


def _to_code_page(utf8: Bytes, offsets: Positions) -> tuple[Bytes, Positions]:
    """Encode in code page 1252; what it does not have becomes a question mark, as in a column of that collation."""
    if _is_ascii(utf8):
        return utf8, offsets
    encoded = utf8.tobytes().decode("utf-8", "replace").encode("cp1252", "replace")
    return np.frombuffer(encoded, np.uint8), _count_until((utf8 & 0xC0) != 0x80, offsets)


def _is_ascii(utf8: Bytes) -> bool:
    return not len(utf8) or int(utf8.max()) < 0x80


def _count_until(units: NDArray[Any], offsets: Positions) -> Positions:
    counted = np.zeros(len(units) + 1, np.int64)
    np.cumsum(units, out=counted[1:])
    result: Positions = counted[offsets]
    return result
