"""The first exchange: versions, and how much of the connection is encrypted.

Source: [MS-TDS] 2.2.6.5, PRELOGIN.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from airflow_synapse.local.tds.packets import ProtocolError

_VERSION: Final = 0
_ENCRYPTION: Final = 1
_INSTANCE: Final = 2
_THREAD: Final = 3
_MULTIPLE_ACTIVE_RESULT_SETS: Final = 4
_FEDERATED_AUTHENTICATION_REQUIRED: Final = 6
_NONCE: Final = 7
_END: Final = 0xFF

#: What the server says of its version: 12.0.2000, as Azure SQL does.
SERVER_VERSION: Final = (12, 0, 2000)


class Encryption(IntEnum):
    """What is encrypted."""

    LOGIN_ONLY = 0  # ENCRYPT_OFF
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


class Prelogin:
    """What a client asks for.

    :param payload: Of its prelogin message.
    :raises ProtocolError: The options do not lie in the message.
    """

    def __init__(self, payload: bytes) -> None:
        options = dict(_options(payload))
        self._asks_for_token = options.get(_FEDERATED_AUTHENTICATION_REQUIRED)
        self.has_nonce = _NONCE in options
        wish = options.get(_ENCRYPTION) or b"\x02"
        if wish[0] not in set(Encryption):
            raise ProtocolError(f"A client asks for encryption {wish[0]}, which is none of 0 to 3.")
        self.encryption = Encryption(wish[0])

    def agree(self, *, has_certificate: bool, require_encryption: bool) -> Encryption:
        """Return the encryption that the server answers.

        It is up to the client to leave when it does not agree.
        """
        if not has_certificate:
            return Encryption.NOT_SUPPORTED
        if require_encryption:
            return Encryption.ON if self.encryption is Encryption.ON else Encryption.REQUIRED
        return Encryption.ON if self.encryption is Encryption.REQUIRED else self.encryption

    def reply(self, encryption: Encryption) -> bytes:
        """Return the payload of the answer."""
        major, minor, build = SERVER_VERSION
        options: dict[int, bytes] = {
            _VERSION: struct.pack(">BBHH", major, minor, build, 0),
            _ENCRYPTION: bytes([encryption]),
            _INSTANCE: b"\x00",
            _THREAD: b"",
            _MULTIPLE_ACTIVE_RESULT_SETS: b"\x00",
        }
        if self._asks_for_token is not None:
            options[_FEDERATED_AUTHENTICATION_REQUIRED] = b"\x01"
        return _encode(options)


def _options(payload: bytes) -> list[tuple[int, bytes]]:
    options: list[tuple[int, bytes]] = []
    position = 0
    while True:
        if position >= len(payload):
            raise ProtocolError("A prelogin message has no end mark.")
        if payload[position] == _END:
            return options
        if position + 5 > len(payload):
            raise ProtocolError("A prelogin message ends inside its option list.")
        token, offset, length = struct.unpack_from(">BHH", payload, position)
        if offset + length > len(payload):
            raise ProtocolError(f"Option {token} of a prelogin message lies outside the message.")
        options.append((token, payload[offset : offset + length]))
        position += 5


def _encode(options: Mapping[int, bytes]) -> bytes:
    directory = b""
    offset = 5 * len(options) + 1
    for token, value in options.items():
        directory += struct.pack(">BHH", token, offset, len(value))
        offset += len(value)
    return directory + bytes([_END]) + b"".join(options.values())
