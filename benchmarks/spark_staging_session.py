"""The part of ``spark_staging`` that runs with Spark's Python: both ways to write the same rows, in turn.

Settings come as JSON on the command line; the last line of the output is JSON: seconds of each run by way.
"""

import importlib
import json
import sys
import time
from functools import partial

from pyspark.sql import SparkSession

#: A table of the usual kinds of columns, of about 60 bytes a row in the files.
_SOURCE = """SELECT id, concat('customer ', id * 7919 % 1000003) AS customer, rand(1) AS ratio, id % 7 = 0 AS is_new,
    CAST(id * 31 % 100000 / 100 AS decimal(18, 2)) AS amount, date_add(DATE'2013-01-01', CAST(id % 365 AS int)) AS day,
    timestamp_micros(1356998400000000 + id * 997) AS moment, concat('some text of row ', id) AS note
    FROM range(0, {rows}, 1, 4)"""


def main():
    settings = json.loads(sys.argv[1])
    sys.path.insert(0, settings["jobs"])
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name, value in settings["configuration"].items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for rows in settings["warm_up_rows"], settings["rows"]:
        spark.sql(_SOURCE.format(rows=rows)).write.mode("overwrite").parquet(settings["source"])
        seconds = {"bare": [], "stage": []}
        for number in range(settings["runs"]):
            for way, write in (("bare", partial(_write, spark, settings["source"])), ("stage", _stage)):
                folder = f"{settings['target']}/{rows}-{number}-{way}"
                _upload_request(spark, settings, folder)  # of both: the operator does it, and it makes the folder
                start = time.perf_counter()
                write(folder)
                seconds[way].append(time.perf_counter() - start)
    sys.stdout.write(json.dumps(seconds) + "\n")


def _write(spark, source, folder):
    spark.read.parquet(source).write.parquet(f"{folder}/data")


def _upload_request(spark, settings, folder):
    source = {"kind": "files", "format": "parquet", "paths": [settings["source"]]}
    request = {"version": 1, "folder": folder, "source": source, **settings["options"]}
    system, path = importlib.import_module("job_run").resolve(spark, f"{folder}/request.json")
    stream = system.create(path)
    stream.write(bytearray(json.dumps(request), "utf-8"))
    stream.close()


def _stage(folder):
    job_run, stage = (importlib.import_module(name) for name in ("job_run", "stage"))
    job_run.run_request(stage.stage, f"{folder}/request.json")


main()
