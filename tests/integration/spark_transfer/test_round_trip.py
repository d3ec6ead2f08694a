"""Values of every type that the pools share: from Spark to the SQL pool, to Spark, and back."""

import datetime as dt
from decimal import Decimal

import pytest

from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator

moment = dt.datetime.fromisoformat
#: Column -> its values in Spark, lowest and highest, and what the SQL pool makes of them.
VALUES = {
    "a_boolean": (("false", "true"), (False, True)),
    "a_tinyint": (("-128Y", "127Y"), (-128, 127)),
    "a_smallint": (("-32768S", "32767S"), (-32768, 32767)),
    "an_int": (("-2147483648", "2147483647"), (-(2**31), 2**31 - 1)),
    "a_bigint": (("CAST(-9223372036854775808BD AS bigint)", "9223372036854775807L"), (-(2**63), 2**63 - 1)),
    "a_float": (("-1.5F", "0.25F"), (-1.5, 0.25)),
    "a_double": (("-1.1D", "1e300D"), (-1.1, 1e300)),
    "a_decimal": (
        ("-12345678901234567890.000000000000000001BD", "CAST(0 AS decimal(38,18))"),
        (Decimal("-12345678901234567890.000000000000000001"), Decimal("0E-18")),
    ),
    "a_string": (("''", "concat(' é😀 ', repeat('x', 4000 - 6))"), ("", " é😀 " + "x" * 3994)),
    "a_binary": (("X''", "X'00FF'"), (b"", b"\x00\xff")),
    "a_date": (("DATE '0001-01-01'", "DATE '9999-12-31'"), (dt.date(1, 1, 1), dt.date(9999, 12, 31))),
    "a_timestamp": (
        ("TIMESTAMP '0001-01-01 00:00:00Z'", "TIMESTAMP '9999-12-31 23:59:59.999999Z'"),
        (moment("0001-01-01 00:00:00"), moment("9999-12-31 23:59:59.999999")),
    ),
    "a_timestamp_ntz": (
        ("TIMESTAMP_NTZ '1753-01-01 00:00:00'", "TIMESTAMP_NTZ '2013-01-31 23:59:59.123456'"),
        (moment("1753-01-01 00:00:00"), moment("2013-01-31 23:59:59.123456")),
    ),
}
LOWEST, HIGHEST = (", ".join(values[0][place] for values in VALUES.values()) for place in (0, 1))
NAMES = ", ".join(VALUES)
SOURCE = f"""
SELECT * FROM VALUES (0, {LOWEST}), (1, {HIGHEST}) AS given (id, {NAMES})
UNION ALL
SELECT 2, {", ".join("NULL" for _ in VALUES)}
"""


@pytest.mark.usefixtures("lake_objects")
def test_values_of_every_type_come_back_as_they_went(new_task, new_name, pool_connection):
    there, back = new_name(), new_name()
    new_task(SparkToSqlPoolOperator, table=there, spark_sql=SOURCE).run()
    rows = [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {there} ORDER BY id")]
    assert rows == [
        *((place, *(values[1][place] for values in VALUES.values())) for place in (0, 1)),
        (2, *(None for _ in VALUES)),
    ]

    exported = {"data_source": "transfer_lake", "file_format": "transfer_parquet", "save_mode": "overwrite"}
    new_task(SqlPoolToSparkOperator, table=there, spark_table="went_there", **exported).run()
    new_task(SparkToSqlPoolOperator, table=back, spark_table="went_there").run()

    assert [tuple(row) for row in pool_connection.execute(f"SELECT * FROM {back} ORDER BY id")] == rows
