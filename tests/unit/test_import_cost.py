"""What a DAG file pays for importing this package. ``benchmarks/`` measures the time."""

import json
import subprocess
import sys

import pytest

#: Modules that a DAG file imports, and a name from each where importing happens when a name is asked for.
DAG_FACING = [
    "import airflow_synapse",
    "import airflow_synapse.exceptions",
    "import airflow_synapse.secret",
    "import airflow_synapse.operators.copy",
    "import airflow_synapse.operators.rejected_rows_to_files",
    "import airflow_synapse.operators.rejected_rows_to_table",
    "import airflow_synapse.sensors.rejected_rows",
    "import airflow_synapse.triggers.rejected_rows",
    "import airflow_synapse.operators.spark_to_sql_pool",
    "import airflow_synapse.operators.sql_pool_to_spark",
    "from airflow_synapse.copy import ManagedIdentity",
    "from airflow_synapse.copy import CopyColumn, SharedAccessSignature",
    "import airflow_synapse.get_provider_info",
    "import airflow_synapse.links",
]
#: What a triggerer imports on its event loop; Airflow has imported the base class before.
TRIGGERS = [
    "airflow_synapse.triggers.copy_load",
    "airflow_synapse.triggers.rejected_rows",
    "airflow_synapse.triggers.spark_batch",
]
FORBIDDEN = ("aiohttp", "azure", "pyodbc", "pyarrow", "requests", "duckdb", "airflow.providers.common.sql")
MOST_MODULES = 15

SCRIPT = """
import json, sys
from airflow.sdk import DAG
before = set(sys.modules)
for statement in json.loads(sys.argv[1]):
    exec(statement)
    print(json.dumps([statement, sorted(set(sys.modules) - before)]))
"""


def modules_added_by(*statements):
    """Return what each statement, after those before it, has added to a process that has imported airflow.sdk."""
    output = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(statements)], capture_output=True, text=True, check=True
    ).stdout
    return dict(json.loads(line) for line in output.splitlines() if line.startswith("["))


@pytest.mark.parametrize("statement", DAG_FACING)
def test_a_dag_file_imports_little_and_nothing_slow(statement):
    added = modules_added_by(statement)[statement]
    assert len(added) <= MOST_MODULES
    assert not [name for name in added if f"{name}.".startswith(tuple(f"{each}." for each in FORBIDDEN))]


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_trigger_module_imports_nothing_but_itself(trigger):
    first, second = "import airflow.triggers.base, asgiref.sync, airflow_synapse.exceptions", f"import {trigger}"
    ours = modules_added_by(first, second)
    assert set(ours[second]) - set(ours[first]) == {"airflow_synapse.triggers", trigger}
