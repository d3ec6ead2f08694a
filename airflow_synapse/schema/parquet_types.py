"""Columns of Parquet files, and the T-SQL types that the documents give for them.

Source: azure-docs, data loading strategies for a dedicated SQL pool (2020-11), Parquet data type mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_synapse.schema.sql_types import MAX, SqlType

#: Type for texts whose length no footer tells; the Spark connector of Synapse takes the same.
DEFAULT_STRING_TYPE: Final = SqlType("nvarchar", length=4000)
_BINARY: Final = SqlType("varbinary", length=8000)
_ANY_TEXT: Final = SqlType("varchar", length=MAX)
_LONGEST_BINARY: Final = 8000
_MOST_DIGITS: Final = 38

_PHYSICAL: Final[Mapping[str, SqlType]] = {
    "BOOLEAN": SqlType("bit"),
    "INT32": SqlType("int"),
    "INT64": SqlType("bigint"),
    "INT96": SqlType("datetime2", scale=7),
    "FLOAT": SqlType("real"),
    "DOUBLE": SqlType("float"),
    "BYTE_ARRAY": _BINARY,
}
_LOGICAL: Final[Mapping[str, SqlType]] = {
    "DATE": SqlType("date"),
    "TIME": SqlType("time", scale=7),
    "TIMESTAMP": SqlType("datetime2", scale=7),
    "UUID": SqlType("uniqueidentifier"),
    "JSON": SqlType("nvarchar", length=MAX),
    "BSON": SqlType("varbinary", length=MAX),
    "INTERVAL": _ANY_TEXT,
    "LIST": _ANY_TEXT,
    "MAP": _ANY_TEXT,
    "INT(8, true)": SqlType("smallint"),
    "INT(16, true)": SqlType("smallint"),
    "INT(32, true)": SqlType("int"),
    "INT(64, true)": SqlType("bigint"),
    "INT(8, false)": SqlType("tinyint"),
    "INT(16, false)": SqlType("int"),
    "INT(32, false)": SqlType("bigint"),
    "INT(64, false)": SqlType("decimal", precision=20, scale=0),
}
_STRINGS: Final = frozenset({"STRING", "ENUM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetColumn:
    """One column at the top of a Parquet schema.

    :param name: Its name in the file.
    :param physical: How values are stored, such as ``INT64``; empty for a group.
    :param logical: What they mean, such as ``TIMESTAMP``, ``DECIMAL``, ``INT(8, false)``, ``LIST`` or ``STRUCT``; empty
        where the file does not say.
    :param unit: ``MILLIS``, ``MICROS`` or ``NANOS`` of a time or timestamp.
    :param length: Bytes of a FIXED_LEN_BYTE_ARRAY.
    :param precision: Digits of a decimal.
    :param scale: Digits behind the point of a decimal.
    """

    name: str
    physical: str = ""
    logical: str = ""
    unit: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0

    @property
    def is_finer_than_documented(self) -> bool:
        """Whether it holds microseconds or nanoseconds: the mapping has milliseconds and INT96 only."""
        return self.unit in {"MICROS", "NANOS"}

    def sql_type(self, string_type: SqlType = DEFAULT_STRING_TYPE) -> SqlType | None:
        """Return the documented T-SQL type; None where no document gives one.

        :param string_type: Type for texts: a footer does not tell how long they are.
        """
        if self.logical in _STRINGS:
            return string_type
        if self.logical == "DECIMAL":
            return SqlType("decimal", precision=self.precision, scale=self.scale) if self._fits_decimal else None
        if self.logical:
            return _LOGICAL.get(self.logical)
        if self.physical == "FIXED_LEN_BYTE_ARRAY":
            return SqlType("binary", length=self.length) if 1 <= self.length <= _LONGEST_BINARY else None
        return _PHYSICAL.get(self.physical)

    @property
    def _fits_decimal(self) -> bool:
        return 1 <= self.precision <= _MOST_DIGITS and 0 <= self.scale <= self.precision

    def __str__(self) -> str:
        """Return the type as the documents write it, such as ``INT64 TIMESTAMP(MICROS)``."""
        logical = self.logical
        if logical == "DECIMAL":
            logical = f"DECIMAL({self.precision}, {self.scale})"
        elif self.unit:
            logical = f"{logical}({self.unit})"
        physical = f"{self.physical}({self.length})" if self.physical == "FIXED_LEN_BYTE_ARRAY" else self.physical
        return " ".join(filter(None, (physical, logical)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetFile:
    """What the footer of a Parquet file says.

    :param name: Path of the file below its container.
    :param columns: In the order of the file.
    :param rows: Rows of the file.
    :param unreadable: Why there is nothing else; empty for a footer that was read.
    """

    name: str
    columns: tuple[ParquetColumn, ...] = field(default=())
    rows: int | None = None
    unreadable: str = ""
