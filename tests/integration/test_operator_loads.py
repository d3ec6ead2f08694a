"""SynapseCopyOperator, Microsoft's driver, the local pool and Azurite: files go in, rows come out."""

import itertools
from types import SimpleNamespace

import pytest

from airflow_synapse.copy import ManagedIdentity, SharedAccessSignature
from airflow_synapse.exceptions import CopyFailedError, RejectThresholdExceededError
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.secret import Secret
from airflow_synapse.version_compat import AirflowFailException

#: The pool remembers loads by the names of their runs, so that each has a run of its own.
_runs = itertools.count(1)


@pytest.fixture
def load(connections, flights, table):
    """Run the operator on the flights: ``load(max_errors=1)``."""

    def run(try_number=1, **arguments):
        options = {
            "task_id": "load",
            "table": table,
            "external_locations": f"https://lake.blob.core.windows.net/{flights.container_name}/in/",
            "storage_conn_id": "lake",
            "file_type": "CSV",
            "first_row": 2,
            "row_terminator": "0x0A",
        }
        task_instance = SimpleNamespace(
            dag_id="flights", task_id="load", run_id=f"manual__{next(_runs)}", map_index=-1, try_number=try_number
        )
        context = {"ti": task_instance, "dag_run": SimpleNamespace(clear_number=0)}
        return SynapseCopyOperator(**{**options, **arguments}).execute(context)

    return run


def test_good_rows_are_loaded_and_bad_ones_are_in_the_folder_of_this_load(load, rows, flights, table):
    result = load(max_errors=1, error_file="/rejects")
    assert rows() == [(1, "UA", 2), (2, "AA", -3), (4, "B6", 11)]
    assert (result["rows_loaded"], result["rows_rejected"]) == (3, 1)
    assert (result["files"], result["bytes"]) == (2, sum(blob.size for blob in flights.list_blobs("in/")))
    assert result["request_id"].startswith("QID")
    folder = result["reject_folder"].partition(f"{flights.container_name}/")[2]
    row_files = [name for name in flights.list_blob_names(name_starts_with=folder) if name.endswith(".Row.Txt")]
    assert b"3,DL,NA" in b"".join(flights.download_blob(name).readall() for name in row_files)


def test_more_rejects_than_allowed_fail_and_load_nothing(load, rows):
    with pytest.raises(AirflowFailException, match="more rows were rejected than max_errors=0 allows") as caught:
        load(error_file="/rejects")
    assert isinstance(caught.value.__cause__, RejectThresholdExceededError)
    assert rows() == []


def test_append_adds_and_truncate_replaces(load, rows, flights):
    one_day = f"https://lake.blob.core.windows.net/{flights.container_name}/in/2013-01-02.csv"
    load(external_locations=one_day)
    load(external_locations=one_day)
    assert rows() == [(4, "B6", 11)] * 2
    load(external_locations=one_day, write_disposition="truncate")
    assert rows() == [(4, "B6", 11)]


def test_each_try_counts_its_own_rejects(load):
    assert load(max_errors=1, error_file="/rejects", try_number=1)["rows_rejected"] == 1
    again = load(max_errors=1, error_file="/rejects", try_number=2, write_disposition="truncate")
    assert again["rows_rejected"] == 1


def test_the_managed_identity_of_the_pool(load, rows):
    result = load(credential=ManagedIdentity(), max_errors=1, error_file="/rejects")
    assert len(rows()) == 3
    assert (result["rows_loaded"], result["rows_rejected"]) == (3, 1)


def test_freetds_loads_too(load, rows, workspace, new_connection):
    fields = workspace.connections()["synapse_default"]
    extra = {"driver": "/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so"}
    new_connection("synapse_default", **{**fields, "extra": extra})
    assert load(max_errors=1, error_file="/rejects")["rows_loaded"] == 3
    assert len(rows()) == 3


def test_a_wrong_signature_is_refused_with_what_to_check(load, rows):
    wrong = SharedAccessSignature(token=Secret("sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00%3A00%3A00Z&sig=d3Jvbmc%3D"))
    with pytest.raises(AirflowFailException, match=r"\(403\).*grants READ and LIST"):
        load(credential=wrong)
    assert rows() == []


def test_a_missing_table_is_named(load):
    with pytest.raises(AirflowFailException, match=r"COPY INTO \[dbo\]\.\[nowhere\].*Nothing was loaded") as caught:
        load(table="dbo.nowhere", max_errors=1)
    assert isinstance(caught.value.__cause__, CopyFailedError)


def test_a_missing_file_is_named_before_the_pool_is_asked(load, flights):
    with pytest.raises(AirflowFailException, match=r"There is no file to load in .*/2014"):
        load(external_locations=f"https://lake.blob.core.windows.net/{flights.container_name}/in/2014*.csv")


def test_a_refused_login_says_what_to_check(load, workspace, new_connection):
    fields = workspace.connections()["synapse_default"]
    new_connection("synapse_default", **{**fields, "password": "wrong;}{'"})
    with pytest.raises(AirflowFailException, match=r"\(18456\).*Check the login"):
        load()


@pytest.mark.parametrize(
    "disposition",
    [
        {"write_disposition": "replace"},
        {"write_disposition": "replace_slice", "slice_predicate": "id > 0"},
        {"write_disposition": "upsert", "upsert_keys": ["id"]},
        {"write_disposition": "append", "ledger_table": "dbo.identity_ledger"},
    ],
    ids=lambda disposition: disposition["write_disposition"],
)
def test_the_pool_numbers_the_rows_of_a_staged_load(load, new_table, pool_connection, disposition):
    table = new_table("number int IDENTITY(100, 1), id int, carrier varchar(2), delay int")
    pool_connection.execute(f"INSERT INTO {table} VALUES (4, 'XX', 0)")
    load(table=table, columns=["id", "carrier", "delay"], max_errors=1, **disposition)
    pool_connection.execute("DROP TABLE IF EXISTS dbo.identity_ledger")
    rows = [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {table}")]
    numbers = {number for number, *_ in rows}
    kept = [(4, "XX", 0)] if disposition["write_disposition"] == "append" else []
    assert sorted(row[1:] for row in rows) == sorted([(1, "UA", 2), (2, "AA", -3), (4, "B6", 11), *kept])
    assert len(numbers) == len(rows)
    assert min(numbers) >= 100


def test_a_partition_is_replaced_by_rows_that_bring_their_numbers(load, new_table, pool_connection):
    layout = "CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = ROUND_ROBIN, PARTITION (delay RANGE RIGHT FOR VALUES (100))"
    table = new_table("number int IDENTITY(1, 1), carrier varchar(2), delay int", layout)
    pool_connection.execute(f"INSERT INTO {table} SELECT 'XX', 0 UNION ALL SELECT 'YY', 200")

    def rows():
        return [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {table} ORDER BY carrier")]

    before = rows()
    options = {"write_disposition": "replace_partition", "partition_values": "0", "max_errors": 1, "table": table}
    with pytest.raises(AirflowFailException, match=r"identity column \[number\] would repeat"):
        load(columns=["carrier", "delay"], **options)
    assert rows() == before
    load(identity_insert=True, **options)
    assert rows() == [(2, "AA", -3), (4, "B6", 11), (1, "UA", 2), before[1]]
