"""The https server of the Spark pool: its Livy API, and the endpoints that give access tokens for it.

It is https because Azure's clients send no token without, with a certificate of this machine. Tokens come from
``/adfs/oauth2/token`` for a client id and secret, and from ``/msi/token`` as for a managed identity of an App Service.
"""

from __future__ import annotations

import json
import uuid
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from airflow_synapse.local.http_server import HttpServer
from airflow_synapse.local.spark.livy import HungUp, LivyApi, Refused, Request
from airflow_synapse.local.spark.tokens import Tokens
from airflow_synapse.local.tds.tls import Certificate

_IDLE_SECONDS: Final = 120.0


class Endpoint(HttpServer):
    """Listens on 127.0.0.1 until :meth:`close`.

    :param port: 0 takes a free one.
    """

    def __init__(self, livy: LivyApi, tokens: Tokens, *, certificate: Certificate, port: int) -> None:
        handler = type("Handler", (_Handler,), {"livy": livy, "tokens": tokens})
        super().__init__(handler, port=port, certificate=certificate)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    livy: LivyApi
    tokens: Tokens

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            match self.command, url.path:
                case "GET", "/msi/token":
                    self._send(200, self._managed_identity_token(query))
                case "GET", "/adfs/.well-known/openid-configuration":
                    self._send(200, self._discovery())
                case "POST", "/adfs/oauth2/token":
                    token = self.tokens.of_client(dict(parse_qsl(body.decode())))
                    self._send(200 if token else 401, token or _WRONG_SECRET)
                case _:
                    authorization = self.headers.get("Authorization", "")
                    self._send(200, self.livy.answer(Request(self.command, url.path, query, authorization, body)))
        except Refused as refused:
            wait = {} if refused.retry_after is None else {"Retry-After": f"{refused.retry_after:g}"}
            self._send(refused.status, {"TraceId": str(uuid.uuid4()), "Message": str(refused)}, wait)
        except HungUp:
            self.close_connection = True

    def _managed_identity_token(self, query: dict[str, str]) -> dict[str, Any]:
        header = self.headers.get("X-IDENTITY-HEADER", "")
        answer = self.tokens.of_managed_identity(header, query.get("resource", ""))
        if answer is None:
            raise Refused(403, "The header X-IDENTITY-HEADER is wrong.")
        return answer

    def _discovery(self) -> dict[str, Any]:
        authority = f"https://127.0.0.1:{self.connection.getsockname()[1]}/adfs"
        return {
            "issuer": authority,
            "authorization_endpoint": f"{authority}/oauth2/authorize",
            "token_endpoint": f"{authority}/oauth2/token",
        }

    def _send(self, status: int, answer: dict[str, Any] | bytes, headers: dict[str, str] | None = None) -> None:
        is_text = isinstance(answer, bytes)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8" if is_text else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:
        """Write nothing: the log is the jobs'."""


_WRONG_SECRET: Final = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: Invalid client secret provided.",
}
