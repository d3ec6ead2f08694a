"""The server: listens on loopback, one :class:`~airflow_synapse.local.tds.connection.Connection` a client."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from airflow_synapse.local.protocol import Login
from airflow_synapse.local.tds.channel import Channel
from airflow_synapse.local.tds.connection import Connection, Endpoint
from airflow_synapse.local.tds.tls import Certificate, strict_context, wrapped_context

_BACKLOG = 512


async def serve(
    login: Login,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: Certificate | None = None,
    require_encryption: bool = False,
) -> asyncio.Server:
    """Start a TDS server.

    :param login: Opens a session for a client; called in a worker thread.
    :param host: Address of the loopback interface.
    :param port: TCP port; 0 takes a free one, which ``server.sockets`` tells.
    :param certificate: Without one the server speaks no TLS, and a driver must connect with ``Encrypt=no``.
    :param require_encryption: Encrypt the whole connection, also of clients that ask only for an encrypted login.
    :return: The server; it accepts clients until it is closed.
    :raises ValueError: ``host`` is not the loopback interface, or encryption is required without a certificate.
    """
    _check_loopback(host)
    if require_encryption and certificate is None:
        raise ValueError("Encryption cannot be required without a certificate.")
    endpoint = Endpoint(
        login=login,
        wrapped_tls=wrapped_context(certificate) if certificate else None,
        strict_tls=strict_context(certificate) if certificate else None,
        require_encryption=require_encryption,
    )

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Connection(Channel(reader, writer), endpoint).run()

    return await asyncio.start_server(connected, host, port, backlog=_BACKLOG)


def _check_loopback(host: str) -> None:
    for *_, address in socket.getaddrinfo(host, None):
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise ValueError(f"The local pool listens only on the loopback interface, and {host!r} is another one.")
