"""The part of ``spark_transfer`` that runs with Spark's Python: its tasks send rows as INSERT statements, by pyodbc.

Settings come as JSON on standard input, as one is a secret; the last line of the output is the seconds that it took.
"""

import json
import sys
import time

from pyspark.sql import SparkSession


def main():
    settings = json.load(sys.stdin)
    login, statement = settings["login"], settings["statement"]

    def insert(rows):
        import pyodbc  # noqa: PLC0415 - in a Python worker of Spark

        connection = pyodbc.connect(login, autocommit=True)
        cursor = connection.cursor()
        cursor.fast_executemany = True
        cursor.executemany(statement, [tuple(row) for row in rows])
        connection.close()

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    rows = spark.sql(settings["query"])
    rows.foreachPartition(lambda part: sum(1 for _ in part))  # Spark and its Python workers are warm
    started = time.perf_counter()
    rows.foreachPartition(insert)
    sys.stdout.write(f"{time.perf_counter() - started}\n")


main()
