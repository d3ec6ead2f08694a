"""Small HTTP servers on 127.0.0.1, each with a thread for every connection."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any, Final

from airflow_synapse.local.tds.tls import Certificate

_POLL_SECONDS: Final = 0.02


class HttpServer:
    """Listens until :meth:`close`.

    :param handler: Answers requests.
    :param port: Port of 127.0.0.1; 0 takes a free one.
    :param certificate: Makes it https.
    """

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], *, port: int = 0, certificate: Certificate | None = None
    ) -> None:
        server = ThreadingHTTPServer if certificate is None else _tls_server(certificate)
        self._server = server(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _tls_server(certificate: Certificate) -> type[ThreadingHTTPServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)

    class TlsServer(ThreadingHTTPServer):
        def get_request(self) -> tuple[socket, Any]:
            connection, address = super().get_request()
            # The handshake comes with the first read, in a thread of the connection: here it could block all others.
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, *_: object) -> None:
            """Write nothing: a client has hung up, or does not trust the certificate."""

    return TlsServer
