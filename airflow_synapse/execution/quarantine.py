"""Bring the rejected rows of a load into a table: stage them as a file, load it, and remove it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from airflow_synapse.copy import StorageCredential
from airflow_synapse.copy.literals import string_literal
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.copy_load import CopyLoad
from airflow_synapse.execution.reject_folder import RejectFolder
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.staging_area import StagingArea
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.result import LoadResult
from airflow_synapse.rejected_rows.quarantine import COLUMNS, csv_blocks
from airflow_synapse.rejected_rows.rows import RejectedRow, read_rejected_rows
from airflow_synapse.transfer.lake_folder import at_endpoint, below

#: Folder for staged files, beside that of the rejected rows: who writes these may write there.
_STAGING: Final = "quarantine"

log: Final = logging.getLogger(__name__)


class Quarantine:
    """One execution of a RejectedRowsToTableOperator. The constructor checks the arguments, and connects to nothing.

    :param folder: Where the rejected rows are.
    :param task_try: Who loads.
    :param table: Where they are to be.
    :param credential: How the pool reads the staged file; None for what the connection holds.
    :param request_label: Of the COPY; None for that of the task.
    :raises CopyOptionError: An argument is wrong.
    :raises CredentialError: A connection does not hold the credential that is needed.
    """

    def __init__(
        self,
        folder: RejectFolder,
        task_try: TaskTry,
        *,
        table: str,
        synapse_conn_id: str,
        storage_conn_id: str,
        credential: StorageCredential | None = None,
        request_label: str | None = None,
    ) -> None:
        self._folder = folder
        self._storage = SynapseStorageHook(storage_conn_id)
        self._area = StagingArea(self._storage)
        # One way to write it, whatever the load's own was: by it the rows are found again in the table.
        place = replace(at_endpoint(folder.location, "blob"), scheme="https")
        self._name = below(place, "").url.rstrip("/")
        identity = task_try.identity
        self._staging = below(place, f"{_STAGING}/{identity.load_id}")
        self._file = replace(
            self._staging, path=f"{self._staging.path}{identity.reject_folder(task_try.try_number)}.csv"
        )
        self._arguments = CopyArguments(
            table=table,
            external_locations=self._file.url,
            columns=[{"name": name, "field_number": number} for number, name in enumerate(COLUMNS, start=1)],
            file_type="CSV",
            row_terminator="0x0A",
            credential=credential,
            request_label=request_label,
            write_disposition="replace_slice",
            # Also what this task instance had put there of a load that was cleared, and has another folder now.
            slice_predicate=f"reject_folder = {string_literal(self._name)} "
            f"OR quarantined_by = {string_literal(identity.load_id)}",
            create_table={"columns": COLUMNS, "distribution": "ROUND_ROBIN", "index": "HEAP"},
            synapse_conn_id=synapse_conn_id,
            storage_conn_id=storage_conn_id,
            origin=self._name,
        )
        self._try = task_try
        self._copy_load = CopyLoad(self._arguments, task_try)

    @property
    def copy_statement(self) -> str:
        """The COPY, without its secrets."""
        return self._copy_load.copy.redacted_sql()

    def run(self) -> LoadResult:
        """Load the rows, or take the result of an earlier try. In a first try, no row means no change.

        :raises SourceFilesError: They cannot be read, or some of them are no longer there.
        :raises SynapseError: The load failed; the staged file stays for the next try to remove.
        """
        is_first = self._try.try_number == 1
        result = None if is_first else self._copy_load.find_result()
        if result is None:
            rows = self._stage()
            if not rows and is_first:
                copy = self._copy_load.copy
                return no_rows(str(copy.target), copy.label or "", self._name)
            self._copy_load = CopyLoad(replace(self._arguments, rows=rows), self._try)
            result = self._copy_load.run()
        self._area.remove(self._staging)
        return result

    def cancel(self) -> None:
        """Cancel the running statement; see :meth:`~airflow_synapse.execution.copy_load.CopyLoad.cancel`."""
        self._copy_load.cancel()

    def _stage(self) -> int:
        """Write the staged file, and return how many rows it has; without a row, no file.

        :raises SourceFilesError: The rows cannot be read, or some of them are no longer there.
        """
        folders = self._folder.load_folders(self._storage)
        counted = _Counted(read_rejected_rows(folders, self._storage.open_rejected_rows(self._file)))
        first = next(counted, None)
        if first is not None:
            blocks = csv_blocks(
                chain([first], counted),
                reject_folder=self._name,
                load_label=self._folder.load_result.get("label"),
                quarantined_by=self._try.identity.load_id,
            )
            self._area.upload(self._file, blocks)
            log.info("%d rejected rows of %s are staged: %s", counted.rows, self._name, self._file)
        return counted.rows


def no_rows(table: str, label: str, where: str) -> LoadResult:
    """Return the result where nothing was rejected.

    :param where: What is without a rejected row, for the log.
    """
    log.info("%s: no row was rejected. %s stays as it is.", where, table)
    return LoadResult(table=table, label=label, rows_loaded=0, rows_rejected=0)


class _Counted(Iterator[RejectedRow]):
    """Rows, and how many have been taken."""

    def __init__(self, source: Iterator[RejectedRow]) -> None:
        self._source = source
        self.rows = 0

    def __next__(self) -> RejectedRow:
        row = next(self._source)
        self.rows += 1
        return row
