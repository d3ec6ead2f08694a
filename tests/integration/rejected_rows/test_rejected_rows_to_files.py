"""RejectedRowsToFilesOperator: what a load has rejected becomes files again, on real Azurite."""

import json

import pytest
from storage_proxy import Fault

from airflow_synapse.operators.rejected_rows_to_files import RejectedRowsToFilesOperator
from airflow_synapse.version_compat import AirflowFailException

TIME = "20260131-000000"


@pytest.fixture
def run(lake_hook, location):
    """Run the operator for the folder ``load``."""

    def start(**arguments):
        if "load_result" not in arguments:
            arguments.setdefault("error_file", location.url)
        operator = RejectedRowsToFilesOperator(
            task_id="again", storage_conn_id="lake", **{"folder": "/again", **arguments}
        )
        return operator.execute({})

    return start


@pytest.fixture
def files(container):
    """Return the contents of the copies by their names."""

    def read(folder="again/"):
        names = container.list_blob_names(name_starts_with=folder)
        return {name.removeprefix(folder): container.download_blob(name).readall() for name in names}

    return read


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b'1,"a ""b"""\r\n2,NA\r\n', 2),
        (b"no end", 1),
        ("ü\nĊ\n".encode("utf-16"), 2),  # which has the byte of a line feed in a letter
        ("1,a\n2,b".encode("utf-16-le")[:-1], 2),
        (b"caf\xe9\n\x00\xff", 2),
        (b"", 0),
        (b"x" * 5_000_000 + b"\n" + b"y" * 5_000_000, 2),
    ],
    ids=["csv", "no end", "utf-16", "truncated", "binary", "empty", "longer than a piece"],
)
def test_a_file_is_copied_byte_by_byte_and_its_lines_are_counted(run, put, files, location, content, rows):
    put("Q ü_1.Row.Txt", content)
    put("Q ü_1.Error.Txt", b"no\n")
    result = run()
    assert files() == {f"{TIME}-Q ü_1.csv": content}
    folder = location.url.replace("/load", "/again/")
    assert result == {"folder": folder, "files": 1, "rows": rows, "bytes": len(content)}


def test_each_pair_of_each_time_becomes_a_file_and_running_again_changes_nothing(run, put, files):
    for name, time in (("Q_1", TIME), ("Q_2", TIME), ("Q_1", "20260201-000000")):
        put(f"{name}.Error.Txt", b"no\n", time)
        put(f"{name}.Row.Txt", f"{name} {time}\n".encode(), time)
    first = run()
    assert (first["files"], first["rows"]) == (3, 3)
    copies = files()
    assert copies == {
        f"{TIME}-Q_1.csv": f"Q_1 {TIME}\n".encode(),
        f"{TIME}-Q_2.csv": f"Q_2 {TIME}\n".encode(),
        "20260201-000000-Q_1.csv": b"Q_1 20260201-000000\n",
    }
    assert run() == first
    assert files() == copies


def test_a_url_names_a_folder_of_the_same_account(run, put, files, location):
    put("Q_1.Row.Txt", b"1\n")
    url = location.url.replace("/load", "/by url/here")
    assert run(folder=url)["folder"] == f"{url}/"
    assert files("by url/here/") == {f"{TIME}-Q_1.csv": b"1\n"}


def test_rows_that_are_missing_are_an_error_and_nothing_is_copied(run, put, files):
    put("Q_1.Error.Txt", b"no\n")
    put("Q_1.Row.Txt", b"1\n")
    put("Q_2.Error.Txt", b"no\n")
    with pytest.raises(AirflowFailException, match=rf"The rows of load/_rejectedrows/{TIME}/Q_2 are missing"):
        run()
    assert files() == {}


def test_fewer_rows_than_the_load_has_rejected_are_an_error_and_nothing_is_copied(run, put, files, location):
    load_result = {"rows_rejected": 2, "reject_folder": location.url}
    with pytest.raises(AirflowFailException, match=r"has rejected 2 rows, but .*/load holds 0: files were removed"):
        run(load_result=load_result)
    put("Q_1.Error.Txt", b"no\n")
    put("Q_1.Row.Txt", b'1,"a\nb"\n')  # one row, of two lines
    with pytest.raises(AirflowFailException, match=r"has rejected 2 rows, but .*/load holds 1: files were removed"):
        run(load_result=load_result)
    assert files() == {}
    assert run(load_result={**load_result, "rows_rejected": 1})["files"] == 1


def test_a_data_file_of_a_serverless_pool_is_named_by_its_folder(run, container, files):
    folder = "load/_rejectedrows/20260131_120000_ABC"
    container.upload_blob(f"{folder}/error.json", json.dumps([{"Error": "no", "Row": 7}]))
    container.upload_blob(f"{folder}/1.csv", b"1,NA\n")
    assert run()["rows"] == 1
    assert files() == {"20260131_120000_ABC.csv": b"1,NA\n"}


def test_without_rejected_rows_nothing_is_written(run, files):
    assert (run()["files"], run(load_result={"rows_rejected": 0})["files"]) == (0, 0)
    assert files() == {}


def test_a_copy_that_breaks_off_is_no_file(run, put, files, storage_proxy, no_waits):
    put("Q_1.Row.Txt", b"1\n" * 5_000_000)
    storage_proxy.faults.append(Fault(status=503, code="ServerBusy", contains=".Row.Txt", after=1))
    with pytest.raises(Exception, match="cannot be used with connection 'lake'") as caught:
        run()
    assert caught.value.retryable
    assert files() == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folder": "/"}, "name a folder"),
        ({"folder": "again/*"}, "name a folder"),
        ({"folder": "abfss://lake/x"}, "folder"),
        ({"folder": "https://archive.blob.core.windows.net/landing/y"}, "is for storage account 'lake'"),
        ({"load_result": None}, "either error_file or load_result"),
    ],
)
def test_arguments_that_are_wrong_are_refused(run, put, storage_proxy, arguments, message):
    put("Q_1.Row.Txt", b"1\n")
    with pytest.raises(AirflowFailException, match=message):
        run(**arguments)
    assert [method for method, _ in storage_proxy.requests if method == "PUT"] == []
