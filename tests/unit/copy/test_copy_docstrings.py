"""The examples in the docstrings are true."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import airflow_synapse.copy

MODULES = [module.name for module in pkgutil.iter_modules(airflow_synapse.copy.__path__)]


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_the_docstrings_are_true(module):
    assert doctest.testmod(import_module(f"airflow_synapse.copy.{module}")).failed == 0


def test_docstrings_have_examples():
    assert doctest.testmod(import_module("airflow_synapse.copy.identifiers")).attempted > 0
