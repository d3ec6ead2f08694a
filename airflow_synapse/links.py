"""Links from a task's page to Synapse Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class SparkApplicationLink(BaseOperatorLink):
    """Opens the Spark application of a task in Synapse Studio.

    The task tells the page in its attribute ``spark_application_url``, which is None where nobody knows it. Airflow
    asks when the task ends; one that wants the link to be there earlier pushes the page to XCom, as ``xcom_key``.
    """

    name = "Spark application in Synapse Studio"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's own
        """Return the page; an empty text where nobody knows it."""
        return getattr(operator, "spark_application_url", None) or ""
