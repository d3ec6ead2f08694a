"""Access tokens. Entra is replaced at its HTTP edge: the identity endpoint of the machine, or the token endpoint."""

import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_synapse.exceptions import SynapseConnectionError
from airflow_synapse.hooks.entra import PoolTokens
from airflow_synapse.hooks.pool_settings import Authentication, PoolSettings
from airflow_synapse.local.certificate import make_certificate
from airflow_synapse.secret import Secret

CLIENT_SECRET = "client-s3cret-0123456789"
TENANT = "adfs"  # the one tenant for which azure-identity does not ask Microsoft's own servers who the authority is


class Entra:
    """Hands out tokens ``token-1``, ``token-2`` ... and remembers what it was asked for."""

    def __init__(self):
        self.requests = []
        self.lifetime = 3600
        self.status = 200
        self.url = ""

    def answer(self, path, fields):
        if path.endswith("openid-configuration"):
            base = f"{self.url}/{TENANT}"
            return 200, {
                "issuer": base,
                "authorization_endpoint": f"{base}/oauth2/authorize",
                "token_endpoint": f"{base}/oauth2/token",
            }
        self.requests.append({name: value[0] for name, value in fields.items()})
        if self.status != 200:
            return self.status, {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret.",
            }
        return 200, {
            "access_token": f"token-{len(self.requests)}",
            "token_type": "Bearer",
            "resource": "https://database.windows.net",
            "expires_in": self.lifetime,
            "expires_on": str(int(time.time()) + self.lifetime),
        }


def serve(entra, tls=None):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            self._send(*entra.answer(url.path, parse_qs(url.query)))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(*entra.answer(urlsplit(self.path).path, parse_qs(body)))

        def _send(self, status, content):
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


@pytest.fixture
def machine(monkeypatch):
    """A machine with a managed identity, as App Service shows it."""
    entra = Entra()
    server = serve(entra)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    yield entra
    server.shutdown()
    server.server_close()


@pytest.fixture
def authority(monkeypatch, tmp_path):
    """The token endpoint of a tenant."""
    certificate = make_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.chain, certificate.key)
    entra = Entra()
    server = serve(entra, tls)
    entra.url = f"https://localhost:{server.server_port}"
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", entra.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.chain))
    yield entra
    server.shutdown()
    server.server_close()


def tokens(authentication, **changes):
    return PoolTokens(PoolSettings(server="ws", database="sales", authentication=authentication, **changes))


def test_a_sql_login_needs_no_token():
    assert tokens(Authentication.SQL_LOGIN, login="loader", password=Secret("x")).current() is None


def test_a_given_token_is_used_as_it_is():
    assert tokens(Authentication.ACCESS_TOKEN, access_token=Secret("given")).current() == Secret("given")


def test_a_system_assigned_identity_asks_for_the_database_without_a_client_id(machine):
    assert tokens(Authentication.MANAGED_IDENTITY).current() == Secret("token-1")
    assert machine.requests == [{"api-version": "2019-08-01", "resource": "https://database.windows.net"}]


def test_a_user_assigned_identity_is_named_by_the_login(machine):
    tokens(Authentication.MANAGED_IDENTITY, login="client-7").current()
    assert machine.requests[0]["client_id"] == "client-7"


def test_the_default_chain_finds_the_machines_identity(machine, monkeypatch):
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    assert tokens(Authentication.DEFAULT).current() == Secret("token-1")


def test_a_service_principal_sends_its_id_and_secret(authority):
    principal = tokens(
        Authentication.SERVICE_PRINCIPAL, login="client-7", password=Secret(CLIENT_SECRET), tenant_id=TENANT
    )
    assert principal.current() == Secret("token-1")
    request = authority.requests[0]
    assert (request["client_id"], request["client_secret"]) == ("client-7", CLIENT_SECRET)
    assert "https://database.windows.net/.default" in request["scope"]


def test_a_workload_identity_sends_the_token_of_its_file(authority, monkeypatch, tmp_path):
    file = tmp_path / "federated"
    file.write_text("federated-token")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    assert tokens(Authentication.WORKLOAD_IDENTITY, login="client-7", tenant_id=TENANT).current() == Secret("token-1")
    assert authority.requests[0]["client_assertion"] == "federated-token"


def test_a_token_is_kept_while_it_lasts(machine):
    pool = tokens(Authentication.MANAGED_IDENTITY)
    assert pool.current() == pool.current() == Secret("token-1")
    assert len(machine.requests) == 1


def test_a_token_that_ends_within_five_minutes_is_replaced(machine):
    machine.lifetime = 290
    pool = tokens(Authentication.MANAGED_IDENTITY)
    assert [pool.current(), pool.current()] == [Secret("token-1"), Secret("token-2")]


def test_a_refusal_of_entra_is_final_and_holds_no_secret(authority):
    authority.status = 401
    principal = tokens(
        Authentication.SERVICE_PRINCIPAL, login="client-7", password=Secret(CLIENT_SECRET), tenant_id=TENANT
    )
    with pytest.raises(SynapseConnectionError, match=r"ws:1433/sales by service_principal: .*AADSTS7000215") as caught:
        principal.current()
    assert not caught.value.retryable
    assert caught.value.__context__ is None
    assert CLIENT_SECRET not in str(caught.value)


def test_an_entra_that_does_not_answer_may_answer_later(authority, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)  # before the repeats of azure-identity itself
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://localhost:{port}")
    principal = tokens(
        Authentication.SERVICE_PRINCIPAL, login="client-7", password=Secret(CLIENT_SECRET), tenant_id=TENANT
    )
    with pytest.raises(SynapseConnectionError, match="Connection refused") as caught:
        principal.current()
    assert caught.value.retryable


def test_a_machine_without_an_identity_is_named(monkeypatch):
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    with pytest.raises(SynapseConnectionError, match=r"by workload_identity: .*Check the client id"):
        tokens(Authentication.WORKLOAD_IDENTITY, login="client-7", tenant_id=TENANT).current()
