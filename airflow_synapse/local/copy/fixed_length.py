"""Fill values up to the length of a char, nchar or binary column.

Source: T-SQL reference, "char and varchar", "nchar and nvarchar" and "binary and varbinary": storage is padded to the
declared size, text with blanks and bytes with zeros.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from airflow_synapse.local.sql_types import SqlType

_FIXED_LENGTH: Final = frozenset({"char", "nchar", "binary"})
#: Characters that count twice, because lengths are in UTF-16 code units.
_TWO_UNITS: Final = r"[\x{10000}-\x{10FFFF}]"


def padded(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    """Return ``values`` as a column of ``sql_type`` stores them: the same, where its length is not fixed."""
    if sql_type.name not in _FIXED_LENGTH:
        return values
    length = sql_type.length or 1
    if sql_type.name != "binary" and not pc.any(pc.match_substring_regex(values, _TWO_UNITS)).as_py():
        return pc.utf8_rpad(values, length, padding=" ")
    return pa.chunked_array([[_padded(value, length) for value in values.to_pylist()]], values.type)


def _padded(value: str | bytes | None, length: int) -> str | bytes | None:
    if isinstance(value, str):
        return value + " " * (length - len(value.encode("utf-16-le")) // 2)
    return None if value is None else value.ljust(length, b"\0")
