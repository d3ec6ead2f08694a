"""Reading the payload of a message from its first byte to its last."""

from __future__ import annotations

import struct

from airflow_synapse.local.tds.packets import ProtocolError

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Reader:
    """A position in a payload. Numbers are little-endian, text is UTF-16LE.

    Every method moves the position, and raises :class:`ProtocolError` where the payload ends too early.
    """

    __slots__ = ("_data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self.position = position

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self._data)

    def take(self, count: int) -> bytes:
        """Read ``count`` bytes."""
        start = self.position
        end = start + count
        if end > len(self._data):
            raise ProtocolError(f"A message ends at byte {len(self._data)} where {count} bytes were to follow {start}.")
        self.position = end
        return self._data[start:end]

    def rest(self) -> bytes:
        """Read everything that is left."""
        return self.take(len(self._data) - self.position)

    def u8(self) -> int:
        """Read an unsigned byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Read an unsigned 16-bit number."""
        value: int = _U16.unpack(self.take(2))[0]
        return value

    def u32(self) -> int:
        """Read an unsigned 32-bit number."""
        value: int = _U32.unpack(self.take(4))[0]
        return value

    def u64(self) -> int:
        """Read an unsigned 64-bit number."""
        value: int = _U64.unpack(self.take(8))[0]
        return value

    def text(self, characters: int) -> str:
        """Read UTF-16 text of that many code units."""
        return self.take(2 * characters).decode("utf-16-le", "replace")

    def short_text(self) -> str:
        """Read a text with a 1-byte count before it (B_VARCHAR)."""
        return self.text(self.u8())

    def skip_all_headers(self) -> None:
        """Skip the ALL_HEADERS rule: query notification, transaction descriptor, trace activity.

        The descriptor says nothing new: without MARS a connection has at most one transaction.
        """
        total = self.u32()
        if total < 4:
            raise ProtocolError(f"ALL_HEADERS says that it is {total} bytes long.")
        self.take(total - 4)
