"""T-SQL types of columns as values: read from text or from the pool's catalog, checked, written in one way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from airflow_synapse.copy.rules import show
from airflow_synapse.schema.rules import refuse

#: Length of the ``(max)`` types, as in the pool's catalog.
MAX: Final = -1

#: Largest length in bytes, or in characters for nchar and nvarchar.
_LONGEST: Final = {"char": 8000, "varchar": 8000, "nchar": 4000, "nvarchar": 4000, "binary": 8000, "varbinary": 8000}
_PLAIN: Final = frozenset({
    "bit", "tinyint", "smallint", "int", "bigint", "money", "smallmoney", "real", "date", "datetime", "smalldatetime",
    "uniqueidentifier",
})  # fmt: skip
_SCALED: Final = frozenset({"time", "datetime2", "datetimeoffset"})
_WITH_MAX: Final = frozenset({"varchar", "nvarchar", "varbinary"})
_SYNONYMS: Final = {"integer": "int", "numeric": "decimal", "dec": "decimal", "double precision": "float"}
#: What the documents advise to use instead.
_UNSUPPORTED: Final[Mapping[str, str]] = {
    "geometry": "varbinary",
    "geography": "varbinary",
    "hierarchyid": "nvarchar(4000)",
    "image": "varbinary",
    "text": "varchar",
    "ntext": "nvarchar",
    "sql_variant": "several columns",
    "table": "a temporary table",
    "timestamp": "datetime2",
    "rowversion": "datetime2",
    "xml": "varchar",
}
#: A float with fewer bits than this is a real. Source: CREATE TABLE reference, float.
_REAL_BITS: Final = 24
_MOST_DIGITS: Final = 38
_TYPE: Final = re.compile(
    r"\s*\[?([a-z]\w*(?:\s+precision)?)\]?\s*(?:\(\s*([0-9]{1,9}|max)\s*(?:,\s*([0-9]{1,9})\s*)?\))?\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class SqlType:
    """The type of a column.

    :param name: In lower case; ``numeric`` is ``decimal``, a ``float`` of up to 24 bits is ``real``.
    :param length: Bytes of ``char`` and binary types, characters of ``nchar`` and ``nvarchar``; :data:`MAX` for max.
    :param precision: Digits of a decimal.
    :param scale: Digits behind the point of a decimal, or of the seconds of a time type.
    """

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @classmethod
    def parse(cls, text: str, *, option: str | None = None) -> Self:
        """Read a type as CREATE TABLE writes it.

        :param option: What the type is for, for the error.
        :raises CopyOptionError: Rules ``type-*``.

        >>> str(SqlType.parse("NUMERIC(18)"))
        'decimal(18, 0)'
        """
        match = _TYPE.fullmatch(text)
        if match is None:
            raise refuse("type-syntax", shown=show(text), option=option)
        name = " ".join(match[1].lower().split())
        name = _SYNONYMS.get(name, name)
        if name in _UNSUPPORTED:
            raise refuse("type-unsupported", shown=f"{name} (the documents advise {_UNSUPPORTED[name]})", option=option)
        numbers = tuple(MAX if number.lower() == "max" else int(number) for number in match.groups()[1:] if number)
        if name in _LONGEST and not numbers:
            raise refuse("type-length", shown=show(text), option=option)
        found = cls._with(name, numbers)
        if found is None:
            known = name in _PLAIN | _SCALED | _LONGEST.keys() | {"decimal", "float"}
            raise refuse("type-arguments" if known else "type-unsupported", shown=show(text), option=option)
        return found

    @classmethod
    def from_catalog(cls, name: str, max_length: int, precision: int, scale: int) -> Self:
        """Make it of a row of ``sys.columns`` and ``sys.types``.

        :param max_length: In bytes; -1 for max.
        """
        name = _SYNONYMS.get(name.lower(), name.lower())
        if name in _LONGEST:
            characters = max_length // 2 if name.startswith("n") and max_length != MAX else max_length
            return cls(name, length=characters)
        if name == "decimal":
            return cls(name, precision=precision, scale=scale)
        return cls(name, scale=scale) if name in _SCALED else cls(name)

    @classmethod
    def _with(cls, name: str, numbers: tuple[int, ...]) -> Self | None:
        """Return the type with its numbers; None where it cannot have these."""
        if name == "decimal":
            precision, scale = (*numbers, *(18, 0)[len(numbers) :])
            fits = 0 <= scale <= precision <= _MOST_DIGITS and precision >= 1
            return cls(name, precision=precision, scale=scale) if fits else None
        if len(numbers) > 1 or (numbers and name in _PLAIN):
            return None
        if name in _PLAIN:
            return cls(name)
        return cls._with_number(name, *numbers)

    @classmethod
    def _with_number(cls, name: str, number: int | None = None) -> Self | None:
        if name == "float":
            bits = 53 if number is None else number
            return cls("real" if bits <= _REAL_BITS else "float") if 1 <= bits <= 53 else None
        if name in _SCALED:
            scale = 7 if number is None else number
            return cls(name, scale=scale) if 0 <= scale <= 7 else None
        if name in _LONGEST and number is not None:
            fits = 1 <= number <= _LONGEST[name] or (number == MAX and name in _WITH_MAX)
            return cls(name, length=number) if fits else None
        return None

    @property
    def is_text(self) -> bool:
        """Whether it holds characters."""
        return self.name in {"char", "varchar", "nchar", "nvarchar"}

    def __str__(self) -> str:
        """Return the type as CREATE TABLE writes it."""
        if self.length is not None:
            return f"{self.name}({'max' if self.length == MAX else self.length})"
        if self.precision is not None:
            return f"{self.name}({self.precision}, {self.scale})"
        return self.name if self.scale is None else f"{self.name}({self.scale})"
