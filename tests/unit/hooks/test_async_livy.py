"""The client of a triggerer: what it costs the event loop."""

import json
import subprocess
import sys

SCRIPT = """
import asyncio, json, sys
from airflow_synapse.hooks.async_livy import AsyncLivyClient, shared
from airflow_synapse.hooks.spark_settings import SparkSettings

client = AsyncLivyClient(SparkSettings(endpoint="https://127.0.0.1:1", spark_pool="small"))
before = set(sys.modules)

async def use():
    async with shared(client) as lent:
        assert lent is client
        client._requests.get(0)
        await client._client._pipeline._transport.open()

asyncio.run(use())
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_nothing_slow_is_imported_on_the_event_loop():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    added = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in added if name.startswith(("azure", "aiohttp", "msal", "requests"))] == []
