"""What a look at a folder for rejected rows is about."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from airflow_synapse.execution.rejected_rows_watch import Answer, RejectedRowsWatch, look
from airflow_synapse.hooks.blob_listing import Listing
from airflow_synapse.rejected_rows.layout import StoredFile
from airflow_synapse.rejected_rows.reported import Reported

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def key(folder):
    return RejectedRowsWatch(folder=folder, storage_conn_id="lake").key


@pytest.mark.parametrize(
    "folder",
    ["https://lake.blob.core.windows.net/landing/rejects/", "https://LAKE.dfs.core.windows.net/landing/rejects"],
)
def test_what_was_reported_is_stored_by_the_folder_and_not_by_the_way_to_write_it(folder):
    assert key(folder) == key("https://lake.blob.core.windows.net/landing/rejects")


@pytest.mark.parametrize(
    "folder",
    [
        "https://lake.blob.core.windows.net/landing/Rejects",
        "https://lake.blob.core.windows.net/archive/rejects",
        "https://archive.blob.core.windows.net/landing/rejects",
    ],
)
def test_another_folder_has_another_name(folder):
    assert key(folder) != key("https://lake.blob.core.windows.net/landing/rejects")


def test_nobody_concludes_from_a_part_while_another_load_still_writes():
    def row_file(load, age):
        return StoredFile(f"rejects/{load}/_rejectedrows/20260131-000000/Q1.Row.Txt", 9, NOW - timedelta(seconds=age))

    class Lister:
        async def list_files(self, location, prefix):
            return Listing((row_file("settled", 600), row_file("growing", 5)), NOW)

    watch = RejectedRowsWatch(
        folder="https://lake.blob.core.windows.net/landing/rejects",
        storage_conn_id="lake",
        has_subfolders=True,
        quiet_seconds=60,
        is_none_an_answer=True,
    )
    before = Reported(NOW - timedelta(days=1))
    assert asyncio.run(look(Lister(), watch, before)) == Answer(None, before)
