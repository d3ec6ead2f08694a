"""The process of the SQL pool: a TDS server on 127.0.0.1 in front of the engine.

It reads its configuration, which holds secrets, as one line of JSON from standard input, and runs until standard input
ends; so it neither shows a secret in the list of processes nor outlives whoever started it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final, NoReturn

from airflow_synapse.local.certificate import make_certificate
from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration
from airflow_synapse.local.fault_control import FaultControl, sql_pool_commands
from airflow_synapse.local.pool import Pool, PoolConfiguration
from airflow_synapse.local.tds.server import serve
from airflow_synapse.secret import Secret

_CLOSE_SECONDS: Final = 2.0


def pool_configuration(settings: dict[str, Any]) -> PoolConfiguration:
    """Return the configuration that :class:`~airflow_synapse.local.sql_pool.SqlPool` wrote."""
    return PoolConfiguration(
        database=settings["database"],
        path=Path(settings["folder"]) / "sqlpool.duckdb",
        logins={user: Secret(password) for user, password in settings["logins"].items()},
        restricted_logins={user: Secret(password) for user, password in settings["restricted_logins"].items()},
        access_tokens=frozenset(settings["access_tokens"]),
        service_objective=settings["service_objective"],
        storage=StorageConfiguration(
            accounts={
                name: StorageAccount(endpoint=account["endpoint"], key=Secret(account["key"]))
                for name, account in settings["storage_accounts"].items()
            },
            service_principals={
                client_id: Secret(secret) for client_id, secret in settings["service_principals"].items()
            },
        ),
    )


async def run(settings: dict[str, Any]) -> None:
    """Serve until standard input ends or SIGTERM comes."""
    stop_asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_asked.set)
    loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1024) else stop_asked.set())
    pool = Pool(pool_configuration(settings))
    server = await serve(
        pool.login,
        host="127.0.0.1",
        port=settings["port"],
        certificate=make_certificate(Path(settings["folder"])),
    )
    control = FaultControl(sql_pool_commands(pool))
    port = server.sockets[0].getsockname()[1]
    ready = f"The SQL pool listens on 127.0.0.1:{port}; its control port is {control.port}."
    print(ready, flush=True)  # noqa: T201 - the parent waits for it
    await stop_asked.wait()
    control.close()
    server.close()
    close_and_exit(pool)


def close_and_exit(pool: Pool) -> NoReturn:
    """Close the pool and end the process, whatever still runs in it: what is not committed leaves nothing behind."""
    closing = threading.Thread(target=pool.close, daemon=True)
    closing.start()
    closing.join(_CLOSE_SECONDS)
    sys.stderr.flush()
    os._exit(0)  # does not wait, as the interpreter would, for threads with a statement that does not end


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.stdin.readline())))
