"""The Arrow types in which values of T-SQL types travel between the engine and the TDS encoder."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa

#: By the name of the T-SQL type; text, bytes, decimals and GUIDs are the caller's.
ARROW_TYPES: Final[Mapping[str, pa.DataType]] = MappingProxyType(
    {
        "bit": pa.bool_(),
        "tinyint": pa.uint8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "real": pa.float32(),
        "float": pa.float64(),
        "money": pa.decimal128(19, 4),
        "smallmoney": pa.decimal128(10, 4),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "smalldatetime": pa.timestamp("us"),
        "datetime": pa.timestamp("us"),
        "datetime2": pa.timestamp("us"),
        "datetimeoffset": pa.timestamp("us", "UTC"),
    }
)
