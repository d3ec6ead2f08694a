"""Let Spark aggregate a table of a dedicated SQL pool, and load the result into the pool.

What: the pool exports ``dbo.flights`` to Parquet, and a job on the Spark pool makes the Spark table ``flights`` of it.
A second job runs a query of Spark over that table, and the pool loads its result into ``dbo.flights_by_carrier``. Both
tasks give up their workers while they wait, and remove the files between the pools.

Why: each side reads and writes files in parallel, so the data never pass through the Airflow worker.

When: for work that Spark does better than SQL. Both tasks overwrite, so that a run that is tried again, cleared or
triggered twice leaves the same tables.

Prerequisites: the connections ``synapse_default`` (type ``azure_synapse_sql_pool``), ``azure_synapse_default`` (type
``azure_synapse``) of the workspace with the Spark pool ``spark``, and ``lake`` (type ``wasb``) of the storage account.
The login of the first has ADMINISTER DATABASE BULK OPERATIONS, CREATE TABLE, ALTER ANY EXTERNAL DATA SOURCE and ALTER
ANY EXTERNAL FILE FORMAT in the database, and ALTER, INSERT and SELECT on the schema ``dbo``. An administrator of the
pool has made the external data source ``lake`` for the container ``landing``, and the external file format
``parquet``. The identity of the Spark jobs is a Storage Blob Data Contributor of the account.
"""

from datetime import datetime, timedelta

from airflow.sdk import DAG

from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator

FLIGHTS_BY_CARRIER = """
SELECT carrier, COUNT(*) AS flights, SUM(distance) AS distance, CAST(AVG(arr_delay) AS decimal(9, 3)) AS arr_delay
FROM flights
GROUP BY carrier
"""

with DAG(
    dag_id="example_spark_flights",
    schedule=None,
    start_date=datetime(2013, 1, 1),  # noqa: DTZ001 - Airflow gives it the time zone of its settings, UTC
    default_args={
        "staging_folder": "abfss://landing@lake.dfs.core.windows.net/staging",
        "storage_conn_id": "lake",
        "spark_pool": "spark",
        "save_mode": "overwrite",
        "deferrable": True,
        "poll_interval": 5,
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
    },
    tags=["example", "synapse"],
    doc_md=__doc__,
):
    flights_to_spark = SqlPoolToSparkOperator(
        task_id="flights_to_spark",
        table="dbo.flights",
        data_source="lake",
        file_format="parquet",
        spark_table="flights",
    )
    carriers_to_sql_pool = SparkToSqlPoolOperator(
        task_id="carriers_to_sql_pool",
        table="dbo.flights_by_carrier",
        spark_sql=FLIGHTS_BY_CARRIER,
        create_table={"distribution": "ROUND_ROBIN", "index": "HEAP"},
    )
    flights_to_spark >> carriers_to_sql_pool
