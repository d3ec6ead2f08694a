"""What docs/operators.md says of an argument comes from docstrings: these have to name all, and what is rendered."""

import importlib.util
import inspect
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


@pytest.mark.parametrize("described", documented.DESCRIBED, ids=lambda described: described.__name__)
def test_the_page_says_all_that_the_docstring_says_before_its_arguments(described):
    told = inspect.getdoc(described).partition("\n:param ")[0].split()
    section = documented.as_markdown().partition(f"## {described.__name__}\n")[2]
    shown = section.partition("\n| Argument")[0].replace("```", "").split()
    assert len(shown) == len(told)
