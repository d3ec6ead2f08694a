"""What a file that runs on the Spark pool may use: Python 3.10, its standard library, pyspark and its neighbours."""

import ast
import sys
from pathlib import Path

import pytest

import airflow_synapse

FOLDER = Path(airflow_synapse.__file__).parent / "transfer" / "job"
FILES = sorted(FOLDER.glob("*.py"))
#: Of the Synapse runtime; connector.py imports them when they are asked for.
OF_THE_RUNTIME = {"com", "notebookutils"}
ALLOWED = sys.stdlib_module_names | {"pyspark", "py4j"} | {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_file_is_written_for_python_3_10(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_file_imports_what_every_spark_pool_has(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    parts = {name.split(".")[0] for name in names}
    assert parts - ALLOWED <= (OF_THE_RUNTIME if path.name == "connector.py" else set())
