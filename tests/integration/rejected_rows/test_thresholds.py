"""Loads that reject too many rows: the operator, Microsoft's driver, the local pool, and a storage that fails."""

import pytest
from storage_proxy import Fault
from task_tries import Task

from airflow_synapse.exceptions import SourceFilesError, TooManyRejectedRowsError
from airflow_synapse.local.faults import COMMITTED
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.version_compat import AirflowFailException

#: Three good rows and two that are rejected: 40 % of those that are read.
CONTENT = b"1,new\n2,new\nNA,new\n4,new\n,too long a text for the column\n"
OLD = [(1, "old"), (9, "beside")]
STAGED = {
    "append with ledger": ({"ledger_table": "dbo.ledger_of_thresholds"}, 5),
    "replace": ({"write_disposition": "replace"}, 3),
    "replace_slice": ({"write_disposition": "replace_slice", "slice_predicate": "k < 5"}, 4),
    "replace_partition": ({"write_disposition": "replace_partition", "partition_values": "1"}, 4),
    "upsert": ({"write_disposition": "upsert", "upsert_keys": "k"}, 4),
}


@pytest.fixture
def table(new_table, pool_connection):
    name = new_table("k int, v varchar(9)", "HEAP, DISTRIBUTION = HASH(k), PARTITION (k RANGE RIGHT FOR VALUES (5))")
    for row in OLD:
        pool_connection.execute(f"INSERT INTO {name} VALUES {row}")
    return name


@pytest.fixture
def rows(pool_connection, table):
    return lambda: [tuple(row) for row in pool_connection.execute(f"SELECT k, v FROM {table} ORDER BY k, v").fetchall()]


@pytest.fixture
def staging_tables(pool_connection):
    query = "SELECT name FROM sys.tables WHERE name LIKE 'airflow_load%'"
    return lambda: [row[0] for row in pool_connection.execute(query).fetchall()]


@pytest.fixture
def new_task(workspace, new_connection, proxy, landing, table):
    connections = workspace.connections()
    new_connection("synapse_default", **connections["synapse_default"])
    new_connection("lake", **{**connections["lake"], "host": proxy.endpoint})
    landing.upload_blob("in/a.csv", CONTENT)

    def make(**arguments):
        defaults = {
            "table": table,
            "external_locations": f"https://lake.blob.core.windows.net/{landing.container_name}/in/",
            "storage_conn_id": "lake",
            "file_type": "CSV",
            "row_terminator": "0x0A",
            "max_errors": 10,
            "error_file": "/rejects",
        }
        return Task(SynapseCopyOperator, **{**defaults, **arguments})

    return make


@pytest.mark.parametrize("deferrable", [False, True], ids=["plain", "deferred"])
@pytest.mark.parametrize("name", STAGED)
def test_beyond_a_threshold_the_table_stays_as_it_is_and_a_cleared_task_loads(
    new_task, rows, staging_tables, name, deferrable
):
    arguments, loaded = STAGED[name]
    task = new_task(**arguments, max_rejected_ratio="0.3", deferrable=deferrable)
    with pytest.raises(AirflowFailException, match=r"2 of 5 rows \(40 %\) were rejected, more than") as caught:
        task.run()
    error = caught.value.__cause__
    assert isinstance(error, TooManyRejectedRowsError)
    assert error.report["rows"] == 2
    assert {row["raw"] for row in error.report["sample"]} == {"NA,new", ",too long a text for the column"}
    assert (rows(), staging_tables()) == (OLD, [])
    task.clear()
    result = task.run(max_rejected_ratio=0.4, max_rejected_rows=2)
    assert (result["rows_loaded"], result["rows_rejected"], result["reused"]) == (3, 2, False)
    assert result["rejected_rows_report"]["ratio"] == 0.4
    assert len(rows()) == loaded
    assert staging_tables() == []


def test_while_the_rejected_rows_cannot_be_read_nothing_is_published_and_a_retry_loads(
    new_task, rows, staging_tables, proxy, no_waits
):
    task = new_task(write_disposition="upsert", upsert_keys="k", max_rejected_rows=2)
    proxy.faults.append(Fault(status=503, code="ServerBusy", contains=".Error.Txt"))
    with pytest.raises(SourceFilesError, match="cannot be used with connection 'lake'") as caught:
        task.run()
    assert caught.value.retryable
    assert (rows(), staging_tables()) == (OLD, [])
    proxy.faults.clear()
    assert task.run()["rows_rejected"] == 2
    assert len(rows()) == 4


def test_the_rejected_rows_of_a_copy_that_was_repeated_count_once(new_task, workspace, landing):
    faults = workspace.sql_pool.faults
    faults.drop(moment=COMMITTED, text="^COPY INTO")
    try:
        result = new_task(write_disposition="replace", max_rejected_rows=2).run()
    finally:
        faults.clear()
    row_files = [name for name in landing.list_blob_names(name_starts_with="rejects/") if name.endswith(".Row.Txt")]
    assert len(row_files) == 2
    assert result["rows_rejected"] == result["rejected_rows_report"]["rows"] == 2


class FirstWords(dict):
    """What is kept of a task whose worker dies before it can write down its end."""

    def update(self, values):
        for key, value in values.items():
            self.setdefault(key, value)


def test_the_result_of_a_try_that_died_after_loading_has_its_report(new_task, rows):
    task = new_task(write_disposition="replace", max_rejected_rows=2)
    task.kept = FirstWords()
    first = task.run()
    again = task.run(max_rejected_rows=0)  # what is in the table is not refused afterwards
    assert again == {**first, "seconds": None}
    assert len(rows()) == 3
