"""A WebHDFS server on 127.0.0.1 in front of the workspace's storage: how Spark reaches it.

Hadoop's own classes, which come with Spark, turn the ``abfss://`` URLs of a job into requests to this server. So the
account keys stay here: neither Spark's configuration nor its logs hold any.

Anybody on this machine may use the port: nothing worth keeping belongs into this storage. A page in a browser cannot
read what it answers, nor send PUT and DELETE, and a page's own host name that leads here is refused.

Source: Apache Hadoop 3.3, "WebHDFS REST API", and the requests that Spark's client sends.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

from airflow_synapse.local.http_server import HttpServer
from airflow_synapse.local.spark.chunked_body import ChunkedBody
from airflow_synapse.local.spark.file_status import FilePath, FileStatus
from airflow_synapse.local.spark.file_system import FileSystem

_PREFIX: Final = "/webhdfs/v1/"
_HDFS_BLOCK_BYTES: Final = 128 * 1024 * 1024
#: What a failure is called in Java, and its status, by the Python error; the first that fits counts.
_JAVA_ERRORS: Final = (
    (FileNotFoundError, 404, "java.io.FileNotFoundException"),
    (ResourceNotFoundError, 404, "java.io.FileNotFoundException"),
    (FileExistsError, 403, "org.apache.hadoop.fs.FileAlreadyExistsException"),
    (NotADirectoryError, 403, "org.apache.hadoop.fs.ParentNotDirectoryException"),
    (ValueError, 400, "java.lang.IllegalArgumentException"),
    (OSError, 403, "java.io.IOException"),
    (AzureError, 500, "java.io.IOException"),
)


class Gateway(HttpServer):
    """Listens on a free port of 127.0.0.1 until :meth:`close`."""

    def __init__(self, files: FileSystem) -> None:
        super().__init__(type("Handler", (_Handler,), {"files": files}))

    def spark_configuration(self, containers: list[tuple[str, str]]) -> dict[str, str]:
        """Return what Spark must be told so that ``abfss://`` URLs of these containers lead here.

        A URL of any other container or account fails, because Spark has no other class for it.

        :param containers: Account and name of each.
        """
        tables = {
            f"spark.hadoop.fs.viewfs.mounttable.{container}@{account}.dfs.core.windows.net.linkFallback": (
                f"webhdfs://127.0.0.1:{self.port}/{account}/{container}"
            )
            for account, container in containers
        }
        return {"spark.hadoop.fs.abfss.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme", **tables}


class _Handler(BaseHTTPRequestHandler):
    """A request: ``/webhdfs/v1/<account>/<container>/<path>?op=...``."""

    protocol_version = "HTTP/1.1"
    files: FileSystem

    def do_GET(self) -> None:
        self._answer(
            {
                "GETFILESTATUS": self._status,
                "LISTSTATUS": self._list,
                "OPEN": self._open,
                "GETHOMEDIRECTORY": self._home,
                "GET_BLOCK_LOCATIONS": self._block_locations,
            }
        )

    def do_PUT(self) -> None:
        self._answer({"MKDIRS": self._make_directory, "CREATE": self._create, "RENAME": self._rename})

    def do_DELETE(self) -> None:
        self._answer({"DELETE": self._delete})

    def _answer(self, operations: dict[str, Callable[[], None]]) -> None:
        # Java sends what is not ASCII as it is; http.server reads it as Latin-1.
        self._url = urlsplit(self.path.encode("latin-1").decode())
        self._query = dict(parse_qsl(self._url.query))
        try:
            self._check_host()
            operations.get(self._query.get("op", ""), self._unsupported)()
        except ConnectionError:
            self.close_connection = True  # a reader seeks by hanging up; a writer was killed
        except (OSError, AzureError, ValueError) as error:
            self._refuse(error)

    def _check_host(self) -> None:
        if self.headers.get("Host") not in {f"127.0.0.1:{self._port}", f"localhost:{self._port}"}:
            raise ValueError("The Host header does not name this server.")

    @property
    def _path(self) -> FilePath:
        return _file_path(unquote(self._url.path).removeprefix(_PREFIX))

    @property
    def _port(self) -> int:
        return int(self.connection.getsockname()[1])

    def _unsupported(self) -> None:
        raise ValueError(f"The operation is not supported: {self._query.get('op')}")

    def _refuse(self, error: Exception) -> None:
        status, java_class = next((status, name) for kind, status, name in _JAVA_ERRORS if isinstance(error, kind))
        if isinstance(error, HttpResponseError) and error.status_code in {401, 403}:
            status, java_class = 403, "org.apache.hadoop.security.AccessControlException"
        # The text of an answer of the storage may repeat the headers of the request, and so the signature.
        message = error.reason if isinstance(error, HttpResponseError) else str(error)
        exception = {"exception": java_class.rpartition(".")[2], "javaClassName": java_class, "message": message}
        self.close_connection = True  # what is left of the request's body is not read
        self._send({"RemoteException": exception}, status)

    def _status(self) -> None:
        self._send({"FileStatus": _json(self.files.status(self._path), "")})

    def _list(self) -> None:
        status = self.files.status(self._path)
        entries = [_json(entry, entry.path.name) for entry in self.files.entries(self._path)]
        self._send({"FileStatuses": {"FileStatus": entries if status.is_directory else [_json(status, "")]}})

    def _home(self) -> None:
        self._send({"Path": "/user"})

    def _block_locations(self) -> None:
        blocks: dict[str, Any] = {"locatedBlocks": [], "lastLocatedBlock": None, "isLastBlockComplete": True}
        length = self.files.status(self._path).size
        self._send({"LocatedBlocks": {"fileLength": length, "isUnderConstruction": False, **blocks}})

    def _open(self) -> None:
        status = self.files.status(self._path)
        if status.is_directory:
            raise FileNotFoundError(f"The path is a directory: {self._path.key}")
        offset = int(self._query.get("offset", "0"))
        end = min(status.size, offset + int(self._query.get("length", status.size)))
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(end - offset))
        self.end_headers()
        try:
            for part in self.files.read(status, offset, end):
                self.wfile.write(part)
        except AzureError:
            raise ConnectionAbortedError from None  # too late for an answer; the reader sees that bytes are missing

    def _make_directory(self) -> None:
        self.files.make_directory(self._path)
        self._send({"boolean": True})

    def _create(self) -> None:
        overwrite = self._query.get("overwrite") == "true"
        if "data" in self._query:
            self.files.write(self._path, ChunkedBody(self.rfile), overwrite=overwrite)
            self._send(None, 201)
        else:  # the client asks first, without a body, where to send it
            self.files.check_writable(self._path, overwrite=overwrite)
            query = quote(self._url.query, safe="=&%+")
            url = f"http://127.0.0.1:{self._port}{quote(unquote(self._url.path))}?{query}&data=true"
            self._send(None, 307, url)

    def _rename(self) -> None:
        target = _file_path(self._query["destination"])
        self._send({"boolean": self.files.rename(self._path, target)})

    def _delete(self) -> None:
        self._send({"boolean": self.files.delete(self._path, recursive=self._query.get("recursive") == "true")})

    def _send(self, answer: dict[str, Any] | None, status: int = 200, location: str | None = None) -> None:
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:
        """Write nothing: a job makes hundreds of requests."""


def _file_path(path: str) -> FilePath:
    account, container, key = (*path.strip("/").split("/", 2), "", "", "")[:3]
    if not account or not container:
        raise FileNotFoundError(f"The path does not exist: {path}")
    return FilePath(account, container, key)


def _json(status: FileStatus, suffix: str) -> dict[str, Any]:
    return {
        "accessTime": 0,
        "blockSize": 0 if status.is_directory else _HDFS_BLOCK_BYTES,
        "childrenNum": 0,
        "fileId": 0,
        "group": "",
        "length": status.size,
        "modificationTime": int(status.modified.timestamp() * 1000),
        "owner": "",
        "pathSuffix": suffix,
        "permission": "755" if status.is_directory else "644",
        "replication": 0 if status.is_directory else 1,
        "type": "DIRECTORY" if status.is_directory else "FILE",
    }
