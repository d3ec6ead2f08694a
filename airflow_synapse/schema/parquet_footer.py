"""Read the columns out of a Parquet footer.

A footer is one struct in Thrift's compact protocol. Its schema stands before all that is large, and reading stops
there: a hundred lines here spare every worker a dependency of 170 MB, and every load of Parquet files its import.

Source: parquet.thrift 2.12 (FileMetaData, SchemaElement, LogicalType, ConvertedType); Thrift compact protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from airflow_synapse.schema.parquet_types import ParquetColumn, ParquetFile

# Numbers of fields.
_FILE_SCHEMA, _FILE_ROWS = 2, 3
_TYPE, _LENGTH, _REPETITION, _NAME, _CHILDREN, _CONVERTED, _SCALE, _PRECISION, _LOGICAL = 1, 2, 3, 4, 5, 6, 7, 8, 10
_REPEATED: Final = 2

_PHYSICAL: Final = ("BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
#: Members of the union LogicalType.
_LOGICAL_TYPES: Final[Mapping[int, str]] = {
    1: "STRING", 2: "MAP", 3: "LIST", 4: "ENUM", 5: "DECIMAL", 6: "DATE", 7: "TIME", 8: "TIMESTAMP", 10: "INT",
    11: "NULL", 12: "JSON", 13: "BSON", 14: "UUID", 15: "FLOAT16", 16: "VARIANT", 17: "GEOMETRY", 18: "GEOGRAPHY",
}  # fmt: skip
#: Members of the union TimeUnit.
_UNITS: Final[Mapping[int, str]] = {1: "MILLIS", 2: "MICROS", 3: "NANOS"}
#: The older ConvertedType, by its number: meaning and unit.
_CONVERTED_TYPES: Final = (
    ("STRING", ""), ("MAP", ""), ("MAP", ""), ("LIST", ""), ("ENUM", ""), ("DECIMAL", ""), ("DATE", ""),
    ("TIME", "MILLIS"), ("TIME", "MICROS"), ("TIMESTAMP", "MILLIS"), ("TIMESTAMP", "MICROS"),
    ("INT(8, false)", ""), ("INT(16, false)", ""), ("INT(32, false)", ""), ("INT(64, false)", ""),
    ("INT(8, true)", ""), ("INT(16, true)", ""), ("INT(32, true)", ""), ("INT(64, true)", ""),
    ("JSON", ""), ("BSON", ""), ("INTERVAL", ""),
)  # fmt: skip

# Types of the compact protocol.
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS: Final = frozenset({4, 5, 6})
#: Structs and lists within each other; a footer needs seven.
_DEEPEST: Final = 32
#: Bits of the longest number, with those that say that it goes on.
_LONGEST_VARINT: Final = 70

Struct = dict[int, Any]


def parse_footer(name: str, footer: bytes) -> ParquetFile:
    """Return what a footer says; a broken one makes a file that says why it is unreadable.

    :param name: Path of the file below its container.
    :param footer: The footer alone, without the length and the magic number behind it.
    """
    try:
        metadata = _Reader(footer).struct(last=_FILE_ROWS)
        columns = tuple(_top_columns(metadata[_FILE_SCHEMA]))
        return ParquetFile(name=name, columns=columns, rows=int(metadata[_FILE_ROWS]))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return ParquetFile(name=name, unreadable="its footer is broken")


def _top_columns(elements: list[Struct]) -> Iterator[ParquetColumn]:
    """Yield the columns at the top of a schema, which is a tree in depth-first order, its root first."""
    position = 1
    for _ in range(elements[0][_CHILDREN]):
        yield _column(elements[position])
        position = _after(elements, position)


def _after(elements: list[Struct], position: int) -> int:
    """Return the position behind an element and all below it."""
    pending = 1
    while pending:
        pending += elements[position].get(_CHILDREN, 0) - 1
        position += 1
    return position


def _column(element: Struct) -> ParquetColumn:
    name = element[_NAME].decode()
    logical, unit = _meaning(element)
    if element.get(_REPETITION) == _REPEATED:
        return ParquetColumn(name=name, logical="LIST")  # lists of old writers have no annotation
    if _TYPE not in element:
        return ParquetColumn(name=name, logical=logical or "STRUCT")
    decimal = element.get(_LOGICAL, {}).get(5, {})
    return ParquetColumn(
        name=name,
        physical=_PHYSICAL[element[_TYPE]],
        logical=logical,
        unit=unit,
        length=element.get(_LENGTH, 0),
        precision=decimal.get(2, element.get(_PRECISION, 0)),
        scale=decimal.get(1, element.get(_SCALE, 0)),
    )


def _meaning(element: Struct) -> tuple[str, str]:
    """Return the logical type and its unit; the newer annotation counts before the older one."""
    for number, details in element.get(_LOGICAL, {}).items():
        logical = _LOGICAL_TYPES.get(number, f"LOGICAL TYPE {number}")
        if logical == "INT":
            return f"INT({details[1]}, {str(details[2]).lower()})", ""
        unit = next(iter(details.get(2, {})), 0) if logical in {"TIME", "TIMESTAMP"} else 0
        return logical, _UNITS.get(unit, "")
    if _CONVERTED in element:
        return _CONVERTED_TYPES[element[_CONVERTED]]
    return "", ""


class _Reader:
    """Reads values of the compact protocol; structs become mappings from field numbers to values.

    :param data: The bytes; reading beyond their end raises LookupError.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def struct(self, depth: int = 0, *, last: int | None = None) -> Struct:
        """Read a struct.

        :param last: Field after which the rest does not matter.
        """
        fields: Struct = {}
        number = 0
        while (header := self._byte()) != _STOP and number != last:
            delta, kind = header >> 4, header & 0x0F
            number = number + delta if delta else self._integer()
            fields[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> Any:  # noqa: ANN401 - any type of the protocol
        if depth > _DEEPEST:
            raise ValueError("too deep")
        if kind in _INTEGERS:
            return self._integer()
        if kind in {_TRUE, _FALSE, _BYTE}:  # an element of a list is a byte even where a field needs none
            return self._byte()
        if kind == _BINARY:
            return self._bytes(self._unsigned())
        if kind in {_LIST, _SET}:
            return self._list(depth)
        if kind == _STRUCT:
            return self.struct(depth)
        if kind == _DOUBLE:
            return self._bytes(8)
        raise ValueError(f"type {kind}")  # maps: Parquet has none

    def _list(self, depth: int) -> list[Any]:
        header = self._byte()
        size, kind = header >> 4, header & 0x0F
        return [self._value(kind, depth + 1) for _ in range(self._unsigned() if size == 15 else size)]

    def _byte(self) -> int:
        self._position += 1
        return self._data[self._position - 1]

    def _bytes(self, count: int) -> bytes:
        """Return the next bytes; fewer at the end of the data, where reading what has to follow them raises."""
        self._position += count
        return self._data[self._position - count : self._position]

    def _unsigned(self) -> int:
        value = 0
        for shift in range(0, _LONGEST_VARINT, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("number too long")

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
