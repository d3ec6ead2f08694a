"""Run job scripts in one Spark session, as orders come: a line of JSON in, a line of JSON out.

It runs with the Python of Spark's environment, where nothing of Airflow is. The session begins with the settings that a
pool may have and that would spoil the files, so the scripts have to mend them.
"""

import importlib
import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

JOB_FOLDER, WAREHOUSE, STORAGE = sys.argv[1:]
STAND_IN = str(Path(__file__).parent / "stand_in")
SPOILED = {
    "spark.sql.session.timeZone": "Australia/Sydney",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.int96RebaseModeInRead": "EXCEPTION",
    "spark.sql.parquet.int96RebaseModeInWrite": "EXCEPTION",
    "spark.sql.parquet.datetimeRebaseModeInRead": "EXCEPTION",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "EXCEPTION",
    "spark.sql.parquet.writeLegacyFormat": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
}

sys.path.insert(0, JOB_FOLDER)


def session():
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.warehouse.dir", WAREHOUSE).config("spark.sql.shuffle.partitions", "4")
    for name, value in (SPOILED | json.loads(STORAGE)).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def run(script, url, *, with_connector, withdrawn):
    """Return what the script raised, as text; None where it has done its work."""
    if with_connector:
        sys.path.insert(0, STAND_IN)
    job_run = importlib.import_module("job_run")
    read = job_run._read

    def read_and_withdraw(spark, request_url):
        text = read(spark, request_url)
        Path(request_url.removeprefix("file://")).unlink()
        return text

    job_run._read = read_and_withdraw if withdrawn else read
    try:
        job_run.run_request(getattr(importlib.import_module(script), script), url)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        job_run._read = read
        if with_connector:
            sys.path.remove(STAND_IN)
            for name in [name for name in sys.modules if name.split(".")[0] in {"com", "notebookutils"}]:
                del sys.modules[name]


def query(spark, text):
    return [list(map(str, row)) for row in spark.sql(text).collect()]


def main():
    spark = session()
    for line in sys.stdin:
        order = json.loads(line)
        answer = query(spark, order["sql"]) if "sql" in order else run(**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
