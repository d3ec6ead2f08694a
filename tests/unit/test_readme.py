import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_generated_parts_of_the_readme_are_those_of_the_code():
    generate = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (generate.returncode, generate.stdout.strip()) == (0, "up to date"), generate.stderr


def test_dag_of_the_readme_loads_a_day_and_checks_and_keeps_what_was_rejected():
    first, second, third = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(compile(first, "README.md", "exec"), namespace)
    load_day = namespace["load_day"]
    assert isinstance(load_day, SynapseCopyOperator)
    assert load_day.dag.task_ids == ["load_day"]

    with load_day.dag:
        exec(compile(second, "README.md", "exec"), namespace)
        exec(compile(third, "README.md", "exec"), namespace)
    assert isinstance(namespace["check"], SynapseRejectedRowsSensor)
    assert namespace["check"].upstream_task_ids == {"load_day"}
    assert isinstance(namespace["quarantine"], RejectedRowsToTableOperator)
    assert namespace["quarantine"].upstream_task_ids == {"load_day"}
