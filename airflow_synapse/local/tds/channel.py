"""Messages over a socket: packets, with or without TLS around them."""

from __future__ import annotations

import asyncio
import ssl

from airflow_synapse.local.tds.packets import (
    END_OF_MESSAGE,
    HEADER_SIZE,
    IGNORE_MESSAGE,
    MAXIMUM_MESSAGE_SIZE,
    Message,
    MessageType,
    PacketHeader,
    ProtocolError,
    one_message,
    read_header,
)
from airflow_synapse.local.tds.tls import TLS_HANDSHAKE_RECORD, TlsLayer

_READ_SIZE = 64 * 1024


class Disconnected(Exception):  # noqa: N818 - the normal end of a connection
    """The client has closed the connection."""


class Channel:
    """Reads and writes messages of one client.

    :param reader: What arrives.
    :param writer: What leaves. Its buffer is bounded by :meth:`send`, which waits while the client reads slowly.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._received = bytearray()
        self._tls: TlsLayer | None = None

    async def starts_with_tls(self) -> bool:
        """Whether the client speaks TLS from its first byte on."""
        await self._receive_more(1)
        return self._received[0] == TLS_HANDSHAKE_RECORD

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Make the TLS handshake in the open; everything after it is encrypted."""
        layer = TlsLayer(context)
        complete, answer = layer.shake_hands(self._take_received())
        await self._send_raw(answer)
        while not complete:
            complete, answer = layer.shake_hands(await self._receive_raw())
            await self._send_raw(answer)
        self._tls = layer
        self._received += layer.decrypt(b"")  # what came in one segment with the end of the handshake

    async def start_wrapped_tls(self, context: ssl.SSLContext) -> None:
        """Make the TLS handshake inside prelogin packets; everything after it is encrypted in the open."""
        layer = TlsLayer(context)
        complete = False
        while not complete:
            message = await self.receive()
            if message.type != MessageType.PRELOGIN:
                raise ProtocolError(f"A message of type {message.type} arrived instead of a TLS handshake.")
            complete, answer = layer.shake_hands(message.payload)
            if answer:
                await self._send_raw(one_message(MessageType.PRELOGIN, answer))
        self._tls = layer

    def stop_tls(self) -> None:
        """Drop back to clear text, as both sides do after the login when encryption covers only that."""
        self._tls = None

    async def receive(self) -> Message:
        """Read one message.

        :raises Disconnected: The client is gone.
        :raises ProtocolError: What arrived is no message.
        """
        while True:
            first, part = await self._receive_packet()
            header = first
            payload = bytearray(part)
            while not header.status & END_OF_MESSAGE:
                header, part = await self._receive_packet()
                payload += part
                if len(payload) > MAXIMUM_MESSAGE_SIZE:
                    raise ProtocolError(f"A message is larger than {MAXIMUM_MESSAGE_SIZE} bytes.")
            if not header.status & IGNORE_MESSAGE:
                return Message(first.type, first.status, bytes(payload))

    async def send(self, packets: bytes) -> None:
        """Send whole packets; wait until the client has taken most of what was sent before.

        :raises Disconnected: The client is gone.
        """
        await self._send_raw(self._tls.encrypt(packets) if self._tls else packets)

    async def close(self) -> None:
        """Close the connection after what is still to be sent."""
        try:
            self._writer.close()
            await self._writer.wait_closed()
        except OSError:
            pass  # the client was faster

    def abort(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()

    async def _receive_packet(self) -> tuple[PacketHeader, bytes]:
        await self._receive_more(HEADER_SIZE)
        header = read_header(bytes(self._received[:HEADER_SIZE]))
        size = HEADER_SIZE + header.payload_size
        await self._receive_more(size)
        payload = bytes(self._received[HEADER_SIZE:size])
        del self._received[:size]
        return header, payload

    async def _receive_more(self, size: int) -> None:
        while len(self._received) < size:
            data = await self._receive_raw()
            self._received += self._tls.decrypt(data) if self._tls else data

    def _take_received(self) -> bytes:
        data = bytes(self._received)
        self._received.clear()
        return data

    async def _receive_raw(self) -> bytes:
        try:
            data = await self._reader.read(_READ_SIZE)
        except OSError as error:
            raise Disconnected from error
        if not data:
            raise Disconnected
        return data

    async def _send_raw(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise Disconnected from error
