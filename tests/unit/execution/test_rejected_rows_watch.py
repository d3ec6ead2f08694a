"""What a look at a folder for rejected rows is about."""

import pytest

from airflow_synapse.execution.rejected_rows_watch import RejectedRowsWatch


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
