"""What a job of real Spark does with ``abfss://`` URLs, and what is in the storage then: one job for all of it."""

import io
import json

import pyarrow.parquet
import pytest

BASE = "abfss://jobs@lake.dfs.core.windows.net/storage/"
JOB = """
import json, sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
base = sys.argv[1]
results = {}


def path(url):
    return spark._jvm.org.apache.hadoop.fs.Path(url)


files = path(base).getFileSystem(spark._jsc.hadoopConfiguration())


def failure(act):
    try:
        act()
    except Exception as error:
        return str(error)


frame = spark.range(100).selectExpr("id", "md5(cast(id as string)) AS text")
frame.write.parquet(base + "twice")
results["errorifexists"] = failure(lambda: frame.write.parquet(base + "twice"))
frame.write.mode("ignore").parquet(base + "twice")
frame.write.mode("append").parquet(base + "twice")
results["appended"] = spark.read.parquet(base + "twice").count()
frame.write.parquet(base + "once")
frame.limit(7).write.mode("overwrite").parquet(base + "once")
results["overwritten"] = spark.read.parquet(base + "once").count()
frame.where("1 = 0").write.parquet(base + "empty")
results["empty"] = [spark.read.parquet(base + "empty").count(), spark.read.parquet(base + "empty").columns]

name = base + "Ümläut und 日本 +%20#/x y"
frame.coalesce(1).write.csv(name)
results["strange name"] = spark.read.csv(name).count()
results["renamed"] = [files.rename(path(name), path(base + "neu é")), files.exists(path(name))]
results["read after rename"] = spark.read.csv(base + "neu é").count()
frame.write.csv(base + "gone")
results["deleted"] = [files.delete(path(base + "gone"), True), files.exists(path(base + "gone"))]
results["listed"] = sorted(entry.getPath().getName() for entry in files.listStatus(path(base)))

output = files.create(path(base + "digits"), True)
output.write(bytearray(b"0123456789" * 100_000))
output.close()
stream = files.open(path(base + "digits"))
read = []
for position in (500_003, 7, 999_999):
    stream.seek(position)
    read.append(chr(stream.read()))
results["seek"] = [read, stream.read()]
stream.close()

frame.write.parquet("abfss://jobs@archive.dfs.core.windows.net/copied")
results["other account"] = spark.read.parquet("abfss://jobs@archive.dfs.core.windows.net/copied").count()
for what, url in {
    "unknown account": "abfss://jobs@nobody.dfs.core.windows.net/a",
    "unknown container": "abfss://nothing@lake.dfs.core.windows.net/a",
}.items():
    results[what] = failure(lambda: frame.write.parquet(url))
results["missing"] = failure(lambda: spark.read.parquet(base + "missing"))

output = files.create(path(base + "results.json"), True)
output.write(bytearray(json.dumps(results).encode()))
output.close()
"""


@pytest.fixture(scope="module")
def results(spark_workspace, client, submit, wait_for, upload_job, jobs):
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - slow, and few tests need it

    storage = spark_workspace.storage
    with BlobServiceClient(storage.endpoint("archive"), credential=storage.key("archive").reveal()) as archive:
        archive.create_container("jobs")
    batch = wait_for(client, submit(client, upload_job(JOB), arguments=[BASE]), "success", "dead")
    assert batch.state == "success"
    return json.loads(jobs.download_blob("storage/results.json").readall())


@pytest.fixture
def blobs(results, jobs):
    """Return the blobs below a folder of the job, without its marker: ``blobs("once")``."""

    def below(folder):
        prefix = f"storage/{folder}/"
        return {blob.name.removeprefix(prefix): blob.size for blob in jobs.list_blobs(name_starts_with=prefix)}

    return below


def test_written_folder_has_its_part_files_and_success_and_nothing_else(blobs):
    names = blobs("once")

    parts = [name for name in names if name.startswith("part-")]
    assert names["_SUCCESS"] == 0
    assert len(parts) == len(names) - 1


def test_part_files_hold_what_spark_has_written(blobs, jobs):
    parts = [name for name in blobs("twice") if name.startswith("part-")]
    tables = [
        pyarrow.parquet.read_table(io.BytesIO(jobs.download_blob(f"storage/twice/{name}").readall())) for name in parts
    ]

    assert sorted(value for table in tables for value in table["id"].to_pylist()) == sorted([*range(100)] * 2)


def test_save_modes(results):
    assert "PATH_ALREADY_EXISTS" in results["errorifexists"]
    assert (results["appended"], results["overwritten"]) == (200, 7)


def test_empty_frame_leaves_a_file_with_the_schema(results, blobs):
    assert results["empty"] == [0, ["id", "text"]]
    assert len(blobs("empty")) == 2


def test_names_with_blanks_and_other_letters(results, blobs):
    assert results["strange name"] == 100
    assert "_SUCCESS" in blobs("neu é")


def test_rename_and_delete(results, blobs):
    assert results["renamed"] == [True, False]
    assert results["read after rename"] == 100
    assert results["deleted"] == [True, False]
    assert blobs("gone") == {}
    assert results["listed"] == ["empty", "neu é", "once", "twice", "Ümläut und 日本 +%20#"]


def test_seek(results):
    assert results["seek"] == [["3", "7", "9"], -1]


def test_every_account_can_be_reached(results):
    assert results["other account"] == 100


@pytest.mark.parametrize("what", ["unknown account", "unknown container"])
def test_what_is_not_of_the_workspace_fails(results, what):
    assert "ClassNotFoundException" in results[what]


def test_missing_path_is_said_with_the_url_of_the_job(results):
    assert "PATH_NOT_FOUND" in results["missing"]
    assert BASE in results["missing"]
