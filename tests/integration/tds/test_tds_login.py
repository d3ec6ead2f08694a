"""Logging in: who may, what the engine learns, and what is encrypted on the way."""

import asyncio
import socket
import ssl
import struct

import pyodbc
import pytest
from toy_pool import TOKEN, USER

ACCESS_TOKEN_ATTRIBUTE = 1256
ENCRYPTED = {"TrustServerCertificate": "yes"}
MARKER = "a text that an eavesdropper looks for"


def token_attribute(token):
    encoded = token.encode("utf-16-le")
    return {ACCESS_TOKEN_ATTRIBUTE: struct.pack("<I", len(encoded)) + encoded}


def without_password():
    return {"UID": None, "PWD": None}


def client_options(encrypt, certificate, port):
    """Strict mode checks the certificate; the driver compares only names with it."""
    checked = {"ServerCertificate": certificate.chain, "SERVER": f"localhost,{port}"}
    return {"Encrypt": encrypt, **(checked if encrypt == "strict" else ENCRYPTED)}


def test_password_login_tells_the_engine_who_connects(connect, driver, server):
    connect(driver, APP="the test", WSID="a-host")
    request = server.pool.requests[-1]
    assert (request.user, request.database, request.application, request.host) == (USER, "toy", "the test", "a-host")
    assert request.access_token is None


def test_wrong_password_is_refused_with_18456(connect, driver):
    with pytest.raises(pyodbc.Error, match="18456") as refusal:
        connect(driver, PWD="wrong")
    assert refusal.value.args[0] == ("28000" if driver == "microsoft" else "42000")


@pytest.mark.parametrize(("driver", "number"), [("microsoft", 4060), ("freetds", 18456)])
def test_unknown_database_is_refused_with_4060_and_then_18456(connect, driver, number):
    """The Microsoft driver shows the first error, FreeTDS the last."""
    with pytest.raises(pyodbc.ProgrammingError, match=f"({number})"):
        connect(driver, DATABASE="nowhere")


def test_password_with_a_closing_brace_arrives_whole(connect, server):
    with pytest.raises(pyodbc.Error, match="18456"):
        connect("microsoft", PWD="{}}=;'\"{}")
    assert server.pool.requests[-1].password == "}=;'\"{"


@pytest.mark.parametrize("encrypt", ["no", "yes", "strict"])
def test_access_token_login(connect, start_server, certificate, encrypt):
    server = start_server("optional")
    options = {**client_options(encrypt, certificate, server.port), **without_password()}
    connection = connect("microsoft", server=server, attributes=token_attribute(TOKEN), **options)
    assert connection.execute("SELECT 1").fetchval() == 1
    assert server.pool.requests[-1].password is None


def test_wrong_access_token_is_refused_with_18456(connect):
    with pytest.raises(pyodbc.InterfaceError, match="18456"):
        connect("microsoft", attributes=token_attribute("forged"), **without_password())


def test_token_longer_than_a_packet_arrives_whole(connect, server):
    token = "x" * 50_000
    with pytest.raises(pyodbc.InterfaceError, match="18456"):
        connect("microsoft", attributes=token_attribute(token), **without_password())
    assert server.pool.requests[-1].access_token == token


class Relay:
    """Passes bytes between a client and a server, and keeps a copy of them."""

    def __init__(self, server):
        self._server = server
        self.seen = bytearray()
        self.port = server.submit(self._start())

    async def _start(self):
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1")
        return self._listener.sockets[0].getsockname()[1]

    def stop(self):
        self._server.submit(self._stop())

    async def _stop(self):
        self._listener.close()

    async def _connected(self, reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        await asyncio.gather(self._copy(reader, server_writer), self._copy(server_reader, writer))

    async def _copy(self, reader, writer):
        while data := await reader.read(65536):
            self.seen += data
            writer.write(data)
        writer.close()

    def saw(self, text):
        return text.encode("utf-16-le") in self.seen


@pytest.fixture
def start_relay():
    relays = []

    def start(server):
        relays.append(Relay(server))
        return relays[-1]

    yield start
    for relay in relays:
        relay.stop()


@pytest.mark.parametrize(
    ("policy", "encrypt", "login_is_clear", "rest_is_clear"),
    [
        ("none", "no", True, True),
        ("optional", "no", False, True),
        ("optional", "yes", False, False),
        ("optional", "strict", False, False),
        ("required", "no", False, False),
        ("required", "yes", False, False),
    ],
)
def test_microsoft_driver_encrypts_what_was_agreed(
    connect, start_server, start_relay, certificate, policy, encrypt, login_is_clear, rest_is_clear
):
    server = start_server(policy)
    relay = start_relay(server)
    options = client_options(encrypt, certificate, relay.port)
    connection = connect("microsoft", server=relay, APP="an application", **options)
    assert connection.execute(f"SELECT '{MARKER}'").fetchval() == MARKER
    assert relay.saw(MARKER) is rest_is_clear
    assert relay.saw("an application") is login_is_clear


@pytest.mark.parametrize(
    ("policy", "encryption", "rest_is_clear"),
    [
        ("none", "request", True),
        ("optional", "request", True),
        ("optional", "require", False),
        ("required", "require", False),
        ("optional", "off", True),
    ],
)
def test_freetds_encrypts_what_was_agreed(connect, start_server, start_relay, policy, encryption, rest_is_clear):
    relay = start_relay(start_server(policy))
    connection = connect("freetds", server=relay, Encryption=encryption)
    assert connection.execute(f"SELECT '{MARKER}'").fetchval() == MARKER
    assert relay.saw(MARKER) is rest_is_clear


def test_strict_connection_starts_with_tls_and_its_protocol_name(start_server, certificate):
    context = ssl.create_default_context(cafile=certificate.chain)
    context.set_alpn_protocols(["tds/8.0"])
    address = ("localhost", start_server("optional").port)
    with socket.create_connection(address) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
        assert tls.selected_alpn_protocol() == "tds/8.0"


def test_client_that_insists_on_encryption_leaves_a_server_without_certificate(connect):
    with pytest.raises(pyodbc.Error, match="Encryption not supported"):
        connect("microsoft", Encrypt="yes", **ENCRYPTED)


def test_result_larger_than_many_tls_records_arrives_whole(connect, start_server):
    connection = connect("microsoft", server=start_server("optional"), Encrypt="yes", **ENCRYPTED)
    rows = connection.execute("SELECT i::INTEGER, 'row ' || i FROM range(50000) t(i)").fetchall()
    assert [tuple(row) for row in rows] == [(i, f"row {i}") for i in range(50_000)]


@pytest.mark.parametrize("packet_size", [512, 4096, 32767])
def test_negotiated_packet_size_carries_large_texts_both_ways(connect, packet_size):
    text = "0123456789" * 20_000
    connection = connect("microsoft", PacketSize=packet_size)
    assert connection.execute("SELECT ?", text).fetchval() == text
