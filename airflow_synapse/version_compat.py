"""The only place that asks which Airflow is installed.

The ignored types are those of the second import of a name, which mypy sees beside the first; in an environment with one
Airflow it may find nothing to ignore.
"""

from __future__ import annotations

try:
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowSkipException,
        AirflowTaskTimeout,
    )
except ImportError:  # Airflow 3.1
    from airflow.exceptions import (  # type: ignore[attr-defined, no-redef, unused-ignore]
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowSkipException,
        AirflowTaskTimeout,
    )

try:
    from airflow.sdk.configuration import conf
except ImportError:  # Airflow 3.1
    from airflow.configuration import conf  # type: ignore[assignment, unused-ignore]

try:
    from airflow.sdk.execution_time.context import NEVER_EXPIRE
except ImportError:  # Airflow before 3.3, which has no task state store to use it with
    NEVER_EXPIRE = None  # type: ignore[assignment, unused-ignore]

__all__ = [
    "NEVER_EXPIRE",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSkipException",
    "AirflowTaskTimeout",
    "conf",
]
