"""What docs/operators.md says of an argument comes from docstrings: these have to name all, and what is rendered."""

import importlib.util
import sys
from pathlib import Path

import pytest

_FILE = Path(__file__).parents[2] / "docs" / "operator_arguments.py"


def _load():
    spec = importlib.util.spec_from_file_location(_FILE.stem, _FILE)
    module = sys.modules[_FILE.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


documented = _load()


@pytest.mark.parametrize("described", documented.DESCRIBED, ids=lambda described: described.__name__)
def test_docstring_names_every_argument_and_says_which_are_templated(described):
    said = documented.descriptions(described)
    assert set(said) == set(documented.arguments(described))
    assert {name for name, text in said.items() if "(templated)" in text} == {
        name for name in said if documented.is_templated(described, name)
    }
