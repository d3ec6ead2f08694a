"""Reading rejected rows while the storage fails: repeated, or one clear error."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from storage_proxy import Fault

from airflow_synapse.exceptions import SourceFilesError
from airflow_synapse.hooks.storage import SynapseStorageHook

BUSY = {"status": 503, "code": "ServerBusy"}
THROTTLED = {"status": 429, "code": "TooManyRequests"}
#: More than one piece of a download.
MANY_ROWS = (b"1,NA," + b"x" * 1995 + b"\n") * 10_000


@pytest.fixture
def rejected(put):
    put("QID1_1_1.Row.Txt", b"1,NA\n2,NA\n")
    put("QID1_1_1.Error.Txt", b"no number in row 1\nno number in row 2\n")


@pytest.mark.parametrize("fault", [BUSY, THROTTLED], ids=["busy", "throttled"])
@pytest.mark.parametrize("contains", ["comp=list", ".Row.Txt"])
def test_a_storage_that_is_busy_for_a_while_is_asked_again(
    lake_hook, location, rejected, storage_proxy, no_waits, fault, contains
):
    storage_proxy.faults.append(Fault(**fault, contains=contains, times=2))
    assert lake_hook.rejected_rows_report(location).rows == 2
    assert len(no_waits) == 2


@pytest.mark.parametrize("fault", [BUSY, THROTTLED], ids=["busy", "throttled"])
def test_a_storage_that_stays_busy_is_an_error_that_may_pass(
    lake_hook, location, rejected, storage_proxy, no_waits, fault
):
    storage_proxy.faults.append(Fault(**fault))
    with pytest.raises(SourceFilesError, match="cannot be used with connection 'lake'") as caught:
        lake_hook.rejected_rows_report(location)
    assert caught.value.retryable
    assert caught.value.__context__ is None


@pytest.mark.parametrize("after", [0, 1], ids=["first piece", "second piece"])
def test_a_download_that_breaks_off_is_repeated_and_nothing_counts_twice(
    lake_hook, location, put, storage_proxy, no_waits, after
):
    put("QID1_1_1.Row.Txt", MANY_ROWS)
    storage_proxy.faults.append(Fault(status=None, contains=".Row.Txt", times=1, after=after))
    assert lake_hook.rejected_rows_report(location).rows == 10_000


def test_an_expired_sas_is_a_final_error_that_shows_no_token(
    azurite, container, location, rejected, new_connection, storage_proxy
):
    sas = generate_container_sas(
        "lake",
        container.container_name,
        account_key=azurite.key("lake").reveal(),
        permission=ContainerSasPermissions(read=True, list=True),
        start=datetime.now(UTC) - timedelta(hours=2),
        expiry=datetime.now(UTC) - timedelta(hours=1),
    )
    new_connection("expired", conn_type="wasb", host=storage_proxy.endpoint, extra={"sas_token": sas})
    with pytest.raises(SourceFilesError, match="with connection 'expired'") as caught:
        SynapseStorageHook("expired").rejected_rows_report(location)
    assert not caught.value.retryable
    assert sas.partition("sig=")[2][:20] not in str(caught.value)


def test_a_container_that_is_removed_is_a_final_error_that_names_it(lake_hook, container, location, rejected):
    container.delete_container()
    with pytest.raises(SourceFilesError, match=container.container_name) as caught:
        lake_hook.rejected_rows_report(location)
    assert not caught.value.retryable


def test_a_file_that_is_written_while_it_is_read_may_be_read_later(lake_hook, location, put):
    put("QID1_1_1.Row.Txt", MANY_ROWS)
    rows = lake_hook.read_rejected_rows(location)
    next(rows)
    put("QID1_1_1.Row.Txt", MANY_ROWS + b"1,NA,y\n")
    with pytest.raises(SourceFilesError) as caught:
        list(rows)
    assert caught.value.retryable
    assert sum(1 for _ in lake_hook.read_rejected_rows(location)) == 10_001


def test_a_file_that_is_removed_after_it_was_listed_may_be_gone_later(lake_hook, location, container, rejected):
    open_file = lake_hook.open_rejected_rows(location)
    (file, *_) = lake_hook.rejected_row_files(location)
    container.delete_blob(file.name)
    with pytest.raises(SourceFilesError, match="specified blob does not exist") as caught:
        list(open_file(file))
    assert caught.value.retryable
