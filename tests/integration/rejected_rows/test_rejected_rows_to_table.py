"""RejectedRowsToTableOperator: real Azurite, Microsoft's driver and the local pool; each rejected row arrives once."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from storage_proxy import Fault
from task_tries import Task

from airflow_synapse.exceptions import SourceFilesError, StatementCancelledError, SynapseError
from airflow_synapse.local.faults import COMMITTED, RUNNING
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.rejected_rows_to_files import RejectedRowsToFilesOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.version_compat import AirflowFailException

TIME = "20260131-120000"
#: Contents of a row file, and the row that it holds.
RAW_ROWS = {
    b'1,"a ""b"""\n': '1,"a ""b"""',
    b"a,\r,b\n": "a,\r,b",
    "Zürich 🛫\n".encode(): "Zürich 🛫",
    "Zürich 🛫\n".encode("utf-16"): "Zürich 🛫",
    "plain, ten letters\n".encode("utf-16-le"): "plain, ten letters",
    b"it's; DROP TABLE\t\x00\x0b\x1f|\n": "it's; DROP TABLE\t\x00\x0b\x1f|",
    b"caf\xe9 \xff\n": "caf\ufffd \ufffd",
    b"  spaces stay  \n": "  spaces stay  ",
    b"N/A": "N/A",
    b"\n": None,
}
_numbers = itertools.count(1)


@pytest.fixture
def connections(workspace, new_connection, proxy):
    connections = workspace.connections()
    new_connection("synapse_default", **connections["synapse_default"])
    new_connection("lake", **{**connections["lake"], "host": proxy.endpoint})


@pytest.fixture
def url(landing):
    """URL of a folder that loads name in ERRORFILE."""
    return f"https://lake.blob.core.windows.net/{landing.container_name}/rejects"


@pytest.fixture
def put(landing):
    """Write the two files of a pair: ``put(b"reasons", b"rows")``; None for a file that is missing."""

    def write(reasons, rows, *, prefix="QID1_1_1", time=TIME, folder="rejects"):
        for kind, content in (("Error", reasons), ("Row", rows)):
            if content is not None:
                name = f"{folder}/_rejectedrows/{time}/{prefix}.{kind}.Txt"
                landing.upload_blob(name, content, overwrite=True)

    return write


@pytest.fixture
def table(pool_connection):
    """Name of a table that is not there yet; dropped after the test."""
    name = f"dbo.rejected_{next(_numbers)}"
    yield name
    pool_connection.execute(f"IF OBJECT_ID('{name}') IS NOT NULL DROP TABLE {name}")


@pytest.fixture
def task(connections, table, url):
    """The task that puts the rejected rows of the folder into the table."""
    return Task(RejectedRowsToTableOperator, table=table, error_file=url, storage_conn_id="lake")


@pytest.fixture
def rows(pool_connection, table):
    """Return columns of the table, in the order of the rows: ``rows("raw_row")``."""

    def read(columns):
        order = "reject_folder, load_folder, file_prefix, row_number, reason"
        query = f"SELECT {columns} FROM {table} ORDER BY {order}"
        return [tuple(row) for row in pool_connection.execute(query).fetchall()]

    return read


@pytest.fixture
def is_missing(pool_connection, table):
    return lambda: pool_connection.execute(f"SELECT OBJECT_ID('{table}')").fetchval() is None


@pytest.fixture
def load_file(connections, landing, new_table):
    """Load a CSV file, of which COPY may reject rows, into a new table; return the result."""

    def load(name, content, *, columns):
        landing.upload_blob(name, content)
        return Task(
            SynapseCopyOperator,
            table=new_table(columns),
            external_locations=f"https://lake.blob.core.windows.net/{landing.container_name}/in/",
            storage_conn_id="lake",
            file_type="CSV",
            row_terminator="0x0A",
            max_errors=10,
            error_file="/rejects",
        ).run()

    return load


def staged(landing):
    return [name for name in landing.list_blob_names() if "/quarantine/" in name]


def test_the_rejected_rows_of_a_load_arrive_with_their_reasons(load_file, landing, table, rows):
    load = load_file("in/a 1.csv", b'1,new\nNA,"a, b"\n,"too ""long"" a text"\n4,new\n', columns="k int, v varchar(9)")
    result = Task(RejectedRowsToTableOperator, table=table, load_result=load, storage_conn_id="lake").run()
    assert (result["rows_loaded"], result["files"], result["reject_folder"]) == (2, 1, None)
    assert rows("reject_folder, load_label, row_number, raw_row, is_cut") == [
        (load["reject_folder"], load["label"], 1, 'NA,"a, b"', False),
        (load["reject_folder"], load["label"], 2, ',"too ""long"" a text"', False),
    ]
    report = load["rejected_rows_report"]
    assert [(reason[:200], *source) for reason, *source in rows("reason, source_file, source_row")] == [
        (row["reason"], row["source_file"], row["source_row"]) for row in report["sample"]
    ]
    assert rows("load_folder")[0] == (report["folders"][0]["path"].rpartition("/")[2],)
    assert staged(landing) == []


def test_each_row_arrives_as_it_was(task, put, rows):
    for number, content in enumerate(RAW_ROWS):
        put(b"no number\n", content, prefix=f"QID1_1_{number}")
    task.run()
    assert rows("raw_row, is_cut") == [(raw, False) for raw in RAW_ROWS.values()]


def test_what_is_longer_than_a_column_is_cut_between_characters_and_marked(task, put, rows):
    put(
        b"short\n" * 3 + b"r" * 4001 + b"\n",
        b"x" * 4000 + b"\n" + b"x" * 4001 + b"\n" + "🛫".encode() * 2001 + b"\ny\n",
    )
    task.run()
    texts = rows("raw_row, reason, is_cut")
    assert [(raw, len(reason), bool(is_cut)) for raw, reason, is_cut in texts] == [
        ("x" * 4000, 5, False),
        ("x" * 4000, 5, True),
        ("🛫" * 2000, 5, True),
        ("y", 4000, True),
    ]


def test_a_row_of_several_lines_gets_no_wrong_reason(load_file, table, rows):
    load = load_file("in/a.csv", b'1,"a\nb",NA\n2,c,XX\n', columns="k int, v varchar(9), n int")
    assert load["rows_rejected"] == 2
    Task(RejectedRowsToTableOperator, table=table, load_result=load, storage_conn_id="lake").run()
    assert rows("raw_row, source_row") == [('1,"a', None), (None, 1), ('b",NA', None), (None, 2), ("2,c,XX", None)]


def test_files_that_miss_their_partner_are_in_the_table_too(task, put, rows):
    put(b"one\ntwo\n", None, prefix="Q_1")
    put(None, b"1,NA\n", prefix="Q_2")
    put(b"", b"", prefix="Q_3")
    task.run()
    assert rows("file_prefix, reason, raw_row") == [("Q_1", "one", None), ("Q_1", "two", None), ("Q_2", None, "1,NA")]


def test_json_of_a_serverless_pool_is_understood(task, landing, rows):
    folder = "rejects/_rejectedrows/20260131_120000_ABC"
    landing.upload_blob(f"{folder}/error.json", json.dumps([{"Error": "no\nnumber", "Row": 7, "File": "in/a.csv"}]))
    landing.upload_blob(f"{folder}/1.csv", b"1,NA\n")
    task.run()
    columns = "load_folder, file_prefix, reason, source_file, source_row, raw_row"
    assert rows(columns) == [("20260131_120000_ABC", None, "no number", "in/a.csv", 7, "1,NA")]


def test_names_of_folders_may_be_any(connections, landing, put, table, rows):
    folder = "rejécts of 'us'/_all"
    put(b"no\n", b"1\n", folder=folder, prefix="Q ü's 1")
    task = Task(
        RejectedRowsToTableOperator,
        table=table,
        error_file=f"/{folder}",
        container=landing.container_name,
        storage_conn_id="lake",
    )
    for _ in range(2):
        task.clear()
        assert task.run()["rows_loaded"] == 1
    url = f"https://lake.blob.core.windows.net/{landing.container_name}/{folder}"
    assert rows("reject_folder, file_prefix, raw_row") == [(url, "Q ü's 1", "1")]
    assert staged(landing) == []


def test_rows_of_other_folders_stay(connections, put, table, url, rows):
    put(b"no\n", b"1\n", folder="rejects/a")
    put(b"no\n", b"2\n", folder="rejects/b")
    for folder in ("a", "b", "a"):
        Task(RejectedRowsToTableOperator, table=table, error_file=f"{url}/{folder}", storage_conn_id="lake").run()
    assert rows("reject_folder, raw_row") == [(f"{url}/a", "1"), (f"{url}/b", "2")]


def test_another_way_to_write_the_folder_is_no_other_folder(connections, put, table, url, rows):
    put(b"no\n", b"1\n")
    for error_file in (url, f"{url}/", url.replace(".blob.", ".dfs."), url.replace("https://", "http://")):
        Task(RejectedRowsToTableOperator, table=table, error_file=error_file, storage_conn_id="lake").run()
    assert rows("reject_folder, raw_row") == [(url, "1")]


@pytest.mark.parametrize("arguments", [{}, {"load_result": {"rows_rejected": 0}, "error_file": None}])
def test_without_rejected_rows_nothing_is_changed(task, landing, put, is_missing, arguments):
    put(b"", b"")
    result = task.run(**arguments)
    assert (result["rows_loaded"], result["request_id"]) == (0, None)
    assert is_missing()
    assert staged(landing) == []


def test_a_task_that_is_cleared_with_its_load_replaces_what_it_had_put_there(task, put, url, rows):
    put(b"no\nno\n", b"1\n2\n", folder="rejects/try1")
    put(b"no\n", b"3\n", folder="rejects/try2")
    put(b"", b"", folder="rejects/try3")
    task.run(error_file=f"{url}/try1")
    task.clear()
    assert task.run(error_file=f"{url}/try2")["rows_loaded"] == 1
    assert rows("raw_row") == [("3",)]
    task.clear()
    assert task.run(error_file=f"{url}/try3")["rows_loaded"] == 0
    assert rows("raw_row") == []


def test_rows_that_were_removed_meanwhile_are_an_error(task, put, url, table, rows):
    load_result = {"rows_rejected": 2, "reject_folder": url, "label": "load"}
    put(b"no\nno\n", b"1\n2\n")
    task.run(load_result=load_result, error_file=None)
    put(b"no\n", b"1\n")
    task.clear()
    with pytest.raises(AirflowFailException, match=r"has rejected 2 rows, but .*/rejects holds 1"):
        task.run(load_result=load_result, error_file=None)
    assert rows("raw_row") == [("1",), ("2",)]


def test_arguments_that_name_no_folder_are_refused_before_anything_is_asked(task, proxy):
    with pytest.raises(AirflowFailException, match="either error_file or load_result"):
        task.run(load_result={"rows_rejected": 1})
    assert proxy.requests == []


def test_what_is_copied_to_files_is_loaded_once_its_reason_is_mended(connections, landing, new_table, pool_connection):
    landing.upload_blob("in/a.csv", b'1,new\nNA,"a ""b"", c"\n3,too long a text\n')
    options = {"storage_conn_id": "lake", "file_type": "CSV", "row_terminator": "0x0A"}
    folder = f"https://lake.blob.core.windows.net/{landing.container_name}"
    load = Task(
        SynapseCopyOperator,
        table=new_table("k int, v varchar(9)"),
        external_locations=f"{folder}/in/",
        max_errors=10,
        error_file="/rejects",
        **options,
    ).run()
    copied = Task(RejectedRowsToFilesOperator, folder="/again", load_result=load, storage_conn_id="lake").run()
    wide = new_table("k varchar(9), v varchar(99)")
    again = Task(SynapseCopyOperator, table=wide, external_locations=copied["folder"], **options).run()
    assert (copied["rows"], again["rows_loaded"], again["files"]) == (2, 2, copied["files"])
    rows = pool_connection.execute(f"SELECT k, v FROM {wide} ORDER BY k").fetchall()
    assert [tuple(row) for row in rows] == [("3", "too long a text"), ("NA", 'a "b", c')]


@pytest.mark.parametrize("moment", [RUNNING, COMMITTED])
@pytest.mark.parametrize("statement", ["^COPY INTO", "^INSERT INTO", "^DELETE"])
def test_a_link_that_breaks_loses_and_doubles_nothing(task, put, rows, workspace, landing, moment, statement):
    put(b"no\nno\n", b"1\n2\n")
    faults = workspace.sql_pool.faults
    faults.drop(moment=moment, text=statement)
    try:
        assert task.run()["rows_loaded"] == 2
    finally:
        faults.clear()
    assert rows("raw_row") == [("1",), ("2",)]
    assert staged(landing) == []


def test_a_try_that_died_before_it_loaded_leaves_nothing_behind(task, put, rows, is_missing, proxy, landing, no_waits):
    put(b"no\nno\n", b"1\n2\n")
    proxy.faults.append(Fault(status=503, code="ServerBusy", contains="comp=list", after=1))
    with pytest.raises(SourceFilesError) as caught:
        task.run()
    assert caught.value.retryable
    assert is_missing()
    assert len(staged(landing)) == 1
    proxy.faults.clear()
    assert task.run()["rows_loaded"] == 2
    assert rows("raw_row") == [("1",), ("2",)]
    assert staged(landing) == []


def test_a_try_after_one_that_loaded_replaces_what_it_had_put_there(task, put, rows, landing, no_waits, proxy):
    put(b"no\nno\n", b"1\n2\n")
    proxy.faults.append(Fault(status=503, code="ServerBusy", contains="comp=list", after=2))
    with pytest.raises(SynapseError):  # the staged file cannot be removed
        task.run()
    assert rows("raw_row") == [("1",), ("2",)]
    proxy.faults.clear()
    assert task.run()["rows_loaded"] == 2
    assert rows("raw_row") == [("1",), ("2",)]
    assert staged(landing) == []


def test_a_task_that_is_killed_cancels_its_copy_and_a_later_try_loads(task, put, rows, workspace):
    put(b"no\n", b"1\n")
    operators, faults = [], workspace.sql_pool.faults

    def remembered(**arguments):
        operators.append(RejectedRowsToTableOperator(**arguments))
        return operators[-1]

    task.operator = remembered
    held = faults.hold(text="^COPY INTO")
    with ThreadPoolExecutor(1) as thread:
        ending = thread.submit(task.run)
        try:
            faults.wait_until_held(held)
            operators[0].on_kill()
            with pytest.raises(StatementCancelledError):
                ending.result(timeout=30)
        finally:
            faults.release()
            faults.clear()
    assert task.run()["rows_loaded"] == 1
    assert rows("raw_row") == [("1",)]


def test_what_breaks_off_while_it_is_read_is_not_loaded(task, put, is_missing, proxy, landing, no_waits):
    put((b"n" * 999 + b"\n") * 10_000, b"1\n" * 10_000)
    proxy.faults.append(Fault(status=503, code="ServerBusy", contains=".Error.Txt", after=1))
    with pytest.raises(SourceFilesError):
        task.run()
    assert is_missing()
    assert staged(landing) == []
