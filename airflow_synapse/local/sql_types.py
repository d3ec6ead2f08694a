"""T-SQL types as declared, and how the local pool stores them in DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Length of ``(max)`` types.
MAX: Final = -1

_DUCKDB_NAMES: Final = {
    "bit": "BOOLEAN",
    "tinyint": "UTINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "float": "DOUBLE",
    "money": "DECIMAL(19,4)",
    "smallmoney": "DECIMAL(10,4)",
    "char": "VARCHAR",
    "varchar": "VARCHAR",
    "nchar": "VARCHAR",
    "nvarchar": "VARCHAR",
    "binary": "BLOB",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "smalldatetime": "TIMESTAMP",
    "datetime": "TIMESTAMP",
    "datetime2": "TIMESTAMP",
    "datetimeoffset": "TIMESTAMP WITH TIME ZONE",
    "uniqueidentifier": "UUID",
}
CHARACTER_TYPES: Final = frozenset({"char", "varchar", "nchar", "nvarchar"})
BINARY_TYPES: Final = frozenset({"binary", "varbinary"})
SCALED_TIME_TYPES: Final = frozenset({"time", "datetime2", "datetimeoffset"})


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type as a column, a parameter or a result declares it.

    :param name: Lower-case T-SQL name; ``numeric`` is ``decimal``, ``sysname`` is ``nvarchar(128)``.
    :param length: Characters (``nvarchar``, ``varchar``) or bytes (``varbinary``); ``MAX`` for ``(max)``.
    :param precision: Digits of a decimal.
    :param scale: Digits after the point of a decimal; fractional second digits of time types, 0 to 7.
    """

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.name in CHARACTER_TYPES | BINARY_TYPES:
            return f"{self.name}({'max' if self.length == MAX else self.length})"
        if self.name in SCALED_TIME_TYPES:
            return f"{self.name}({self.scale})"
        return self.name

    @property
    def duckdb_name(self) -> str:
        """The DuckDB type that stores it.

        DuckDB keeps microseconds: the seventh fractional digit is lost. ``datetimeoffset`` keeps the instant, not the
        offset.
        """
        if self.name == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        return _DUCKDB_NAMES[self.name]
