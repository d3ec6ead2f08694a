"""Packets: the 8-byte headers that messages are cut into."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

HEADER_SIZE: Final = 8
DEFAULT_PACKET_SIZE: Final = 4096
#: Limits that a client may negotiate. Source: [MS-TDS] 2.2.6.4, PacketSize.
MINIMUM_PACKET_SIZE: Final = 512
MAXIMUM_PACKET_SIZE: Final = 32767
#: A message that grows larger than this, in bytes, ends the connection: a client must not be able to fill the memory.
MAXIMUM_MESSAGE_SIZE: Final = 512 * 1024 * 1024

END_OF_MESSAGE: Final = 0x01
IGNORE_MESSAGE: Final = 0x02
RESET_CONNECTION: Final = 0x08
RESET_CONNECTION_KEEP_TRANSACTION: Final = 0x10

_HEADER: Final = struct.Struct(">BBHHBB")


class ProtocolError(Exception):
    """The client sent what is no TDS, or a part of TDS that this server does not speak: the connection ends."""


class MessageType(IntEnum):
    """First byte of a packet."""

    BATCH = 1
    REMOTE_PROCEDURE_CALL = 3
    REPLY = 4
    ATTENTION = 6
    BULK_LOAD = 7
    FEDERATED_AUTHENTICATION_TOKEN = 8
    TRANSACTION_MANAGER = 14
    LOGIN = 16
    PRELOGIN = 18


_MESSAGE_TYPES: Final = frozenset(MessageType)


class PacketHeader(NamedTuple):
    """What is known of a packet before its payload.

    :param payload_size: Bytes that follow the header.
    """

    type: int
    status: int
    payload_size: int


class Message(NamedTuple):
    """One whole message of a client; ``status`` is that of its first packet, where the reset bits stand."""

    type: int
    status: int
    payload: bytes


def read_header(header: bytes) -> PacketHeader:
    """Read the 8 bytes of a header.

    :raises ProtocolError: The type or the length is none that a packet can have.
    """
    type_, status, size, _spid, _number, _window = _HEADER.unpack(header)
    if type_ not in _MESSAGE_TYPES:
        raise ProtocolError(f"A packet has the type {type_}, which is none of TDS.")
    if not HEADER_SIZE <= size <= MAXIMUM_PACKET_SIZE:
        raise ProtocolError(f"A packet of type {type_} says that it is {size} bytes long.")
    return PacketHeader(type_, status, size - HEADER_SIZE)


class PacketWriter:
    """Cuts one reply into packets of one size, as parts of it arrive.

    :param type_: Message type of the packets.
    :param packet_size: Bytes of a packet with its header.
    :param spid: Number of the session.
    """

    def __init__(self, type_: MessageType, packet_size: int, spid: int) -> None:
        self._type = type_
        self._room = packet_size - HEADER_SIZE
        self._spid = spid
        self._number = 0
        self._rest = b""

    def write(self, part: bytes) -> bytes:
        """Return the full packets that ``part`` completes; the rest waits.

        One byte at least always waits, so that :meth:`finish` has a packet to mark as the last.
        """
        payload = self._rest + part
        count = (len(payload) - 1) // self._room
        if count <= 0:
            self._rest = payload
            return b""
        self._rest = payload[count * self._room :]
        return self._full_packets(payload, count)

    def finish(self) -> bytes:
        """Return the last packet, which ends the message."""
        self._number += 1
        size = len(self._rest) + HEADER_SIZE
        header = _HEADER.pack(self._type, END_OF_MESSAGE, size, self._spid, self._number & 0xFF, 0)
        return header + self._rest

    def _full_packets(self, payload: bytes, count: int) -> bytes:
        packets = np.empty((count, self._room + HEADER_SIZE), np.uint8)
        header = _HEADER.pack(self._type, 0, self._room + HEADER_SIZE, self._spid, 0, 0)
        packets[:, :HEADER_SIZE] = np.frombuffer(header, np.uint8)
        packets[:, 6] = np.arange(self._number + 1, self._number + 1 + count)
        packets[:, HEADER_SIZE:] = np.frombuffer(payload, np.uint8, count * self._room).reshape(count, self._room)
        self._number += count
        return packets.tobytes()


def one_message(type_: MessageType, payload: bytes, *, packet_size: int = DEFAULT_PACKET_SIZE, spid: int = 0) -> bytes:
    """Return a whole message as packets."""
    writer = PacketWriter(type_, packet_size, spid)
    return writer.write(payload) + writer.finish()
