"""Waiting for rejected rows, against WasbPrefixSensor: what a look costs beside a long history, and a thousand waits.

The history is 100,000 folders of other loads beside the one that is looked at, in an Azurite that finds its blobs by an
index, as a storage account does; see ``indexed_storage``. It needs MariaDB. A folder that many loads share is not
measured; to list it takes a request for each 5,000 files.

The waits are triggers in one event loop, without Airflow's triggerer around them, over an empty storage. They look
three times a minute; their processor time is divided by three, as if they looked once. What they take to start is
the time until each has looked about once, with the imports.

    python -m benchmarks.rejected_rows_sensor
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import Figure

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from airflow_synapse.local.azurite import Azurite

#: Sensors that wait in one triggerer, seconds between two looks of each, and how long they are watched.
SENSORS = 1000
_POKE_INTERVAL = 20.0
_WATCHED = 40.0
#: Load folders beside the one that is looked at.
FOLDERS = 100_000
_LOOKS = 30
_CONTAINER = "rejects"
_FOLDER = "flights/load-{}"


def figures() -> Iterator[Figure]:
    """Yield requests and time of a look beside a history, then processor time and memory of many waits."""
    yield from _look_figures()
    yield from _wait_figures()


def _look_figures() -> Iterator[Figure]:
    from benchmarks.indexed_storage import indexed_storage, is_installed  # noqa: PLC0415 - as below

    if not is_installed():
        print(f"not run, for want of MariaDB: a look beside {FOLDERS:,} old load folders", file=sys.stderr)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        indexed_storage(Path(folder)) as storage,
        _counted(storage.azurite) as counter,
    ):
        _put(storage.azurite, f"{_FOLDER.format('#')}/_rejectedrows/20260101-000000/QID#_1_1.Row.Txt")
        ours, theirs = (_in_child(_look, kind, counter) for kind in ("ours", "theirs"))
        storage.repeat_blobs(FOLDERS)
        ours_beside, theirs_beside = (_in_child(_look, kind, counter) for kind in ("ours", "theirs"))
    beside = f"{FOLDERS:,} old load folders"
    peer = "WasbPrefixSensor at the same prefix"
    yield Figure(
        name=f"requests a look, {beside}",
        ours=ours_beside.requests, theirs=theirs_beside.requests, unit="", alternative=peer, bar="ours = 1",
    )  # fmt: skip
    for name, look, other in (("1 old load folder", ours, theirs), (beside, ours_beside, theirs_beside)):
        yield Figure(name=f"time of a look, {name}", ours=look.time, theirs=other.time, unit="ms", alternative=peer)
    for name, look, other in (("ours", ours_beside, ours), ("WasbPrefixSensor", theirs_beside, theirs)):
        yield Figure(
            name=f"time of a look among {FOLDERS:,}, {name}",
            ours=look.time, theirs=other.time, unit="ms", alternative="the same with 1 old load folder", bar="<= 1.2",
        )  # fmt: skip


def _wait_figures() -> Iterator[Figure]:
    from airflow_synapse.local.azurite import Azurite  # noqa: PLC0415 - the measured processes must not import it
    from airflow_synapse.local.home import default_home  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder, Azurite(default_home(), Path(folder)) as storage, _counted(storage):
        ours, theirs = (_in_child(_wait, kind) for kind in ("ours", "theirs"))
    peer = f"{SENSORS:,} triggers of WasbPrefixSensor"
    yield Figure(
        name=f"{SENSORS:,} deferred sensors, a look a minute",
        ours=ours.cpu, theirs=theirs.cpu, unit="% CPU", alternative=peer, bar="<= 0.5",
    )  # fmt: skip
    yield Figure(
        name=f"{SENSORS:,} deferred sensors, to start them",
        ours=ours.start, theirs=theirs.start, unit="s CPU", alternative=peer, bar="<= 0.5",
    )  # fmt: skip
    yield Figure(
        name="memory that they add to a triggerer",
        ours=ours.megabytes, theirs=theirs.megabytes, unit="MB", alternative=peer, bar="<= 0.5",
    )  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """What a look takes of a sensor that looks again and again."""

    requests: float
    time: float


@dataclass(frozen=True)
class _Wait:
    """What a triggerer takes."""

    start: float
    cpu: float
    megabytes: float


class _Counter:
    """Passes connections on to a port, and counts the requests."""

    def __init__(self, port: int) -> None:
        self.requests = 0
        self.port = 0
        self._target = port
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait()

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", self._target)
        with suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, requests, counted=True), self._pass(answers, writer, counted=False))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        while data := await reader.read(2**16):
            self.requests += counted and data.count(b" HTTP/1.1\r\n")
            writer.write(data)
            await writer.drain()
        writer.close()


def _in_child(measure: Callable, kind: str, counter: _Counter | None = None):
    """Call ``measure(kind, connection)`` in a process of its own, and return what it sends."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe()
    child = context.Process(target=measure, args=(kind, sender))
    child.start()
    if counter:
        receiver.recv()
        before = counter.requests
        receiver.send("go on")
    result = receiver.recv()
    if counter:
        result = _Look((counter.requests - before) / _LOOKS, result)
    child.join()
    return result


def _look(kind: str, connection) -> None:
    """Let a sensor look at an empty folder, and send the median time of a look in milliseconds."""
    _log_to_nowhere()
    folder = _FOLDER.format("now")
    if kind == "ours":
        sensor = importlib.import_module("airflow_synapse.sensors.rejected_rows").SynapseRejectedRowsSensor(
            task_id="look",
            storage_conn_id="lake",
            load_result={"reject_folder": f"https://lake.blob.core.windows.net/{_CONTAINER}/{folder}"},
        )
    else:
        sensor = importlib.import_module("airflow.providers.microsoft.azure.sensors.wasb").WasbPrefixSensor(
            task_id="look", wasb_conn_id="lake", container_name=_CONTAINER, prefix=f"{folder}/_rejectedrows/"
        )
    sensor.poke({})  # it pays for the imports
    connection.send("ready")
    connection.recv()
    seconds = []
    for _ in range(_LOOKS):
        begin = time.perf_counter()
        sensor.poke({})
        seconds.append(time.perf_counter() - begin)
    connection.send(statistics.median(seconds) * 1000)


def _wait(kind: str, connection) -> None:
    """Run the triggers of many sensors, and send what they take."""
    importlib.import_module("airflow.jobs.triggerer_job_runner")
    psutil = importlib.import_module("psutil")
    _log_to_nowhere()

    async def measure() -> _Wait:
        process = psutil.Process()
        memory, start = process.memory_info().rss, time.process_time()
        for number in range(SENSORS):
            task = asyncio.create_task(_run(_trigger(kind, number)))
            tasks.add(task)
            await asyncio.sleep(_POKE_INTERVAL / SENSORS)  # spread, as sensors of many DAGs are
        await asyncio.sleep(_POKE_INTERVAL)
        begin = time.process_time()
        await asyncio.sleep(_WATCHED)
        end = time.process_time()
        looks_a_minute = _POKE_INTERVAL / 60
        return _Wait(
            start=begin - start,
            cpu=(end - begin) / _WATCHED * 100 * looks_a_minute,
            megabytes=(process.memory_info().rss - memory) / 1e6,
        )

    tasks: set[asyncio.Task] = set()
    connection.send(asyncio.run(measure()))


async def _run(trigger) -> None:
    async for event in trigger.run():
        raise RuntimeError(event)


def _trigger(kind: str, number: int):
    folder = _FOLDER.format(number)
    if kind == "ours":
        triggers = importlib.import_module("airflow_synapse.triggers.rejected_rows")
        return triggers.RejectedRowsSensorTrigger(
            watch={"folder": f"https://lake.blob.core.windows.net/{_CONTAINER}/{folder}", "storage_conn_id": "lake"},
            reported={"until": None, "files": []},
            begin={"until": None, "files": []},
            poke_interval=_POKE_INTERVAL,
        )
    triggers = importlib.import_module("airflow.providers.microsoft.azure.triggers.wasb")
    return triggers.WasbPrefixSensorTrigger(
        _CONTAINER, f"{folder}/_rejectedrows/", wasb_conn_id="lake", poke_interval=_POKE_INTERVAL
    )


def _log_to_nowhere() -> None:
    """Log at INFO, as Airflow does, but to where it is not seen."""
    importlib.import_module("airflow.sdk")
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - until the process ends
    sys.stdout = sys.stderr = nowhere
    logging.basicConfig(level=logging.INFO, stream=nowhere, force=True)


@contextmanager
def _counted(storage: Azurite) -> Iterator[_Counter]:
    """Count the requests that the connection ``lake`` sends to a storage with an empty container."""
    counter = _Counter(storage.port)
    host, key = f"http://127.0.0.1:{counter.port}/lake", storage.key("lake").reveal()
    os.environ["AIRFLOW_CONN_LAKE"] = json.dumps({"conn_type": "wasb", "login": "lake", "host": host, "password": key})
    with _container(storage) as container:
        container.create_container()
    yield counter


def _put(storage: Azurite, name: str) -> None:
    with _container(storage) as container:
        container.upload_blob(name, b"1,NA\n")


def _container(storage: Azurite) -> ContainerClient:
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - the measured processes must not import it

    return ContainerClient(storage.endpoint("lake"), _CONTAINER, credential=storage.key("lake").reveal())


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
