"""Load CSV files."""

from __future__ import annotations

from collections.abc import Iterator

from azure.storage.blob import ContainerClient

from airflow_synapse.local.copy.ahead import run_ahead
from airflow_synapse.local.copy.columns import LoadPlan
from airflow_synapse.local.copy.csv_parts import PartReader
from airflow_synapse.local.copy.csv_stream import rows_to_load
from airflow_synapse.local.copy.csv_values import CsvValues
from airflow_synapse.local.copy.download import Downloader
from airflow_synapse.local.copy.environment import CopyEnvironment, CopyOutcome
from airflow_synapse.local.copy.insertion import Insertion
from airflow_synapse.local.copy.rejected_rows import RejectedRows
from airflow_synapse.local.copy.request import CopyRequest
from airflow_synapse.local.copy.storage import SourceFile, check_reachable, list_source_files, open_container
from airflow_synapse.local.errors import StatementCancelled


def load_csv(request: CopyRequest, plan: LoadPlan, environment: CopyEnvironment) -> CopyOutcome:
    """Load the files of ``request``; then write the rows that were rejected.

    :raises PoolError: It cannot be done.
    :raises StatementCancelled: The client cancelled.
    """
    date_format = request.csv.date_format or environment.date_format
    source = open_container(request.locations[0], request.credential, environment.storage)
    error_container = _open_error_container(request, environment)
    files = list_source_files(source, request.locations)
    with (
        RejectedRows(request.max_errors) as rejected,
        Downloader(source, environment.cancelled) as downloader,
    ):
        load = _CsvLoad(request, plan, environment, CsvValues(plan, date_format), rejected)
        for file, chunks in downloader.read_files(files):
            load.add_file(file, chunks)
        load.insertion.flush()
        environment.progress(load.insertion.rows, load.bytes_read)
        folder = _write_rejected(rejected, error_container, request, environment)
        return CopyOutcome(load.insertion.rows, rejected.count, load.bytes_read, len(files), folder)


class _CsvLoad:
    def __init__(
        self,
        request: CopyRequest,
        plan: LoadPlan,
        environment: CopyEnvironment,
        values: CsvValues,
        rejected: RejectedRows,
    ) -> None:
        self._request = request
        self._environment = environment
        self._reader = PartReader(request.csv, plan.field_numbers, exact=not plan.has_list)
        self._values = values
        self._rejected = rejected
        self._rows_seen = 0
        self.insertion = Insertion(plan, environment)
        self.bytes_read = 0

    def add_file(self, file: SourceFile, chunks: Iterator[bytes]) -> None:
        row_number = self._request.csv.first_row
        text = rows_to_load(self._counted(chunks), file.name, self._request.csv, self._request.compression)
        converted = ((part, *self._values.convert(part)) for part in self._reader.parts(text))
        for part, rows, rejections in run_ahead(converted):
            for rejection in rejections:
                self._rejected.add(file.name, row_number + rejection.row, rejection, part.raw_row(rejection.row))
                self._rejected.check(self._rows_seen + rejection.row + 1)
            row_number += part.row_count
            self._rows_seen += part.row_count
            self.insertion.add(rows)
            self._environment.progress(self.insertion.rows, self.bytes_read)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.bytes_read += len(chunk)
            yield chunk


def _open_error_container(request: CopyRequest, environment: CopyEnvironment) -> ContainerClient | None:
    """Open it before anything is loaded, so that a wrong credential is found at once."""
    if request.error_file is None:
        return None
    container = open_container(request.error_file.location, request.error_file.credential, environment.storage)
    check_reachable(container, request.error_file.location.path)
    return container


def _write_rejected(
    rejected: RejectedRows, container: ContainerClient | None, request: CopyRequest, environment: CopyEnvironment
) -> str | None:
    if request.error_file is None or container is None:
        return None
    if environment.cancelled.is_set():
        raise StatementCancelled
    directory = request.error_file.location.path
    return rejected.write(container, directory, environment.request_id, environment.submitted_at)
