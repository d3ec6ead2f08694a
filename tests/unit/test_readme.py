import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.transfer.save_mode import SAVE_MODES

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_generated_parts_of_the_readme_are_those_of_the_code():
    generate = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (generate.returncode, generate.stdout.strip()) == (0, "up to date"), generate.stderr


def names_of_example(number) -> dict[str, Any]:
    """Run an example in Python, and return what it defines."""
    source = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[number]
    namespace: dict[str, Any] = {}
    exec(compile(source, "README.md", "exec"), namespace)
    return namespace


def test_dag_of_the_readme_loads_a_day():
    load_day = names_of_example(0)["load_day"]
    assert isinstance(load_day, SynapseCopyOperator)
    assert load_day.dag.task_ids == ["load_day"]


def test_task_of_the_readme_loads_what_spark_has():
    load_carriers = names_of_example(1)["load_carriers"]
    assert isinstance(load_carriers, SparkToSqlPoolOperator)
    assert load_carriers.save_mode in SAVE_MODES
