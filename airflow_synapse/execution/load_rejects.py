"""The rejected rows of one load: reported, and too many of them refused before the table changes."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from airflow_synapse.copy import CopyStatement, ErrorFile, ExternalLocation
from airflow_synapse.exceptions import CopyOptionError, SynapseError
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.failures import too_many_rejected_rows
from airflow_synapse.rejected_rows.arguments import parse_rows
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.thresholds import Thresholds

log: Final = logging.getLogger(__name__)


class LoadRejects:
    """What one execution of a SynapseCopyOperator knows of its rejected rows.

    :param arguments: The operator's arguments, rendered.
    :param storage: For the account of ERRORFILE; None where nothing here can read it.
    :raises CopyOptionError: ``max_rejected_rows``, ``max_rejected_ratio`` or ``rejected_rows_sample`` is none.
    """

    def __init__(self, arguments: CopyArguments, storage: SynapseStorageHook | None) -> None:
        self._arguments = arguments
        self._storage = storage
        self._sample_rows = parse_rows("rejected_rows_sample", arguments.rejected_rows_sample)
        self._thresholds = Thresholds.parse(arguments.max_rejected_rows, arguments.max_rejected_ratio)
        #: What :meth:`inspect` has read last, and the directory.
        self._inspected: tuple[str, RejectedRowsReport] | None = None

    def check(self, options: LoadOptions) -> None:
        """Refuse thresholds that could not keep the table as it is, or that nobody could compare with anything.

        :raises CopyOptionError: The arguments do not go together.
        """
        if not self._thresholds:
            return
        given = " and ".join(self._thresholds.names)
        if options.path == "direct":
            raise CopyOptionError(
                f"{given} must be compared before the table changes, but write_disposition="
                f"{options.write_disposition!r} loads into the table at once. Use replace, replace_slice, "
                "replace_partition or upsert, or append with ledger_table."
            )
        if not self._are_countable:
            raise CopyOptionError(
                f"{given} cannot be compared with anything: to count the rejected rows of a load takes error_file, "
                "error_file_per_load, and storage_conn_id or error_storage_conn_id."
            )

    def inspect(self, copy: CopyStatement, rows_loaded: int) -> None:
        """Compare the rejected rows of a COPY with the thresholds, before its rows are published.

        Assumption: When COPY ends, its files of rejected rows are complete; where it wrote none, it rejected none.

        :raises TooManyRejectedRowsError: They are beyond one.
        :raises SourceFilesError: They cannot be read.
        """
        if not self._thresholds or copy.error_file is None:
            return
        report = self._read(copy, rows_loaded)
        self._inspected = copy.error_file.directory, report
        if breach := self._thresholds.breach(report):
            log.error("%s", report.to_text())
            raise too_many_rejected_rows(copy, report, breach)

    def report(self, copy: CopyStatement, rows_loaded: int | None) -> RejectedRowsReport | None:
        """Report the rejected rows of a load that succeeded; None where they cannot be known.

        A CSV load that allows no rejected row and succeeds has rejected none.
        """
        if not copy.max_errors and copy.file_type == "CSV":
            return RejectedRowsReport(rows_loaded=rows_loaded)
        if not self._are_countable or copy.error_file is None:
            return None
        if self._inspected and self._inspected[0] == copy.error_file.directory:
            report = replace(self._inspected[1], rows_loaded=rows_loaded)
        else:
            try:
                report = self._read(copy, rows_loaded)
            except SynapseError as error:
                log.warning("The load succeeded, but its rejected rows cannot be counted. %s", error)
                return None
        if report.rows or report.problems:
            log.warning("%s", report.to_text())
        return report

    @property
    def _are_countable(self) -> bool:
        arguments = self._arguments
        return bool(arguments.error_file and arguments.error_file_per_load and self._storage)

    def _read(self, copy: CopyStatement, rows_loaded: int | None) -> RejectedRowsReport:
        assert self._storage and copy.error_file  # noqa: S101, PT018 - the callers have looked
        return self._storage.rejected_rows_report(
            error_folder(copy.error_file, copy),
            rows_loaded=rows_loaded,
            sample_rows=self._sample_rows,
        )


def error_folder(error_file: ErrorFile, copy: CopyStatement) -> ExternalLocation:
    """Return where ERRORFILE is, also when it is given as a path in the container of the source files."""
    source = copy.external_locations[0]
    return error_file.location or replace(source, path=error_file.directory.lstrip("/"))
