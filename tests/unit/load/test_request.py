"""Reading the pool's view of a request."""

import pytest

from airflow_synapse.load.request import LabelledRequest


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([("QID1", "Completed", 842)], LabelledRequest("QID1", "Completed", 842)),
        ([("QID1", "Running", None)], LabelledRequest("QID1", "Running", None)),
    ],
    ids=["forgotten", "with writers", "without writers"],
)
def test_rows_of_the_view_become_a_request(rows, expected):
    assert LabelledRequest.from_rows(rows) == expected
