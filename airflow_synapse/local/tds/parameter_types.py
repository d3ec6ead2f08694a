"""TYPE_INFO of parameters: which bytes follow, and what they mean.

Source: [MS-TDS] 2.2.5.4 to 2.2.5.6 and 2.2.6.6, RPC request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tds import scalars
from airflow_synapse.local.tds.reader import Reader
from airflow_synapse.local.tds.scalars import Convert
from airflow_synapse.local.tds.type_info import CHUNKED

_LONG_NULL: Final = 0xFFFFFFFF
_CHUNKED_NULL: Final = 0xFFFFFFFFFFFFFFFF

#: Cuts the bytes of a value out of a message; None is NULL.
Cut = Callable[[Reader], bytes | None]


@dataclass(frozen=True, slots=True)
class WireType:
    """A parameter's type as the client describes it."""

    sql_type: SqlType
    cut: Cut
    convert: Convert

    def read(self, reader: Reader) -> object:
        """Read one value."""
        raw = self.cut(reader)
        return None if raw is None else self.convert(raw)


def read_wire_type(reader: Reader) -> WireType:
    """Read a TYPE_INFO.

    :raises PoolError: A parameter of the local pool cannot have that type (xml, sql_variant, table types).
    """
    token = reader.u8()
    size = _INFO_SIZES.get(token)
    if size is None:
        # Assumption: A parameter of a type that a dedicated SQL pool does not have is refused with error 2724.
        raise PoolError(2724, f"Parameter has an invalid data type (0x{token:02X}).")
    return _wire_type(token, reader.take(size))


@lru_cache(maxsize=4096)
def _wire_type(token: int, info: bytes) -> WireType:
    return _BUILDERS[token](info)


def _cut_fixed(reader: Reader, *, size: int) -> bytes:
    return reader.take(size)


def _cut_short(reader: Reader) -> bytes | None:
    size = reader.u8()
    return reader.take(size) if size else None


def _cut_medium(reader: Reader) -> bytes | None:
    size = reader.u16()
    return None if size == CHUNKED else reader.take(size)


def _cut_long(reader: Reader) -> bytes | None:
    size = reader.u32()
    return None if size == _LONG_NULL else reader.take(size)


def _cut_chunks(reader: Reader) -> bytes | None:
    if reader.u64() == _CHUNKED_NULL:
        return None
    chunks = []
    while size := reader.u32():
        chunks.append(reader.take(size))
    return b"".join(chunks)


def _fixed(name: str, size: int, convert: Convert) -> Callable[[bytes], WireType]:
    wire_type = WireType(SqlType(name), partial(_cut_fixed, size=size), convert)
    return lambda _info: wire_type


def _by_size(names: dict[int, str], convert: Convert) -> Callable[[bytes], WireType]:
    def build(info: bytes) -> WireType:
        if info[0] not in names:
            raise PoolError(2724, f"Parameter has an invalid data type ({info[0]} bytes long).")
        return WireType(SqlType(names[info[0]]), _cut_short, convert)

    return build


def _decimal(info: bytes) -> WireType:
    _size, precision, scale = info
    sql_type = SqlType("decimal", precision=precision, scale=scale)
    return WireType(sql_type, _cut_short, scalars.scaled(scalars.decimal, scale))


def _scaled(name: str, convert: Callable[..., object]) -> Callable[[bytes], WireType]:
    return lambda info: WireType(SqlType(name, scale=info[0]), _cut_short, scalars.scaled(convert, info[0]))


def _date(_info: bytes) -> WireType:
    return WireType(SqlType("date"), _cut_short, scalars.day)


def _characters(name: str, *, wide: bool) -> Callable[[bytes], WireType]:
    def build(info: bytes) -> WireType:
        convert = scalars.wide_text if wide else _narrow(info[2:])
        size = int.from_bytes(info[:2], "little")
        if size == CHUNKED:
            return WireType(SqlType(name, MAX), _cut_chunks, convert)
        return WireType(SqlType(name, size // 2 if wide else size), _cut_medium, convert)

    return build


def _narrow(collation: bytes) -> Convert:
    return partial(scalars.narrow_text, encoding=scalars.narrow_encoding(collation))


def _bytes(name: str) -> Callable[[bytes], WireType]:
    def build(info: bytes) -> WireType:
        size = int.from_bytes(info, "little")
        if size == CHUNKED:
            return WireType(SqlType(name, MAX), _cut_chunks, scalars.binary)
        return WireType(SqlType(name, size), _cut_medium, scalars.binary)

    return build


def _text(info: bytes) -> WireType:
    return WireType(SqlType("varchar", MAX), _cut_long, _narrow(info[4:]))


def _ntext(_info: bytes) -> WireType:
    return WireType(SqlType("nvarchar", MAX), _cut_long, scalars.wide_text)


def _image(_info: bytes) -> WireType:
    return WireType(SqlType("varbinary", MAX), _cut_long, scalars.binary)


_INTEGERS: Final = {1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"}

#: Token -> bytes of TYPE_INFO behind it, and how to build the type from them.
_TYPES: Final[dict[int, tuple[int, Callable[[bytes], WireType]]]] = {
    0x22: (4, _image),
    0x23: (9, _text),
    0x24: (1, _by_size({16: "uniqueidentifier"}, scalars.guid)),
    0x26: (1, _by_size(_INTEGERS, scalars.integer)),
    0x28: (0, _date),
    0x29: (1, _scaled("time", scalars.time_of_day)),
    0x2A: (1, _scaled("datetime2", scalars.datetime2)),
    0x2B: (1, _scaled("datetimeoffset", scalars.datetimeoffset)),
    0x30: (0, _fixed("tinyint", 1, scalars.integer)),
    0x32: (0, _fixed("bit", 1, scalars.bit)),
    0x34: (0, _fixed("smallint", 2, scalars.integer)),
    0x38: (0, _fixed("int", 4, scalars.integer)),
    0x3A: (0, _fixed("smalldatetime", 4, scalars.old_datetime)),
    0x3B: (0, _fixed("real", 4, scalars.floating)),
    0x3C: (0, _fixed("money", 8, scalars.money)),
    0x3D: (0, _fixed("datetime", 8, scalars.old_datetime)),
    0x3E: (0, _fixed("float", 8, scalars.floating)),
    0x63: (9, _ntext),
    0x68: (1, _by_size({1: "bit"}, scalars.bit)),
    0x6A: (3, _decimal),
    0x6C: (3, _decimal),
    0x6D: (1, _by_size({4: "real", 8: "float"}, scalars.floating)),
    0x6E: (1, _by_size({4: "smallmoney", 8: "money"}, scalars.money)),
    0x6F: (1, _by_size({4: "smalldatetime", 8: "datetime"}, scalars.old_datetime)),
    0x7A: (0, _fixed("smallmoney", 4, scalars.money)),
    0x7F: (0, _fixed("bigint", 8, scalars.integer)),
    0xA5: (2, _bytes("varbinary")),
    0xA7: (7, _characters("varchar", wide=False)),
    0xAD: (2, _bytes("binary")),
    0xAF: (7, _characters("char", wide=False)),
    0xE7: (7, _characters("nvarchar", wide=True)),
    0xEF: (7, _characters("nchar", wide=True)),
}
_INFO_SIZES: Final = {token: size for token, (size, _build) in _TYPES.items()}
_BUILDERS: Final = {token: build for token, (_size, build) in _TYPES.items()}
