"""Links from a task's page."""

from types import SimpleNamespace

import pytest

from airflow_synapse.links import SparkApplicationLink


@pytest.mark.parametrize(
    ("operator", "page"),
    [
        (SimpleNamespace(spark_application_url="https://web.azuresynapse.net/x"), "https://web.azuresynapse.net/x"),
        (SimpleNamespace(spark_application_url=None), ""),
        (SimpleNamespace(), ""),
    ],
)
def test_the_link_is_the_page_that_the_task_tells(operator, page):
    assert SparkApplicationLink().get_link(operator, ti_key=None) == page
