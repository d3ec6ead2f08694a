"""LOGIN7: who the client is, and what the server answers.

Source: [MS-TDS] 2.2.6.4, LOGIN7, and 2.2.7.11, FEATUREEXTACK.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from airflow_synapse.local.protocol import LoginRequest, Session
from airflow_synapse.local.tds import tokens
from airflow_synapse.local.tds.packets import (
    DEFAULT_PACKET_SIZE,
    MAXIMUM_PACKET_SIZE,
    MINIMUM_PACKET_SIZE,
    ProtocolError,
)
from airflow_synapse.local.tds.prelogin import SERVER_VERSION
from airflow_synapse.local.tds.reader import Reader

_FIXED_PART: Final = 94
_HOST: Final = 36
_USER: Final = 40
_PASSWORD: Final = 44
_APPLICATION: Final = 48
_EXTENSION: Final = 56
_LIBRARY: Final = 60
_DATABASE: Final = 68
_HAS_EXTENSION: Final = 0x10

_FEATURE_FEDERATED_AUTHENTICATION: Final = 0x02
_FEATURE_UTF8: Final = 0x0A
_FEATURE_END: Final = 0xFF
_SECURITY_TOKEN_LIBRARY: Final = 1
_NONCE_SIZE: Final = 32

#: TDS 7.4 as LOGINACK writes it.
_TDS_VERSION: Final = bytes.fromhex("74000004")


@dataclass(frozen=True, slots=True)
class Login:
    """A decoded LOGIN7 message.

    :param packet_size: Bytes of a packet that the client wishes for, within the limits of the protocol.
    :param features: Acknowledgements of what the client asked for beyond TDS 7.3, by feature number.
    """

    request: LoginRequest
    packet_size: int
    features: dict[int, bytes]


def read_login(payload: bytes, *, has_nonce: bool) -> Login:
    """Read a LOGIN7 message.

    :param has_nonce: Whether the client sent a nonce with its prelogin: then a token is followed by a signed one.
    :raises ProtocolError: The message is malformed, or logs in by other means than a password or a security token.
    """
    if len(payload) < _FIXED_PART:
        raise ProtocolError(f"A login message has only {len(payload)} bytes.")
    features, token = _read_features(payload, has_nonce=has_nonce)
    asked_size = struct.unpack_from("<I", payload, 8)[0]
    request = LoginRequest(
        user=_text(payload, _USER),
        password=None if token is not None else _password(payload),
        access_token=token,
        database=_text(payload, _DATABASE),
        application=_text(payload, _APPLICATION),
        host=_text(payload, _HOST),
        library=_text(payload, _LIBRARY),
    )
    return Login(request, _packet_size(asked_size), features)


def login_reply(login: Login, session: Session) -> bytes:
    """Return the tokens that accept a login, in the order that every driver takes."""
    features = b"".join(struct.pack("<BI", number, len(data)) + data for number, data in login.features.items())
    return b"".join(
        (
            tokens.environment_change(tokens.DATABASE, session.database, ""),
            tokens.information(5701, f"Changed database context to '{session.database}'.", state=2),
            tokens.collation_change(),
            tokens.environment_change(tokens.LANGUAGE, "us_english", ""),
            tokens.information(5703, "Changed language setting to us_english."),
            _acknowledgement(),
            tokens.environment_change(tokens.PACKET_SIZE, str(login.packet_size), str(DEFAULT_PACKET_SIZE)),
            b"\xae" + features + bytes([_FEATURE_END]) if features else b"",
            tokens.done(tokens.DONE, tokens.FINAL),
        )
    )


def _acknowledgement() -> bytes:
    name = "Microsoft SQL Server"
    major, minor, build = SERVER_VERSION
    body = b"\x01" + _TDS_VERSION + bytes([len(name)]) + name.encode("utf-16-le")
    body += struct.pack(">BBH", major, minor, build)
    return b"\xad" + struct.pack("<H", len(body)) + body


def _packet_size(asked: int) -> int:
    # 0 means that the client leaves it to the server.
    return min(max(asked, MINIMUM_PACKET_SIZE), MAXIMUM_PACKET_SIZE) if asked else DEFAULT_PACKET_SIZE


def _field(payload: bytes, at: int, unit: int) -> bytes:
    offset, length = struct.unpack_from("<HH", payload, at)
    return Reader(payload, offset).take(length * unit)


def _text(payload: bytes, at: int) -> str:
    return _field(payload, at, 2).decode("utf-16-le", "replace")


def _password(payload: bytes) -> str:
    hidden = _field(payload, _PASSWORD, 2)
    clear = bytes(((byte ^ 0xA5) & 0x0F) << 4 | (byte ^ 0xA5) >> 4 for byte in hidden)
    return clear.decode("utf-16-le", "replace")


def _read_features(payload: bytes, *, has_nonce: bool) -> tuple[dict[int, bytes], str | None]:
    acknowledged: dict[int, bytes] = {}
    token = None
    if not payload[27] & _HAS_EXTENSION:
        return acknowledged, token
    reader = Reader(payload, Reader(_field(payload, _EXTENSION, 1)).u32())
    while (number := reader.u8()) != _FEATURE_END:
        data = reader.take(reader.u32())
        if number == _FEATURE_UTF8:
            acknowledged[number] = b"\x01"
        elif number == _FEATURE_FEDERATED_AUTHENTICATION:
            token, acknowledged[number] = _read_token(data, has_nonce=has_nonce)
    return acknowledged, token


def _read_token(data: bytes, *, has_nonce: bool) -> tuple[str, bytes]:
    reader = Reader(data)
    library = reader.u8() >> 1
    if library != _SECURITY_TOKEN_LIBRARY:
        raise ProtocolError(
            f"A client logs in through authentication library {library}; the local pool takes a token that the client"
            " already holds (SQL_COPT_SS_ACCESS_TOKEN)."
        )
    token = reader.take(reader.u32()).decode("utf-16-le", "replace")
    return token, reader.take(_NONCE_SIZE) if has_nonce else b""
