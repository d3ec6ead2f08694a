"""A run of a job on a Spark pool: one request, one folder, one outcome.

The files of this folder run on the Spark pool, where this package is not installed: they use the standard library and
pyspark only, and the syntax of Python 3.10. A Livy batch has one script as its ``file``, the other modules as its
``pyFiles``, and as its one argument the URL of a request: a JSON file with ``version``, ``folder`` (the folder of this
run, used by no other) and what the script asks for. Nothing secret is in it.

In the folder a run writes ``owner.json`` first, ``manifest.json`` last, and ``error.json`` instead if it fails. A run
that finds another owner changes nothing: Livy may have accepted a submission twice, and YARN may start a driver again.
URLs are ``abfss://`` or any others that Hadoop knows: everything goes through its FileSystem.
"""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

VERSION = 1
MANIFEST = "manifest.json"
_OWNER = "owner.json"
_ERROR = "error.json"
_LONGEST_MESSAGE = 4_000
_LONGEST_TRACEBACK = 16_000
_MOST_CAUSES = 20
#: Signatures, keys and passwords as they stand in URLs, connection strings and settings.
_SECRET = re.compile(r"(?i)((?:\bsig|key(?:\.[\w.-]+)?|password|pwd|secret|token)[\"']?\s*[=:]\s*[\"']?)[^\s&;,\"']+")

#: Settings of the session, which a pool may have set otherwise.
SESSION = {
    # Wall clocks stay as they are when a timestamp without time zone becomes one with it.
    "spark.sql.session.timeZone": "UTC",
    # The pool reads INT96 and milliseconds, and no other precision. Source: azure-docs, data loading strategies.
    "spark.sql.parquet.outputTimestampType": "INT96",
    # Without these, Spark 3 stops at 0001-01-01 and 1753-01-01, which SQL tables are full of.
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.writeLegacyFormat": "false",
    # Version 2 puts the files of a job that is then cancelled where those of a finished one are.
    "mapreduce.fileoutputcommitter.algorithm.version": "1",
}


class RefusedError(ValueError):
    """The request asks for what cannot be done; trying again does not help."""


class Run:
    """One run of a job.

    :param spark: The session, with the settings of :data:`SESSION`.
    :param request: What is asked for.
    """

    def __init__(self, spark: SparkSession, request: Mapping[str, Any]) -> None:
        self.spark = spark
        self.request = request
        #: What the run is doing, for ``error.json``.
        self.step = "begin"

    def check_request(self, url: str) -> None:
        """Check that the request still stands, and is one that this job knows.

        Whoever withdraws a request looks for the owner of its folder after that. A run that looks for the request after
        it has become the owner is seen there, or sees that it must not write.

        :param url: Where the request was read.
        :raises RefusedError: It was withdrawn, or is of another version.
        """
        system, path = resolve(self.spark, url)
        if not system.exists(path):
            raise RefusedError("The request was withdrawn while this run began: another batch does the work.")
        version = self.request.get("version")
        if version != VERSION:
            raise RefusedError(f"The request has version {version!r}; this job knows {VERSION} only.")

    def url(self, name: str) -> str:
        """Return the URL of a file or folder in the folder of the run."""
        return f"{self.request['folder'].rstrip('/')}/{name}"

    def claim(self) -> None:
        """Make this run the owner of its folder.

        :raises RefusedError: Another one is.
        """
        try:
            self.write(_OWNER, {"application_id": self.spark.sparkContext.applicationId})
        except Py4JJavaError as error:
            if not _chain(error)[-1].startswith("org.apache.hadoop.fs.FileAlreadyExistsException"):
                raise
            raise RefusedError(
                f"The folder {self.request['folder']} belongs to another run; see {_OWNER} in it. Each run needs a "
                "folder of its own."
            ) from None

    def write(self, name: str, content: Mapping[str, Any], *, overwrite: bool = False) -> None:
        """Write a JSON file into the folder of the run; without ``overwrite`` it must not be there."""
        system, path = resolve(self.spark, self.url(name))
        stream = system.create(path, overwrite)
        try:
            text = json.dumps({"version": VERSION, **content}, ensure_ascii=False, indent=1)
            stream.write(bytearray(text, "utf-8"))
        finally:
            stream.close()

    def files(self, name: str) -> list[dict[str, Any]]:
        """Return ``name`` and ``bytes`` of the data files in a folder of the run, in the order of their names."""
        system, path = resolve(self.spark, self.url(name))
        found = [status for status in system.listStatus(path) if status.isFile()]
        named = ((status.getPath().getName(), status.getLen()) for status in found)
        return [{"name": f"{name}/{file}", "bytes": size} for file, size in sorted(named) if file[0] not in "._"]

    def report(self, error: Exception) -> None:
        """Write ``error.json``. What goes wrong with that is printed: the error itself must not be lost."""
        causes = _chain(error)
        kind, _, message = causes[-1].partition(": ")
        content = {
            "kind": kind,
            "message": _shortened(message, _LONGEST_MESSAGE),
            "step": self.step,
            "traceback": _shortened("".join(traceback.format_exception(error)), _LONGEST_TRACEBACK),
        }
        try:
            self.write(_ERROR, content, overwrite=True)
        except Py4JJavaError:
            traceback.print_exc()


def run(job: Callable[[Run], Mapping[str, Any]]) -> None:
    """Run a job with the request that the command line names, and write what it returns as the manifest.

    :raises Exception: What the job raised, which also is in ``error.json``.
    """
    run_request(job, sys.argv[1])


def run_request(job: Callable[[Run], Mapping[str, Any]], request_url: str) -> None:
    """Run a job with the request at a URL; see :func:`run`."""
    started = time.monotonic()
    spark = SparkSession.builder.getOrCreate()
    for name, value in SESSION.items():
        spark.conf.set(name, value)
    request = json.loads(_read(spark, request_url))
    this = Run(spark, request)
    this.claim()
    try:
        this.check_request(request_url)
        manifest = {
            **job(this),
            "spark_version": spark.version,
            "application_id": spark.sparkContext.applicationId,
            "seconds": round(time.monotonic() - started, 3),
        }
        this.step = "write the manifest"
        this.write(MANIFEST, manifest)
    except Exception as error:
        this.report(error)
        raise


def resolve(spark: SparkSession, url: str) -> tuple[Any, Any]:
    """Return the FileSystem of a URL and the URL's Path, both Hadoop's."""
    path = spark._jvm.org.apache.hadoop.fs.Path(url)  # pyspark has no public way to Hadoop's classes
    return path.getFileSystem(spark._jsc.hadoopConfiguration()), path


def _read(spark: SparkSession, url: str) -> bytes:
    system, path = resolve(spark, url)
    stream = system.open(path)
    try:
        return bytes(stream.readAllBytes())
    finally:
        stream.close()


def _chain(error: BaseException) -> list[str]:
    """Return the error and what caused it, as ``class: message``; the first cause is last."""
    if not isinstance(error, Py4JJavaError):
        return [f"{type(error).__name__}: {error}"]
    causes: list[str] = []
    java = error.java_exception
    while java is not None and len(causes) < _MOST_CAUSES:
        causes.append(f"{java.getClass().getName()}: {java.getMessage()}")
        java = java.getCause()
    return causes


def _shortened(text: str, length: int) -> str:
    text = _SECRET.sub(r"\1***", text)
    return text if len(text) <= length else f"{text[: length // 2]}\n[...]\n{text[-length // 2 :]}"
