"""Job scripts on real Spark, and what they leave."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import airflow_synapse

JOB_FOLDER = Path(airflow_synapse.__file__).parent / "transfer" / "job"
OPTIONS = {"compression": "snappy", "file_bytes": 256 * 2**20, "nested": "json", "not_a_number": "null"}


@dataclass(frozen=True)
class Outcome:
    """What a run has left in its folder."""

    folder: Path
    raised: str | None = None

    @property
    def data(self):
        return self.folder / "data"

    @property
    def manifest(self):
        return self._read("manifest.json")

    @property
    def error(self):
        return self._read("error.json")

    @property
    def files(self):
        """The data files, as a reader that skips hidden ones sees them."""
        return sorted(path for path in self.data.glob("[!._]*") if path.is_file())

    def _read(self, name):
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


class SparkJobs:
    """Run scripts: ``jobs.stage(sql="SELECT 1")`` returns an Outcome."""

    def __init__(self, process, folder):
        self._process = process
        self._folder = folder
        self._numbers = itertools.count(1)

    def _new_folder(self):
        folder = self._folder / f"run {next(self._numbers)}"
        folder.mkdir()
        return folder

    def sql(self, text):
        """Run a statement in the same session; return rows of texts."""
        return self._ask({"sql": text})

    def stage(self, sql=None, *, source=None, folder=None, with_connector=False, withdrawn=False, **options):
        request = {"source": source or {"kind": "sql", "text": sql}, **OPTIONS, **options}
        return self._run("stage", request, folder, with_connector=with_connector, withdrawn=withdrawn)

    def deliver(self, source, schema, target, *, rows=None):
        fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in schema.items()]
        request = {
            "source": url_of(source) if isinstance(source, Path) else source,
            "schema": {"type": "struct", "fields": fields},
            "rows": rows,
            "target": target,
        }
        return self._run("deliver", request)

    def _run(self, script, request, folder=None, **how):
        folder = folder or self._new_folder()
        return Outcome(folder, self.run(script, write_request(folder, request), **how))

    def run(self, script, url, *, with_connector=False, withdrawn=False):
        """Run a script with the request at a URL, withdrawn once it is read if so; return what it raised."""
        return self._ask({"script": script, "url": url, "with_connector": with_connector, "withdrawn": withdrawn})

    def _ask(self, order):
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the Spark session has ended; see its log"
        return json.loads(answer)


def write_request(folder, request):
    """Write the request beside the data; return its URL."""
    path = folder / "request.json"
    path.write_text(json.dumps({"version": 1, "folder": url_of(folder), **request}))
    return url_of(path)


def url_of(path):
    """The URL as Hadoop takes it, which escapes nothing."""
    return f"file://{path}"
