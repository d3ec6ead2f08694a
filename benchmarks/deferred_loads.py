"""A hundred deferred loads that wait in one event loop, as a triggerer has it: how late it gets, and how large.

The triggers are real, and so are their sessions: the local pool holds every COPY until all are there.

    python -m benchmarks.deferred_loads
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from airflow_synapse.load.record import LoadRecord
from airflow_synapse.local.workspace import Workspace
from airflow_synapse.triggers.copy_load import SynapseCopyTrigger
from benchmarks.connected import connected_workspace, new_container
from benchmarks.figure import Figure

LOADS = 100
#: Seconds between two looks at the clock, and how long all loads wait together: progress is shown meanwhile.
_POLL = 0.1
_WAIT = 45.0
_CONTAINER = "deferred"


@dataclass
class _Watch:
    """How late the event loop woke up at worst."""

    seconds: float = 0.0

    async def run(self) -> None:
        while True:
            due = time.monotonic() + _POLL
            await asyncio.sleep(_POLL)
            self.seconds = max(self.seconds, time.monotonic() - due)


def figures() -> Iterator[Figure]:
    """Yield the worst lateness, and the memory of a load."""
    with connected_workspace() as workspace:
        new_container(workspace, _CONTAINER, {"numbers.csv": b"1\n2\n3\n"})
        with workspace.sql_pool.connect() as connection:
            connection.execute("CREATE TABLE dbo.deferred (n int) WITH (HEAP)")
        idle, starting, waiting, megabytes = asyncio.run(_measure(workspace))
    yield _lateness(f"lateness while {LOADS} deferred loads start", starting, idle)
    yield _lateness(f"lateness while {LOADS} deferred loads wait", waiting, idle)
    yield Figure(
        name="memory of a deferred load", ours=megabytes, theirs=2.0, unit="MB", alternative="the bar", bar="<= 1"
    )


def _lateness(name: str, ours: float, idle: float) -> Figure:
    return Figure(
        name=name, ours=ours * 1000, theirs=idle * 1000, unit="ms", alternative="the idle loop", bar="ours <= 1000 ms"
    )


async def _measure(workspace: Workspace) -> tuple[float, float, float, float]:
    idle, starting, waiting = _Watch(), _Watch(), _Watch()
    process, faults = psutil.Process(), workspace.sql_pool.faults
    faults.hold(label="held *", times=LOADS + 1)
    await _during(idle, asyncio.sleep(2))
    first = [asyncio.create_task(_event(0))]  # it pays for the imports
    await _until_sent(workspace, 1)
    before = process.memory_info().rss
    loads = [asyncio.create_task(_event(number)) for number in range(1, LOADS + 1)]
    await _during(starting, _until_sent(workspace, LOADS + 1))
    await _during(waiting, asyncio.sleep(_WAIT))
    megabytes = (process.memory_info().rss - before) / LOADS / 1e6
    await asyncio.to_thread(faults.clear)
    for event in await asyncio.gather(*first, *loads):
        if "result" not in event:
            raise RuntimeError(event)
    return idle.seconds, starting.seconds, waiting.seconds, megabytes


async def _during(watch: _Watch, work) -> None:
    running = asyncio.create_task(watch.run())
    await work
    running.cancel()


async def _event(number: int) -> dict:
    trigger = SynapseCopyTrigger(
        arguments={
            "table": "dbo.deferred",
            "external_locations": f"https://lake.blob.core.windows.net/{_CONTAINER}/",
            "storage_conn_id": "lake",
            "file_type": "CSV",
            "row_terminator": "0x0A",
            "request_label": f"held {number}",
        },
        identity={"dag_id": "benchmark", "task_id": "load", "run_id": f"run {number}"},
        try_number=1,
        record=LoadRecord().to_json(),
        has_store=True,
        known={},
    )
    async for event in trigger.run():
        return event.payload
    raise RuntimeError("no event")


async def _until_sent(workspace: Workspace, count: int) -> None:
    """Wait until the pool has the COPY of so many loads: held, or waiting for a lock or a slot."""

    def sent() -> int:
        with workspace.sql_pool.connect() as connection:
            query = "SELECT COUNT(*) FROM sys.dm_pdw_exec_requests WHERE [label] LIKE 'held %'"
            return int(connection.execute(query).fetchval())

    while await asyncio.to_thread(sent) < count:
        await asyncio.sleep(1)


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
