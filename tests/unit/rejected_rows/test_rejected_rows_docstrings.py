"""The examples in docstrings do what they say."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("module", ["arguments", "layout", "reasons", "report", "reported", "thresholds"])
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(import_module(f"airflow_synapse.rejected_rows.{module}"))
    assert result.attempted
    assert not result.failed
