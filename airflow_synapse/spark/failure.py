"""Say why a job has ended without its result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from airflow_synapse.exceptions import SparkJobError
from airflow_synapse.secret import MASK
from airflow_synapse.spark.batch import BatchStatus

#: Errors of a job that come again whenever it runs: exception classes of Spark, Python and the jobs of this package.
_FINAL_KINDS: Final = frozenset(
    {
        "RefusedError",
        "AnalysisException",
        "ParseException",
        "IllegalArgumentException",
        "PySparkTypeError",
        "PySparkValueError",
        "ValueError",
        "TypeError",
        "KeyError",
    }
)
#: Signatures, keys, passwords and tokens as they stand in URLs, connection strings, settings and headers.
_CREDENTIAL: Final = re.compile(
    r"((?:\bsig|key(?:\.[\w.-]+)?|password|pwd|secret|token)[\"']?\s*[=:]\s*[\"']?|\bBearer\s+)[^\s&;,\"']+",
    re.IGNORECASE,
)


def without_credentials(text: str) -> str:
    """Return what a driver has written without what looks like a credential, whosever it is.

    >>> without_credentials("cannot open https://lake/x?sp=r&sig=abc%3D: password=hunter2;")
    'cannot open https://lake/x?sp=r&sig=*** password=***;'
    """
    return _CREDENTIAL.sub(rf"\1{MASK}", text)


def job_failure(status: BatchStatus, job_error: Mapping[str, Any] | None, studio_url: str | None) -> SparkJobError:
    """Return the error of a job that has ended without its result.

    :param status: The last that the pool said of its batch.
    :param job_error: What the job has written into its ``error.json``; None where there is none.
    :param studio_url: Page of the batch in Synapse Studio; None where it is not known.
    """
    lines = [f"{status}."]
    if job_error:
        step = f" in step {job_error['step']!r}" if job_error.get("step") else ""
        lines.append(f"The job says{step}: {job_error.get('kind')}: {job_error.get('message')}")
    elif status.state == "success":
        lines.append("The pool says that it succeeded, but the job has left no result, and no error.")
    lines += [
        f"Synapse says: {error.message} ({error.code or 'no code'}, source {error.source or 'Unknown'})"
        for error in status.errors
    ]
    if studio_url:
        lines.append(f"More in Synapse Studio: {studio_url}")
    kind = str((job_error or {}).get("kind")).rpartition(".")[2]  # a class of Java comes with its package
    is_final = kind in _FINAL_KINDS or any(error.source == "User" for error in status.errors)
    return SparkJobError("\n".join(lines), retryable=not is_final)
