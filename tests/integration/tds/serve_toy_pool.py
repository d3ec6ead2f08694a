"""Serve a toy pool from a process of its own, until standard input ends: ``python serve_toy_pool.py``."""

import asyncio
import sys

from toy_pool import ToyPool

from airflow_synapse.local.tds.server import serve


async def main():
    server = await serve(ToyPool().login)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the parent reads the port
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
