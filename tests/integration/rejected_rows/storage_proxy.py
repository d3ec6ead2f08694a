"""A proxy in front of the real storage emulator that fails as a storage account fails: at the HTTP edge.

Requests are signed for the path only, so that keys and SAS tokens work through it.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

_ERROR = '<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'


@dataclass
class Fault:
    """What requests are answered instead, as often as ``times`` says.

    :param status: HTTP status; None to break the connection in the middle of the real answer's body.
    :param code: ``x-ms-error-code``.
    :param contains: Text of the URL of the requests that it hits; ``comp=list`` hits listings.
    :param after: Requests of that kind that are let through first.
    :param headers: More headers of the answer.
    """

    status: int | None
    code: str = ""
    contains: str = ""
    times: int = 1_000_000
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class StorageProxy:
    """Listens on a free port of 127.0.0.1 in a thread until :meth:`stop`.

    :param endpoint: URL of an account of the emulator: ``http://127.0.0.1:40827/lake``.
    :ivar faults: What goes wrong; the first one that fits counts.
    :ivar requests: Method and URL of every request that came.
    """

    def __init__(self, endpoint: str) -> None:
        target = urlsplit(endpoint)
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = proxy._take_fault(self.command, self.path)
                if fault is not None and fault.status is not None:
                    # As talkative as can be: the URL may hold a SAS.
                    message = _ERROR.format(code=fault.code, message=escape(f"A fault at {self.path}")).encode()
                    self.reply(
                        fault.status,
                        {"x-ms-error-code": fault.code, "Content-Type": "application/xml", **fault.headers},
                        message,
                    )
                    return
                connection = http.client.HTTPConnection(target.hostname, target.port)
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                names = {"transfer-encoding", "connection", "keep-alive", "content-length", "date", "server"}
                headers = {name: value for name, value in answer.getheaders() if name.lower() not in names}
                if fault is not None:
                    self.reply(answer.status, headers, content, cut=len(content) // 2)
                    self.close_connection = True
                else:
                    self.reply(answer.status, headers, content)

            def reply(self, status, headers, content, cut=None) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content[:cut])

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - names that the server looks for

            def log_message(self, *_: object) -> None:
                """Nothing: the test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}{target.path}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def listings(self) -> list[dict[str, str]]:
        """The parameters of the listing requests that came."""
        queries = [dict(parse_qsl(urlsplit(url).query)) for _, url in self.requests]
        return [query for query in queries if query.get("comp") == "list"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take_fault(self, method: str, url: str) -> Fault | None:
        with self._lock:
            self.requests.append((method, url))
            for fault in self.faults:
                if fault.contains in url and fault.times:
                    if fault.after:
                        fault.after -= 1
                        return None
                    fault.times -= 1
                    return fault
            return None
