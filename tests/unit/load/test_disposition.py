"""Write dispositions and their statements."""

import pytest

from airflow_synapse.copy import build_statement
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.load.disposition import load_statements


def copy(**options):
    return build_statement(
        table="dbo.[odd'name]", external_locations="https://lake.blob.core.windows.net/landing/in/", **options
    )


@pytest.mark.parametrize(
    ("write_disposition", "options", "before"),
    [
        ("append", {}, []),
        ("truncate", {}, ["TRUNCATE TABLE [dbo].[odd'name]"]),
        (
            "truncate",
            {"file_type": "PARQUET", "auto_create_table": "ON"},
            ["IF OBJECT_ID('[dbo].[odd''name]') IS NOT NULL TRUNCATE TABLE [dbo].[odd'name]"],
        ),
    ],
    ids=["append", "truncate", "truncate a table that COPY may create"],
)
def test_a_load_is_its_statements_in_order_with_the_copy_last(write_disposition, options, before):
    statement = copy(**options)
    *first, last = load_statements(write_disposition, statement)
    assert [each.to_sql() for each in first] == before
    assert [each.redacted_sql() for each in first] == before
    assert last is statement


def test_an_unknown_disposition_is_refused_by_name():
    with pytest.raises(CopyOptionError, match="write_disposition is 'replace', which is none of append, truncate"):
        load_statements("replace", copy())
