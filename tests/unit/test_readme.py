import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_synapse.copy import TableName
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.rights import missing_rights, rights_to_load
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor
from airflow_synapse.transfer.save_mode import SAVE_MODES

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_what_is_generated_of_the_documents_is_that_of_the_code():
    generate = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (generate.returncode, generate.stdout.strip()) == (0, "up to date"), generate.stderr


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https:)([^)]+)\)", README))))
def test_links_of_the_readme_lead_somewhere(target):
    path, _, heading = target.partition("#")
    document = REPOSITORY / path if path else REPOSITORY / "README.md"
    assert document.exists()
    if heading:
        headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
        assert heading in {title.casefold().replace(" ", "-") for title in headings}


def test_every_page_is_linked_from_the_readme():
    pages = {f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")}
    assert {page for page in pages if f"]({page})" not in README} == set()


def run_example(that_defines: str, namespace: dict[str, Any]) -> Any:
    """Run the example in Python that defines a name, and return what it defines by it."""
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (source,) = [example for example in examples if re.search(rf"^ *{that_defines} = ", example, re.MULTILINE)]
    exec(compile(source, "README.md", "exec"), namespace)
    return namespace[that_defines]


def test_dag_of_the_readme_loads_a_day_and_checks_and_keeps_what_was_rejected():
    namespace: dict[str, Any] = {}
    load_day = run_example("load_day", namespace)
    assert isinstance(load_day, SynapseCopyOperator)
    assert load_day.dag.task_ids == ["load_day"]

    with load_day.dag:
        check = run_example("check", namespace)
        quarantine = run_example("quarantine", namespace)
    assert isinstance(check, SynapseRejectedRowsSensor)
    assert check.upstream_task_ids == {"load_day"}
    assert isinstance(quarantine, RejectedRowsToTableOperator)
    assert quarantine.upstream_task_ids == {"load_day"}


def test_task_of_the_readme_loads_what_spark_has():
    load_carriers = run_example("load_carriers", {})
    assert isinstance(load_carriers, SparkToSqlPoolOperator)
    assert load_carriers.save_mode in SAVE_MODES


def test_connections_of_the_readme_are_read(monkeypatch):
    for name, text in re.findall(r"^export (AIRFLOW_CONN_\w+)='(.*?)'$", README, re.MULTILINE | re.DOTALL):
        monkeypatch.setenv(name, text.replace("<account key>", "a2V5").replace("<", "").replace(">", ""))
    pool, storage = SynapseSqlPoolHook("synapse_default").settings, SynapseStorageHook("lake").settings
    assert (pool.server, pool.database, pool.login) == ("workspace.sql.azuresynapse.net", "pool", "login")
    assert (storage.account, storage.key.reveal()) == ("account", "a2V5")


def test_task_of_the_readme_gives_spark_what_the_pool_has():
    assert isinstance(run_example("flights_to_spark", {}), SqlPoolToSparkOperator)


def test_rights_of_the_readme_are_asked_for(monkeypatch, capsys):
    def answer(hook, rights):
        assert rights == rights_to_load(TableName.parse("dbo.flights"), disposition="replace_slice")
        return missing_rights(rights, ["loader", 1, 0, *[1] * (len(rights) - 2)])

    monkeypatch.setattr(SynapseSqlPoolHook, "missing_rights", answer)
    run_example("missing", {})
    assert capsys.readouterr().out == "['GRANT CREATE TABLE TO [loader]']\n"
