"""A worker that submits a Spark batch, and that may be killed at any step.

As a program it is one try of a task: its argument is the JSON of :class:`Try`, it prints ``started`` once the batch has
its number, and ``killed`` when it was told to die.
"""

import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from airflow_synapse.hooks.spark_pool import SynapseSparkPoolHook
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.spark.batch import BatchRequest
from airflow_synapse.spark.run import SparkBatchRun

#: Does its work once, as a new file, if its request is there; then leaves a result.
SCRIPT = """
import sys, uuid
from pyspark.sql import SparkSession

folder, work = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
Path = spark._jvm.org.apache.hadoop.fs.Path

def system(url):
    return Path(url).getFileSystem(spark._jsc.hadoopConfiguration())

system(folder).open(Path(folder + "request.json")).close()
system(work).create(Path(work + str(uuid.uuid4()))).close()
if "fail" in folder:
    raise RuntimeError("The job has failed as it was told to. https://lake/x?sig=s3ntineL")
system(folder).create(Path(folder + "manifest.json")).close()
"""


class FileStore:
    """Airflow's store: a file."""

    def __init__(self, path):
        self._path = Path(path)

    def get(self, key):
        return json.loads(self._path.read_text()).get(key) if self._path.exists() else None

    def set(self, key, value):
        self._path.write_text(json.dumps({key: value}))


class FolderJob:
    """A job with a folder for each batch in a container of the account ``lake``.

    :param fails: Whether the job is to fail.
    """

    def __init__(self, container, *, fails=False):
        self._container = SynapseStorageHook("lake").get_conn().get_container_client(container)
        self._root = f"abfss://{container}@lake.dfs.core.windows.net/"
        self._folder = "fail" if fails else "staging"
        self.earlier = []

    def prepare(self, name, earlier):
        self.earlier = earlier
        self._container.upload_blob("job.py", SCRIPT, overwrite=True)
        self._container.upload_blob(f"{self._folder}/{name}/request.json", b"{}")
        folder = f"{self._root}{self._folder}/{name}/"
        return BatchRequest(name=name, file=f"{self._root}job.py", args=[folder, f"{self._root}work/"])

    def has_result(self, name):
        return self._container.get_blob_client(f"{self._folder}/{name}/manifest.json").exists()

    def withdraw(self, name):
        blob = self._container.get_blob_client(f"{self._folder}/{name}/request.json")
        if blob.exists():
            blob.delete_blob()


@dataclass
class Try:
    """One try of a task.

    :param dies: Step after which the worker dies: ``write``, ``prepare``, ``submit`` or ``remember``.
    """

    container: str
    store: str
    run_id: str
    try_number: int = 1
    clear_number: int = 0
    dies: str = ""
    fails: bool = False

    @property
    def identity(self):
        return LoadIdentity(dag_id="d", task_id="stage", run_id=self.run_id, clear_number=self.clear_number)

    def run(self):
        """Return the run of the try."""
        return SparkBatchRun(
            pool=SynapseSparkPoolHook("azure_synapse_default"),
            job=FolderJob(self.container, fails=self.fails),
            identity=self.identity,
            try_number=self.try_number,
            store=FileStore(self.store),
            has_store=True,
        )

    def to_json(self):
        return json.dumps(asdict(self))


def die_after(owner, name):
    """Let the process die when a method has done its work."""
    method = getattr(owner, name)

    def work_and_die(*arguments):
        method(*arguments)
        print("killed", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, work_and_die)


def main(text):
    this = Try(**json.loads(text))
    run = this.run()
    owners = {"write": run._store, "prepare": run._job, "submit": run._pool, "remember": run._store}
    if this.dies:
        die_after(owners[this.dies], this.dies)
    # As Airflow's task runner does: the handler returns, and the process is killed five seconds later.
    signal.signal(signal.SIGTERM, lambda *_: (run.cancel(), print("cancelled", flush=True)))
    batch = run.start()
    print("started", batch.batch_id, flush=True)
    run.wait(batch, poll_interval=0.5)
    time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1])
