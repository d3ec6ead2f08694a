"""The job that puts exported rows where Spark has them, and what it may have done before it died."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from airflow_synapse.exceptions import DeliveryUnknownError, LoadChangedError
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.spark.batch import BatchRequest
from airflow_synapse.spark.names import BatchName
from airflow_synapse.transfer.job_request import ERROR_NAME, OWNER_NAME, READING_STEPS

#: The error of a job that has refused to write. No error of Spark stands for that while it writes: the metastore's come
#: as AnalysisException, too, and after the rows. Source: Spark, HiveExternalCatalog.withClient.
_HARMLESS: Final = "RefusedError"


class DeliveryJob(StagedJob):
    """A job whose rows arrive once.

    Spark does not write in one step: a job that died while it wrote may have written its rows, or some of them. Unless
    it overwrites, such a job is not run again.

    :param identity: Whose rows they are.
    :param is_repeatable: Whether to write twice is to write once.
    :param reload: Whether what was written before the task was cleared does not count.
    """

    def __init__(self, *, identity: LoadIdentity, is_repeatable: bool, reload: bool, **job: Any) -> None:  # noqa: ANN401 - of StagedJob
        super().__init__(**job)
        self._identity = identity
        self._is_repeatable = is_repeatable
        self._reload = reload

    def prepare(self, name: str, earlier: Sequence[str]) -> BatchRequest:
        """As :meth:`StagedJob.prepare`.

        :raises LoadChangedError: An earlier batch has written rows.
        :raises DeliveryUnknownError: One may have.
        """
        if not self._is_repeatable:
            for folder in self.names(self._identity):
                if str(folder) == name or not self._counts(folder):
                    continue
                if self.has_result(str(folder)):
                    raise LoadChangedError(
                        f"Spark batch {str(folder)!r} of this DAG run has delivered its rows, before the task was "
                        "cleared or with other arguments. To deliver them again, clear the task with reload=True."
                    )
                if self._may_have_written(str(folder)):
                    raise DeliveryUnknownError(
                        f"Spark batch {str(folder)!r} of this DAG run was about to write its rows, and ended without "
                        "saying that it has. They may be in the target, or some of them, or none. Look whether they "
                        "are, and remove them if some are missing; then clear the task with reload=True to write them. "
                        "If all are there, mark the task as succeeded."
                    )
        return super().prepare(name, earlier)

    def _counts(self, name: BatchName) -> bool:
        return not (self._reload and name.clear_number < self._identity.clear_number)

    def _may_have_written(self, name: str) -> bool:
        if self.read(name, OWNER_NAME) is None:
            return False  # the job has not begun, and finds no request any more
        try:
            error = json.loads(self.read(name, ERROR_NAME) or b"null")
            return error["step"] not in READING_STEPS and not str(error["kind"]).endswith(_HARMLESS)
        except (ValueError, KeyError, TypeError):  # there is none, or the job died while it wrote it
            return True
