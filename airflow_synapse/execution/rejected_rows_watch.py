"""A look at a folder for rejected rows: the same for a sensor in a worker or in the triggerer, and for an asset."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Self

from asgiref.sync import sync_to_async

from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import SynapseError
from airflow_synapse.hooks.blob_listing import BlobLister, Listing, open_lister
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.rejected_rows.arguments import parse_newer_than
from airflow_synapse.rejected_rows.layout import REJECTED_ROWS, LoadFolder
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.report_builder import build_report
from airflow_synapse.rejected_rows.reported import Reported, find_news, folder_prefixes

log: Final = logging.getLogger(__name__)

#: As many are compared with what was reported in a few milliseconds.
_FEW_FILES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRowsWatch:
    """Where to look for rejected rows, and which; plain values, none of them secret.

    :param folder: URL of the folder.
    :param storage_conn_id: Connection for its account.
    :param has_subfolders: Whether the loads that write below it have folders of their own there; None where it is the
        folder of one load.
    :param newer_than: Point in time in ISO 8601, UTC where it does not say; what was written before does not count.
        None for everything.
    :param quiet_seconds: How long nothing in the folder of a load must have changed before it counts; 0 where the load
        has ended.
    :param is_none_an_answer: Whether to report, too, that there are none; nothing is then while a load may still
        write.
    :param rows_loaded: Rows that the load loaded; None where that is not known, or for several loads.
    :param sample_rows: Most rows of the report's sample.
    :raises CopyOptionError: ``folder`` or ``newer_than`` cannot be read.
    """

    folder: str
    storage_conn_id: str
    has_subfolders: bool | None = None
    newer_than: str | None = None
    quiet_seconds: float = 0.0
    is_none_an_answer: bool = False
    rows_loaded: int | None = None
    sample_rows: int = 10

    def __post_init__(self) -> None:
        _ = self.location, self.start()

    @property
    def location(self) -> ExternalLocation:
        """The folder."""
        return ExternalLocation.parse(self.folder, option="ERRORFILE")

    @property
    def key(self) -> str:
        """Name under which what was reported of the folder is stored: the same for all ways to write its URL."""
        location = self.location
        folder = "/".join((location.account, location.container, location.path.strip("/")))
        return f"rejected_rows {hashlib.sha256(folder.encode()).hexdigest()[:12]}"

    def start(self, stored: dict[str, Any] | None = None) -> Reported:
        """Return where to begin: neither with what was reported nor with what is older than ``newer_than``.

        :param stored: What was reported, as :meth:`Reported.to_json`; None for nothing.
        """
        reported = Reported.from_json(stored) if stored else Reported()
        newer_than = parse_newer_than(self.newer_than)
        if newer_than is None or (reported.until and reported.until > newer_than):
            return reported
        return replace(reported, until=newer_than)

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look has come to.

    :param report: On rows that were not reported; None when there is nothing to say yet.
    :param reported: What is reported once this is.
    """

    report: RejectedRowsReport | None
    reported: Reported

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {"report": self.report and self.report.to_json(), "reported": self.reported.to_json()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` returned."""
        report = fields["report"]
        return cls(report and RejectedRowsReport.from_json(report), Reported.from_json(fields["reported"]))


async def answers(
    watch: RejectedRowsWatch, reported: Reported, *, poke_interval: float, gives_up: bool
) -> AsyncIterator[Answer]:
    """Look again and again, and yield the answers that hold a report.

    :param poke_interval: Seconds between two looks.
    :param gives_up: Whether to raise an error that does not pass by itself. If not, it is logged like the others.
    :raises SynapseError: The storage account cannot be read.
    """
    async with open_lister(watch.storage_conn_id) as lister:
        while True:
            try:
                answer = await look(lister, watch, reported)
            except SynapseError as error:
                if gives_up and not error.retryable:
                    raise
                log.warning("%s Looking again in %g s.", error, poke_interval)
            else:
                reported = answer.reported
                if answer.report:
                    yield answer
            await asyncio.sleep(poke_interval)


async def look_once(watch: RejectedRowsWatch, reported: Reported) -> Answer:
    """Look once, where no event loop runs for long.

    :raises SynapseError: The storage account cannot be read.
    """
    async with open_lister(watch.storage_conn_id) as lister:
        return await look(lister, watch, reported)


async def look(lister: BlobLister, watch: RejectedRowsWatch, reported: Reported) -> Answer:
    """Look once. Files are read only when there is something to report, and in a thread.

    :raises SynapseError: The storage account cannot be read.
    """
    listing = await _list(lister, watch, reported)
    quiet = timedelta(seconds=watch.quiet_seconds)
    find = partial(find_news, listing.files, reported, now=listing.at, quiet=quiet)
    # A long history would hold up the event loop.
    news = find() if len(listing.files) < _FEW_FILES else await asyncio.to_thread(find)
    if watch.is_none_an_answer and news.is_growing:
        return Answer(None, reported)  # nobody is to conclude from a part, and that part is to be told with the rest
    if not news.folders and not watch.is_none_an_answer:
        return Answer(None, news.reported)
    # Airflow's synchronous calls need a thread of this kind before Airflow 3.3.
    report = await sync_to_async(_report, thread_sensitive=False)(watch, news.folders)
    # Files without a row say that nothing was rejected.
    is_answer = report.rows or report.problems or watch.is_none_an_answer
    return Answer(report if is_answer else None, news.reported)


async def _list(lister: BlobLister, watch: RejectedRowsWatch, reported: Reported) -> Listing:
    location = watch.location
    folder = f"{location.path.strip('/')}/".lstrip("/")  # nothing for the whole container
    if watch.has_subfolders:
        prefixes = [folder]
    elif watch.has_subfolders is None:
        prefixes = [f"{folder}{REJECTED_ROWS}/"]
    else:
        times = folder_prefixes(reported.until, datetime.now(UTC))
        prefixes = [f"{folder}{REJECTED_ROWS}/{time}" for time in times]
    listings = [await lister.list_files(location, prefix) for prefix in prefixes]
    return Listing(tuple(file for listing in listings for file in listing.files), listings[0].at)


def _report(watch: RejectedRowsWatch, folders: tuple[LoadFolder, ...]) -> RejectedRowsReport:
    open_file = SynapseStorageHook(watch.storage_conn_id).open_rejected_rows(watch.location)
    return build_report(folders, open_file, rows_loaded=watch.rows_loaded, sample_rows=watch.sample_rows)
