"""The package stays pure: a DAG file that imports it pays for nothing but the standard library."""

import subprocess
import sys

import pytest

import airflow_synapse.copy


def imported_by(statement):
    """Names of the modules that ``statement`` imports in a new interpreter, without those that every one imports."""
    program = f"import sys; before = set(sys.modules)\n{statement}\nprint(*set(sys.modules) - before)"
    return set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


def test_using_all_of_it_imports_the_standard_library_and_nothing_else():
    modules = imported_by("from airflow_synapse.copy import *")
    own = {name for name in modules if name.partition(".")[0] == "airflow_synapse"}

    assert {name.partition(".")[0] for name in modules - own} <= sys.stdlib_module_names
    assert {name for name in own if not name.startswith("airflow_synapse.copy")} == {
        "airflow_synapse",
        "airflow_synapse.exceptions",
        "airflow_synapse.secret",
    }


def test_importing_a_credential_leaves_the_rules_and_the_renderer_alone():
    modules = imported_by("from airflow_synapse.copy import ManagedIdentity")

    assert not modules & {f"airflow_synapse.copy.{name}" for name in ("rules", "conditions", "statement", "options")}


@pytest.mark.parametrize("name", airflow_synapse.copy.__all__)
def test_public_name_exists(name):
    assert getattr(airflow_synapse.copy, name) is not None
    assert name in dir(airflow_synapse.copy)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        _ = airflow_synapse.copy.utils
