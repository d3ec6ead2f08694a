"""A TDS server over the toy engine, and the two drivers that connect to it."""

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pyodbc
import pytest
from toy_pool import PASSWORD, USER, ToyPool

from airflow_synapse.local.certificate import make_certificate
from airflow_synapse.local.odbc import driver_path
from airflow_synapse.local.tds.server import serve

FREE_TDS = Path("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so")


class RunningServer:
    """A server on a free port, in a thread of its own."""

    def __init__(self, **options):
        self.pool = ToyPool()
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self):
        self._thread.start()
        self._server = self.submit(serve(self.pool.login, **self._options))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self.submit(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.pool.database.close()

    def submit(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _stop(self):
        self._server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def start_server(certificate):
    """Start servers; each kind runs once."""
    running = {}
    with ExitStack() as stack:

        def start(encryption="none"):
            options = {
                "none": {},
                "optional": {"certificate": certificate},
                "required": {"certificate": certificate, "require_encryption": True},
            }[encryption]
            if encryption not in running:
                running[encryption] = stack.enter_context(RunningServer(**options))
            return running[encryption]

        yield start


@pytest.fixture
def server(start_server):
    """A server without TLS."""
    return start_server()


@dataclass(frozen=True)
class SeparateServer:
    port: int


@pytest.fixture(scope="session")
def separate_server():
    """A server in another process: pyodbc keeps the interpreter to itself while it asks for the types of parameters."""
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[3])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    script = Path(__file__).with_name("serve_toy_pool.py")
    with subprocess.Popen(
        [sys.executable, script], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield SeparateServer(int(process.stdout.readline()))
        process.stdin.close()
        process.wait(10)


@pytest.fixture(params=["microsoft", "freetds"])
def driver(request):
    if request.param == "freetds" and not FREE_TDS.exists():
        pytest.skip("FreeTDS's ODBC driver is not installed (apt-get install tdsodbc)")
    return request.param


@pytest.fixture
def connect(server):
    """Open connections that are closed after the test: ``connect(driver, autocommit=..., Option=value)``."""
    with ExitStack() as stack:

        def open_connection(driver, *, server=server, autocommit=True, attributes=None, **options):
            connection = pyodbc.connect(
                connection_string(driver, server.port, **options),
                autocommit=autocommit,
                timeout=10,
                attrs_before=attributes or {},
            )
            stack.callback(close, connection)
            return connection

        yield open_connection


def close(connection):
    with suppress(pyodbc.Error):  # the test has closed or broken it
        connection.close()


@pytest.fixture
def connection(connect, driver):
    """One connection of each driver, with autocommit."""
    return connect(driver)


def connection_string(driver, port, **options):
    settings = {"UID": USER, "PWD": f"{{{PASSWORD}}}", "DATABASE": "toy"}
    if driver == "freetds":
        address = {
            "DRIVER": FREE_TDS,
            "SERVER": "127.0.0.1",
            "PORT": port,
            "TDS_Version": "7.4",
            "ClientCharset": "UTF-8",
        }
    else:
        address = {"DRIVER": driver_path(), "SERVER": f"127.0.0.1,{port}", "Encrypt": "no"}
    chosen = {name: value for name, value in {**address, **settings, **options}.items() if value is not None}
    return ";".join(f"{name}={value}" for name, value in chosen.items())
