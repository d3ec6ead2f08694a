"""What the examples say of the rights that they need."""

import importlib.util
from pathlib import Path

import pytest
from airflow.sdk import BaseOperator

from airflow_synapse.copy import TableName
from airflow_synapse.load.rights import rights_to_export, rights_to_load
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator
from airflow_synapse.transfer.save_mode import WriteChoice

EXAMPLES = sorted((Path(__file__).parents[2] / "example_dags").glob("*.py"))


def rights_of(task):
    if isinstance(task, SynapseCopyOperator):
        disposition = task.write_disposition
    elif isinstance(task, SparkToSqlPoolOperator):
        disposition = WriteChoice.of(task.save_mode, task.write_disposition).write_disposition
    elif isinstance(task, SqlPoolToSparkOperator):
        return rights_to_export("dbo")
    elif isinstance(task, RejectedRowsToTableOperator):
        disposition = "replace_slice"
    else:
        return ()
    return rights_to_load(TableName.parse(task.table), disposition=disposition, creates_table=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_docstring_names_the_rights_that_the_tasks_need(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    tasks = [value for value in vars(example).values() if isinstance(value, BaseOperator)]
    said = " ".join(example.__doc__.split())
    assert {right.name for task in tasks for right in rights_of(task) if right.name not in said} == set()
