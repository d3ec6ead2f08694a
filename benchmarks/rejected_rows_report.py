"""A report on a million rejected rows: rate against the SDK that only reads the same blobs, and memory.

The files are as the local pool writes them: how fast reasons are grouped depends on their text, and that of a real
pool is not known. Each side runs in a process of its own, in turns; of each, the best rate and the most memory counts.
The storage is Azurite on the same machine: one that is farther away makes both sides slower, and more alike.

    python -m benchmarks.rejected_rows_report
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from azure.storage.blob import BlobServiceClient, ContainerClient

from airflow_synapse.copy import ExternalLocation
from airflow_synapse.hooks.storage import SynapseStorageHook
from benchmarks.figure import Figure

ROWS = 1_000_000
#: Pairs of files: one for each of so many distributions.
_PAIRS = 4
_REPEATS = 5
_CONTAINER = "rejects"
_LOCATION = f"https://lake.blob.core.windows.net/{_CONTAINER}/load"


def figures() -> Iterator[Figure]:
    """Yield the rate, and the memory."""
    from airflow_synapse.local.azurite import Azurite  # noqa: PLC0415 - no part of the processes that are measured
    from airflow_synapse.local.home import default_home  # noqa: PLC0415

    logging.getLogger("azure").setLevel(logging.WARNING)  # Airflow's logging shows every request
    with tempfile.TemporaryDirectory() as folder, Azurite(default_home(), Path(folder)) as storage:
        key = storage.key().reveal()
        connection = {"conn_type": "wasb", "host": storage.endpoint(), "password": key}
        environment = os.environ | {"AIRFLOW_CONN_LAKE": json.dumps(connection)}
        with BlobServiceClient(storage.endpoint(), credential=key) as account:
            _upload(account.create_container(_CONTAINER))
        runs = [(_run("sdk", environment), _run("report", environment)) for _ in range(_REPEATS)]
    theirs, ours = (max(ROWS / run[side]["seconds"] for run in runs) for side in (0, 1))
    yield Figure(
        name=f"report on {ROWS:,} rejected rows",
        ours=ours,
        theirs=theirs,
        unit="rows/s",
        alternative="the SDK alone, reading the same blobs",
        bar=">= 0.5",
    )
    for name, measure, bar in (
        ("memory that it adds", "added", "ours <= 150 MB"),
        ("memory of its process, Airflow included", "peak", ""),
    ):
        yield Figure(
            name=name,
            ours=max(run[1][measure] for run in runs),
            theirs=max(run[0][measure] for run in runs),
            unit="MB",
            alternative="the SDK alone, in such a process",
            bar=bar,
        )


def _upload(container: ContainerClient) -> None:
    for pair in range(_PAIRS):
        numbers = range(pair, ROWS, _PAIRS)
        prefix = f"load/_rejectedrows/20130131-000000/QID7_{pair}_1"
        container.upload_blob(f"{prefix}.Error.Txt", b"".join(map(_reason, numbers)))
        container.upload_blob(f"{prefix}.Row.Txt", b"".join(map(_row, numbers)))


def _row(number: int) -> bytes:
    return b"2013,1,%d,NA,%d,NA,NA,2013,NA,UA,%d,N18120,EWR,IAH,NA,1400,5,29,2013-01-05T05:00:00Z\n" % (
        number % 31 + 1,
        number,
        number % 1545,
    )


def _reason(number: int) -> bytes:
    """Return a reason that differs from all others in row and file, and every other one in its value."""
    value = b"NA" if number % 2 else b"x%d" % number
    return (
        b"Bulk load failed due to invalid column value in CSV data file landing/flights/2013-01-%02d.csv in row %d, "
        b"column 4. Column ordinal: 4, Column name: dep_time, Expected data type: INT, Offending value: %b "
        b"(Conversion failed when converting the value '%b' to INT)\n"
    ) % (number % 31 + 1, number, value, value)


def _run(side: str, environment: dict[str, str]) -> dict[str, float]:
    """Run one side in a process of its own, and return what :func:`_measure` prints."""
    command = [sys.executable, "-m", "benchmarks.rejected_rows_report", side]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _read_all() -> None:
    """Read the blobs by the SDK alone, as it is without any option."""
    settings = SynapseStorageHook("lake").settings
    with BlobServiceClient(settings.endpoint, credential=settings.key.reveal()) as account:
        container = account.get_container_client(_CONTAINER)
        for name in container.list_blob_names():
            for _ in container.download_blob(name).chunks():
                pass


def _report() -> None:
    report = SynapseStorageHook("lake").rejected_rows_report(ExternalLocation.parse(_LOCATION), rows_loaded=0)
    if (report.rows, sum(reason.rows for reason in report.reasons)) != (ROWS, ROWS):
        raise RuntimeError(report.to_text())


def _measure(side: str) -> None:
    logging.getLogger("azure").setLevel(logging.WARNING)
    before, started = _peak_megabytes(), time.perf_counter()
    {"sdk": _read_all, "report": _report}[side]()
    seconds, peak = time.perf_counter() - started, _peak_megabytes()
    print(json.dumps({"seconds": seconds, "added": peak - before, "peak": peak}))


def _peak_megabytes() -> float:
    """Return the peak of resident memory. Linux; getrusage() would show that of the parent process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    if sys.argv[1:]:
        _measure(sys.argv[1])
    else:
        for figure in figures():
            print(figure, flush=True)
