"""Rows that could not be loaded: counted, kept, and written to the folder of ERRORFILE.

Source: COPY reference 2026-05, ERRORFILE and MAXERRORS.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import IO, Final, Self

from azure.storage.blob import ContainerClient

from airflow_synapse.local.copy.environment import TargetColumn
from airflow_synapse.local.copy.errors import reject_threshold_reached
from airflow_synapse.local.copy.storage import storage_errors

_MEMORY_BYTES: Final = 2**20
_SHOWN_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row was left out.

    :param row: Index in its part.
    :param field_number: From 1; None when the row as a whole cannot be read.
    :param value: The text of the field; None for NULL.
    :param reason: A clause without full stop.
    """

    row: int
    reason: str
    field_number: int | None = None
    column: TargetColumn | None = None
    value: str | None = None


class RejectedRows:
    """Collects rejected rows in two temporary files, so that their number costs no memory.

    :param max_errors: How many are allowed.
    """

    def __init__(self, max_errors: int) -> None:
        self._max_errors = max_errors
        # Closed by __exit__.
        self._errors: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - close() closes it
        self._rows: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - close() closes it
        self._first_reason = ""
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._errors.close()
        self._rows.close()

    def add(self, file: str, row_number: int, rejection: Rejection, raw: bytes) -> None:
        """Keep one row.

        :param row_number: In its file, from 1, rows that FIRSTROW skips included.
        :param raw: The row as it stands in the file, without terminator.
        """
        reason = _reason(file, row_number, rejection)
        self._first_reason = self._first_reason or reason
        self.count += 1
        self._errors.write(reason.encode() + b"\n")
        self._rows.write(raw + b"\n")

    def check(self, processed: int) -> None:
        """Stop the load once too many rows are rejected.

        :param processed: Rows seen so far, rejected ones included.
        :raises PoolError: More than MAXERRORS are.
        """
        if self.count > self._max_errors:
            raise reject_threshold_reached(
                max_errors=self._max_errors,
                rejected=self.count,
                processed=processed,
                first_reason=self._first_reason,
            )

    def write(self, container: ContainerClient, directory: str, request_id: str, submitted_at: datetime) -> str | None:
        """Write the Error and Row files and return the path of their folder; nothing and None without rejected rows.

        Assumption: The folder of rejected rows exists only if a row was rejected and COPY succeeded; the time in its
        name is UTC.
        Assumption: Error.Txt has a line of text for each rejected row, Row.Txt the rows as they stand in the source
        file, in UTF-8, each followed by LF; one pair of files holds all rejected rows of a load.

        :raises PoolError: The storage refuses.
        """
        if not self.count:
            return None
        folder = "/".join(
            part for part in (directory.strip("/"), "_rejectedrows", f"{submitted_at:%Y%m%d-%H%M%S}") if part
        )
        for file, suffix in ((self._errors, "Error.Txt"), (self._rows, "Row.Txt")):
            file.seek(0)
            with storage_errors():
                container.upload_blob(f"{folder}/{request_id}_1_1.{suffix}", file, overwrite=True)
        return folder


def _reason(file: str, row_number: int, rejection: Rejection) -> str:
    """Say why, in the words that a real pool is known to use for an invalid value in CSV and in external tables."""
    if rejection.column is None:
        text = (
            f"Bulk load failed due to an invalid row in CSV data file {file} in row {row_number}: {rejection.reason}."
        )
    else:
        ordinal = rejection.field_number or 0
        value = "NULL" if rejection.value is None else rejection.value[:_SHOWN_CHARACTERS]
        text = (
            f"Bulk load failed due to invalid column value in CSV data file {file} in row {row_number}, "
            f"column {ordinal}. Column ordinal: {ordinal}, Column name: {rejection.column.name}, Expected data type: "
            f"{str(rejection.column.type).upper()}, Offending value: {value} ({rejection.reason})"
        )
    return " ".join(text.splitlines())
