"""Run a trigger in a process of its own, as a triggerer does: its row comes in, its event goes out as the last line.

The lines before tell what the trigger sees of a batch, as soon as it sees it.

aiohttp looks for the certificate that it is to trust when it is imported, so that a test's process may be too old.
"""

import asyncio
import importlib
import json
import logging
import sys

from airflow.sdk.serde import deserialize


async def event_of(path, arguments):
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**arguments)
    (event,) = [event async for event in trigger.run()]
    return event.payload


if __name__ == "__main__":
    looks = logging.getLogger("airflow_synapse.spark.watch")
    looks.setLevel(logging.INFO)
    looks.addHandler(logging.StreamHandler(sys.stdout))
    path, arguments = json.load(sys.stdin)
    sys.stdout.write(json.dumps(asyncio.run(event_of(path, deserialize(arguments)))))
