"""TLS without a socket: TDS hides the handshake in its own packets, and may drop TLS after the login."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, NamedTuple

#: What a client of TDS 8.0 ("strict") asks for. Source: [MS-TDS] 3.2.5.1, ALPN.
STRICT_PROTOCOL: Final = "tds/8.0"
#: First byte of a TLS record that carries a handshake.
TLS_HANDSHAKE_RECORD: Final = 0x16


class Certificate(NamedTuple):
    """The files of a server certificate.

    :param chain: PEM file with the certificate and those that signed it.
    :param key: PEM file with its private key.
    """

    chain: Path
    key: Path


def wrapped_context(certificate: Certificate) -> ssl.SSLContext:
    """Return the context for a handshake inside prelogin packets.

    It stops at TLS 1.2: a 1.3 server sends session tickets after the handshake, where the framing is another one.
    """
    context = _context(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def strict_context(certificate: Certificate) -> ssl.SSLContext:
    """Return the context for a connection that starts with TLS."""
    context = _context(certificate)
    context.set_alpn_protocols([STRICT_PROTOCOL])
    return context


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


class TlsLayer:
    """One TLS connection in memory: bytes of the wire in, clear bytes out, and the other way round."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def shake_hands(self, received: bytes) -> tuple[bool, bytes]:
        """Go on with the handshake.

        :return: Whether it is complete, and the bytes to send.
        :raises ssl.SSLError: Client and server do not agree.
        """
        self._incoming.write(received)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False, self._outgoing.read()
        return True, self._outgoing.read()

    def decrypt(self, received: bytes) -> bytes:
        """Return the clear text that is complete; empty when a record is not."""
        self._incoming.write(received)
        parts = []
        while True:
            try:
                part = self._tls.read(256 * 1024)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                break
            if not part:
                break
            parts.append(part)
        return b"".join(parts)

    def encrypt(self, clear: bytes) -> bytes:
        """Return ``clear`` as TLS records."""
        if clear:
            self._tls.write(clear)
        return self._outgoing.read()
