"""The folder of a batch: what is put there, what counts as a result, and what is removed."""

import json

import pytest

from airflow_synapse.exceptions import CredentialError, DeliveryUnknownError, LoadChangedError
from airflow_synapse.execution.delivery_job import DeliveryJob
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.source_survey import SourceFile
from airflow_synapse.spark.names import BatchName
from airflow_synapse.transfer.lake_folder import read_folder

ROOT = read_folder("abfss://staging@lake.dfs.core.windows.net/airflow", "staging_folder")
IDENTITY = LoadIdentity(dag_id="d", task_id="t", run_id="r")


class Area:
    """A storage account in memory."""

    def __init__(self):
        self.blobs = {}

    def upload(self, location, content):
        self.blobs[location.path] = content

    def download(self, location):
        return self.blobs.get(location.path)

    def files(self, folder):
        return [SourceFile(path, len(text)) for path, text in self.blobs.items() if path.startswith(folder.path)]

    def folders(self, folder, prefix):
        start = folder.path + prefix
        return sorted({path[len(folder.path) :].split("/")[0] for path in self.blobs if path.startswith(start)})

    def remove(self, location):
        path = location.path.rstrip("/")
        self.blobs = {name: text for name, text in self.blobs.items() if not f"{name}/".startswith(f"{path}/")}

    def put(self, name, file, value):
        self.blobs[f"airflow/{name}/{file}"] = value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture
def area():
    return Area()


@pytest.fixture
def new_job(area):
    def make(job_class=StagedJob, **arguments):
        defaults = {
            "area": area,
            "root": ROOT,
            "scripts": ("stage.py", "job_run.py"),
            "deployed": None,
            "request": lambda folder: {"folder": folder.url},
            "batch": {"executors": 3},
        }
        return job_class(**{**defaults, **arguments})

    return make


@pytest.fixture
def job(new_job):
    return new_job()


def name_of(try_number, *, clear_number=0, run_id="r"):
    identity = LoadIdentity(dag_id="d", task_id="t", run_id=run_id, clear_number=clear_number)
    return str(BatchName.of(identity, try_number=try_number, fingerprint="0" * 8, token="1" * 8))


def manifest(*files):
    return {"version": 1, "rows": 1, "files": [{"name": name, "bytes": size} for name, size in files], "columns": []}


def test_a_batch_gets_a_folder_with_its_scripts_and_its_request(job, area):
    request = job.prepare("name", [])
    folder = "abfss://staging@lake.dfs.core.windows.net/airflow/name/"
    assert (request.file, request.py_files) == (f"{folder}job/stage.py", [f"{folder}job/job_run.py"])
    assert (request.args, request.executors) == ([f"{folder}request.json"], 3)
    assert json.loads(area.blobs["airflow/name/request.json"]) == {"folder": job.folder("name").url}
    assert b"def stage(" in area.blobs["airflow/name/job/stage.py"]


def test_a_setting_with_a_credential_is_refused_before_anything_is_changed(new_job, area):
    area.put("old", "data/part-0.parquet", b"xx")

    def request(folder):
        pytest.fail(f"The pool has exported to {folder}.")

    job = new_job(request=request, batch={"conf": {"fs.azure.account.key.lake.dfs.core.windows.net": "a2V5"}})
    with pytest.raises(CredentialError, match="conf"):
        job.prepare("new", ["old"])
    assert list(area.blobs) == ["airflow/old/data/part-0.parquet"]


def test_the_folder_is_in_the_log_before_anything_is_put_there(new_job, area, caplog):
    job = new_job(request=lambda _: 1 / 0)
    with caplog.at_level("INFO"), pytest.raises(ZeroDivisionError):
        job.prepare("name", [])
    assert str(job.folder("name")) in caplog.text


def test_deployed_scripts_are_not_uploaded(new_job, area):
    deployed = read_folder("abfss://jobs@lake.dfs.core.windows.net/v1", "job_folder")
    request = new_job(deployed=deployed).prepare("name", [])
    assert request.file == "abfss://jobs@lake.dfs.core.windows.net/v1/stage.py"
    assert list(area.blobs) == ["airflow/name/request.json"]


def test_what_earlier_batches_have_left_is_removed_before_a_new_one(job, area):
    area.put("old", "data/part-0.parquet", b"xx")
    job.prepare("new", ["old"])
    assert not [path for path in area.blobs if path.startswith("airflow/old/")]


@pytest.mark.parametrize(
    ("written", "has_result"),
    [
        ({}, False),
        ({"data/part-0.parquet": b"xx"}, False),
        ({"data/part-0.parquet": b"xx", "manifest.json": manifest(("data/part-0.parquet", 2))}, True),
        ({"data/part-0.parquet": b"x", "manifest.json": manifest(("data/part-0.parquet", 2))}, False),
        ({"manifest.json": manifest(("data/part-0.parquet", 2))}, False),
        ({"manifest.json": b'{"version": 1, "rows"'}, False),
        ({"manifest.json": {"version": 1, "rows": 3}}, True),
    ],
)
def test_a_result_is_a_manifest_with_its_files(job, area, written, has_result):
    for file, value in written.items():
        area.put("name", file, value)
    assert job.has_result("name") is has_result


def test_a_batch_that_is_withdrawn_finds_no_request(job, area):
    job.prepare("name", [])
    job.withdraw("name")
    assert "airflow/name/request.json" not in area.blobs


def test_what_tries_have_left_is_removed_but_not_that_of_a_later_one_or_of_another_run(job, area):
    names = [name_of(1), name_of(2), name_of(3), name_of(1, clear_number=1), name_of(1, run_id="other")]
    for name in names:
        area.put(name, "data/part-0.parquet", b"x")
    job.remove_all(IDENTITY, 2)
    assert {path.split("/")[1] for path in area.blobs} == set(names[2:])


OWNED = {"owner.json": {}}


@pytest.mark.parametrize(
    ("left", "is_unknown"),
    [
        ({"request.json": {}}, False),  # it never began
        (OWNED, True),
        ({**OWNED, "error.json": {"step": "read the files", "kind": "java.io.IOException"}}, False),
        ({**OWNED, "error.json": {"step": "write the target", "kind": "java.io.IOException"}}, True),
        ({**OWNED, "error.json": {"step": "look at the target", "kind": "ParseException"}}, False),
        ({**OWNED, "error.json": {"step": "write the target", "kind": "RefusedError"}}, False),
        ({**OWNED, "error.json": {"step": "write the target", "kind": "AnalysisException"}}, True),  # of the metastore
        ({**OWNED, "error.json": b'{"step": "read'}, True),  # it died while it wrote that
        ({**OWNED, "error.json": b""}, True),
    ],
)
def test_a_job_that_may_have_written_is_not_repeated(new_job, area, left, is_unknown):
    job = new_job(DeliveryJob, identity=IDENTITY, is_repeatable=False, reload=False)
    for file, value in left.items():
        area.put(name_of(1), file, value)
    if not is_unknown:
        assert job.prepare(name_of(2), [name_of(1)]).name == name_of(2)
        return
    with pytest.raises(DeliveryUnknownError, match="was about to write its rows"):
        job.prepare(name_of(2), [name_of(1)])


def test_a_job_that_has_written_is_not_repeated_and_the_task_says_that_it_has(new_job, area):
    job = new_job(DeliveryJob, identity=IDENTITY, is_repeatable=False, reload=False)
    for file, value in {**OWNED, "manifest.json": {"version": 1, "rows": 3}}.items():
        area.put(name_of(1), file, value)  # of other arguments, else it would be taken
    with pytest.raises(LoadChangedError, match="has delivered its rows"):
        job.prepare(name_of(2), [name_of(1)])


def test_a_job_that_overwrites_is_repeated(new_job, area):
    job = new_job(DeliveryJob, identity=IDENTITY, is_repeatable=True, reload=False)
    area.put(name_of(1), "owner.json", {})
    assert job.prepare(name_of(2), [name_of(1)]).name == name_of(2)


def test_reload_passes_over_what_was_before_the_clear_only(new_job, area):
    cleared = LoadIdentity(dag_id="d", task_id="t", run_id="r", clear_number=1)
    job = new_job(DeliveryJob, identity=cleared, is_repeatable=False, reload=True)
    area.put(name_of(1), "owner.json", {})
    job.prepare(name_of(2, clear_number=1), [])
    area.put(name_of(2, clear_number=1), "owner.json", {})
    with pytest.raises(DeliveryUnknownError):
        job.prepare(name_of(3, clear_number=1), [])
