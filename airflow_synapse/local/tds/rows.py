"""Result sets as tokens: COLMETADATA, and the rows of an Arrow batch in parts of bounded size.

Source: [MS-TDS] 2.2.7.4 COLMETADATA, 2.2.7.15 NBCROW, 2.2.7.19 ROW.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from airflow_synapse.local.protocol import ResultColumn
from airflow_synapse.local.tds.cells import Cells, lay_out
from airflow_synapse.local.tds.columns import encode_column
from airflow_synapse.local.tds.type_info import encode_type

#: Bytes of Arrow data that are encoded at once; they bound the memory of a result on its way out.
SLICE_SIZE: Final = 512 * 1024

_COLUMN_METADATA: Final = 0x81
_ROW: Final = 0xD1
_ROW_WITH_NULLS: Final = 0xD2
_NULLABLE: Final = 0x0001
_UPDATABLE_UNKNOWN: Final = 0x0008


def column_metadata(columns: Sequence[ResultColumn]) -> bytes:
    """Return the COLMETADATA token."""
    parts = [struct.pack("<BH", _COLUMN_METADATA, len(columns))]
    for column in columns:
        user_type, flags = 0, _UPDATABLE_UNKNOWN | (_NULLABLE if column.nullable else 0)
        name = column.name.encode("utf-16-le", "replace")[:256]
        parts.append(struct.pack("<IH", user_type, flags) + encode_type(column.type))
        parts.append(bytes([len(name) // 2]) + name)
    return b"".join(parts)


def encode_rows(columns: Sequence[ResultColumn], batch: pa.RecordBatch) -> Iterator[bytes]:
    """Yield the rows of a batch.

    :raises PoolError: A value does not fit the type that its column declares.
    """
    if not batch.num_rows:
        return
    step = max(1, SLICE_SIZE * batch.num_rows // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, step):
        part = batch.slice(start, step)
        cells = [encode_column(column, part.column(index)) for index, column in enumerate(columns)]
        yield lay_out([_row_heads(cells, part.num_rows), *cells])


def _row_heads(cells: Sequence[Cells], count: int) -> Cells:
    """Return the token of each row; where the batch has NULLs, also a bitmap of the cells that are missing."""
    if all(column.valid is None for column in cells):
        return Cells(np.full((count, 1), _ROW, np.uint8))
    missing = np.zeros((count, len(cells)), np.bool_)
    for index, column in enumerate(cells):
        if column.valid is not None:
            missing[:, index] = ~column.valid
    bitmap = np.packbits(missing, axis=1, bitorder="little")
    return Cells(np.concatenate((np.full((count, 1), _ROW_WITH_NULLS, np.uint8), bitmap), axis=1))
