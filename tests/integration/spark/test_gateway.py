"""The gateway between WebHDFS and the storage: real Azurite, and requests as Hadoop's client sends them."""

import http.client
import json
import socket
import time
from urllib.parse import quote, urlencode, urlsplit

import pytest

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import default_home
from airflow_synapse.local.spark.file_system import FileSystem
from airflow_synapse.local.spark.gateway import Gateway
from airflow_synapse.secret import Secret


@pytest.fixture(scope="module")
def gateway(azurite):
    running = Gateway(FileSystem({name: (azurite.endpoint(name), key) for name, key in azurite.accounts.items()}))
    yield running
    running.close()


def send(port, method, url, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, url, body, headers, encode_chunked=body is not None)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


class Files:
    """A client of the gateway for one container."""

    def __init__(self, port, container, account="lake"):
        self.port = port
        self.base = f"/{account}/{container}"

    def ask(self, method, path, operation, **query):
        url = f"/webhdfs/v1{quote(self.base + path)}?{urlencode({'op': operation, **query})}"
        status, _, body = send(self.port, method, url)
        return status, json.loads(body) if body.startswith(b"{") else body

    def failure(self, method, path, operation, **query):
        status, answer = self.ask(method, path, operation, **query)
        return status, answer["RemoteException"]["javaClassName"]

    def write(self, path, *parts, **query):
        return self.write_all(path, iter(parts), **query)

    def write_all(self, path, parts, **query):
        url = f"/webhdfs/v1{quote(self.base + path)}?{urlencode({'op': 'CREATE', **query})}"
        status, headers, _ = send(self.port, "PUT", url)
        if status != 307:
            return status
        target = urlsplit(headers["Location"])
        chunked = {"Transfer-Encoding": "chunked"}
        return send(self.port, "PUT", f"{target.path}?{target.query}", parts, **chunked)[0]

    def names(self, path):
        statuses = self.ask("GET", path, "LISTSTATUS")[1]["FileStatuses"]["FileStatus"]
        return {status["pathSuffix"]: status["type"] for status in statuses}


@pytest.fixture
def files(gateway, container):
    return Files(gateway.port, container.container_name)


def content(container, name):
    return container.download_blob(name).readall()


def test_written_file_is_a_blob(files, container):
    assert files.write("/day/a.txt", b"one ", b"two") == 201

    assert content(container, "day/a.txt") == b"one two"


@pytest.mark.parametrize("size", [0, 8 * 1024 * 1024, 17 * 1024 * 1024 + 1])
def test_file_of_any_size_is_written_and_read(files, container, size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    assert files.write("/file", *([data] if data else [])) == 201

    assert content(container, "file") == data
    assert files.ask("GET", "/file", "OPEN")[1] == data


@pytest.mark.parametrize("name", ["Ümläut 日本.csv", "a b+c%20#?&=d.csv", "part-0=1,2.csv", "'\"~!$()[]"])
def test_name_is_kept_as_it_is(files, container, name):
    assert files.write(f"/{name}", b"x") == 201

    assert list(container.list_blob_names()) == [name]
    assert files.names("/") == {name: "FILE"}
    assert files.ask("GET", f"/{name}", "OPEN")[1] == b"x"


def test_name_may_come_as_java_sends_it(files, container, gateway):
    files.write("/日本", b"x")
    request = f"GET /webhdfs/v1{files.base}/日本?op=OPEN HTTP/1.1\r\nHost: localhost:{gateway.port}\r\n\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    connection.connect()
    connection.sock.sendall(request.encode())
    response = http.client.HTTPResponse(connection.sock)
    response.begin()

    assert (response.status, response.read()) == (200, b"x")
    connection.close()


@pytest.mark.parametrize(
    ("query", "expected"), [({"offset": 4}, b"456789"), ({"offset": 2, "length": 3}, b"234"), ({"offset": 10}, b"")]
)
def test_part_of_a_file_is_read(files, query, expected):
    files.write("/file", b"0123456789")

    assert files.ask("GET", "/file", "OPEN", **query) == (200, expected)


def test_reader_that_hangs_up_does_no_harm(files, gateway):
    files.write("/file", bytes(20 * 1024 * 1024))
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    connection.request("GET", f"/webhdfs/v1{files.base}/file?op=OPEN")
    connection.getresponse().read(10)
    connection.close()

    assert files.ask("GET", "/file", "OPEN", offset=20 * 1024 * 1024 - 1)[1] == b"\0"


@pytest.mark.parametrize("sent", [b"5\r\nhello\r\n", b"9\r\nhello"], ids=["between chunks", "in a chunk"])
def test_file_that_is_cut_off_is_not_there(files, gateway, container, sent):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    connection.putrequest("PUT", f"/webhdfs/v1{files.base}/file?op=CREATE&data=true")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send(sent)
    connection.sock.shutdown(socket.SHUT_WR)
    while connection.sock.recv(4096):
        pass  # until the gateway is done with it
    connection.close()

    assert list(container.list_blob_names()) == []


@pytest.mark.parametrize(("overwrite", "status", "left"), [("false", 403, b"old"), ("true", 201, b"new")])
def test_file_is_overwritten_only_if_asked(files, container, overwrite, status, left):
    files.write("/file", b"old")

    assert files.write("/file", b"new", overwrite=overwrite) == status

    assert content(container, "file") == left


def test_of_two_that_create_a_file_at_the_same_time_one_does(files, container):
    def parts():
        yield b"late"
        assert files.write("/owner.json", b"first", overwrite="false") == 201

    assert files.write_all("/owner.json", parts(), overwrite="false") == 403

    assert content(container, "owner.json") == b"first"


def test_file_does_not_replace_a_directory(files):
    files.write("/day/file", b"x")

    assert files.write("/day", b"x", overwrite="true") == 403


def test_directory_is_a_marked_blob_as_in_a_hierarchical_namespace(files, container):
    assert files.ask("PUT", "/a/b", "MKDIRS") == (200, {"boolean": True})

    blobs = {blob.name: blob.metadata for blob in container.list_blobs(include=["metadata"])}
    assert blobs == {"a": {"hdi_isfolder": "true"}, "a/b": {"hdi_isfolder": "true"}}
    assert files.names("/a") == {"b": "DIRECTORY"}


def test_listing_has_files_marked_directories_and_those_that_other_clients_made(files, container):
    files.write("/data/own/file", b"123")
    container.upload_blob("data/theirs/deep/file", b"x")
    container.upload_blob("data/file", b"x")

    assert files.names("/data") == {"file": "FILE", "own": "DIRECTORY", "theirs": "DIRECTORY"}
    assert files.names("/data/theirs") == {"deep": "DIRECTORY"}


def test_status_tells_kind_size_and_time(files):
    before = time.time()
    files.write("/day/file", b"12345")

    file = files.ask("GET", "/day/file", "GETFILESTATUS")[1]["FileStatus"]
    assert (file["type"], file["length"]) == ("FILE", 5)
    assert abs(file["modificationTime"] / 1000 - before) < 60
    assert files.ask("GET", "/day", "GETFILESTATUS")[1]["FileStatus"]["type"] == "DIRECTORY"
    assert files.ask("GET", "/", "GETFILESTATUS")[1]["FileStatus"]["type"] == "DIRECTORY"
    assert files.names("/day/file") == {"": "FILE"}


def test_directory_is_not_made_in_a_file(files):
    files.write("/file", b"x")

    assert files.failure("PUT", "/file/day", "MKDIRS") == (403, "org.apache.hadoop.fs.ParentNotDirectoryException")


@pytest.mark.parametrize(
    ("source", "target", "moved", "left"),
    [
        ("/a/x", "/b/y", True, {"b/y"}),
        ("/a/x", "/b", True, {"b/x"}),  # into the directory
        ("/a", "/b/a2", True, {"b/a2/x", "b/a2"}),
        ("/a", "/b", True, {"b/a/x", "b/a"}),
        ("/a/x", "/b/file", False, set()),
        ("/a/x", "/missing/y", False, set()),
        ("/a", "/a/inside", False, set()),
    ],
)
def test_rename(files, container, source, target, moved, left):
    files.write("/a/x", b"x")
    files.write("/b/file", b"b")
    before = set(container.list_blob_names())

    answer = files.ask("PUT", source, "RENAME", destination=f"{files.base}{target}")

    assert answer == (200, {"boolean": moved})
    gone = {name for name in before if moved and (name == source[1:] or name.startswith(f"{source[1:]}/"))}
    assert set(container.list_blob_names()) == (before - gone) | left
    assert content(container, "b/file") == b"b"


def test_directory_is_deleted_with_what_is_below_if_asked(files, container):
    files.write("/a/b/file", b"x")
    files.write("/ab", b"x")

    assert files.failure("DELETE", "/a", "DELETE") == (403, "java.io.IOException")
    assert files.ask("DELETE", "/a", "DELETE", recursive="true") == (200, {"boolean": True})
    assert files.ask("DELETE", "/a", "DELETE", recursive="true") == (200, {"boolean": False})
    assert list(container.list_blob_names()) == ["ab"]


@pytest.mark.parametrize("operation", ["GETFILESTATUS", "LISTSTATUS", "OPEN"])
def test_what_is_not_there_is_said(files, operation):
    assert files.failure("GET", "/nothing", operation) == (404, "java.io.FileNotFoundException")


@pytest.mark.parametrize(("account", "container"), [("lake", "nothing"), ("nobody", "landing")])
def test_unknown_container_and_account_are_not_there(gateway, account, container):
    files = Files(gateway.port, container, account)

    assert files.failure("GET", "/", "GETFILESTATUS") == (404, "java.io.FileNotFoundException")
    assert files.failure("PUT", "/a", "MKDIRS") == (404, "java.io.FileNotFoundException")
    assert files.write("/a", b"x") == 404


def test_other_operations_are_refused(files):
    assert files.failure("GET", "/", "GETCONTENTSUMMARY") == (400, "java.lang.IllegalArgumentException")
    assert files.failure("PUT", "/a", "DELETE") == (400, "java.lang.IllegalArgumentException")


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1", "localhost:1"])
def test_request_for_another_host_is_refused(files, gateway, host):
    files.write("/file", b"x")

    status, _, body = send(gateway.port, "GET", f"/webhdfs/v1{files.base}/file?op=OPEN", Host=host)

    assert status == 400
    assert b"Host header" in body


def test_wrong_key_is_refused_and_not_shown(azurite, container):
    key = Secret("d3Jvbmcga2V5IHdyb25nIGtleQ==")
    gateway = Gateway(FileSystem({"lake": (azurite.endpoint(), key)}))
    files = Files(gateway.port, container.container_name)

    status, answer = files.ask("GET", "/a", "OPEN")

    assert (status, answer["RemoteException"]["exception"]) == (403, "AccessControlException")
    assert answer["RemoteException"]["message"].startswith("Server failed to authenticate")
    gateway.close()


def test_storage_that_is_down_is_said_soon(tmp_path):
    with Azurite(default_home(), tmp_path) as azurite:
        gateway = Gateway(FileSystem({"lake": (azurite.endpoint(), azurite.key())}))
    start = time.monotonic()

    assert Files(gateway.port, "landing").failure("GET", "/a", "GETFILESTATUS") == (500, "java.io.IOException")

    assert time.monotonic() - start < 5
    gateway.close()
