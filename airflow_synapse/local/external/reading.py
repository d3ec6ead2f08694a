"""The rows of an external table, read from storage whenever a query scans them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

import pyarrow as pa

from airflow_synapse.local.catalog.model import Column, Table
from airflow_synapse.local.copy.columnar_files import ColumnarFile, open_columnar_file
from airflow_synapse.local.copy.columnar_values import convert_column
from airflow_synapse.local.copy.columns import LoadColumn
from airflow_synapse.local.copy.download import Downloader
from airflow_synapse.local.copy.environment import StorageConfiguration, TargetColumn
from airflow_synapse.local.copy.errors import COPY_FAILED, FILE_NOT_FOUND, wrong_source_type
from airflow_synapse.local.copy.fixed_length import padded
from airflow_synapse.local.copy.request import Credential, FileType, Location
from airflow_synapse.local.copy.storage import SourceFile, list_source_files, open_container
from airflow_synapse.local.copy.tsql_values import arrow_type
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.external.locations import access_failed, literal, path_not_found
from airflow_synapse.local.sql_types import SqlType

_COPY_PREFIX: Final = "COPY statement failed because "
_MONEY: Final = frozenset({"money", "smallmoney"})


@dataclass(frozen=True, slots=True)
class ExternalFiles:
    """The files of an external table.

    :param path: LOCATION as its statement wrote it, for messages.
    :param file_type: Parquet or ORC.
    """

    path: str
    file_type: FileType
    location: Location
    credential: Credential | None
    storage: StorageConfiguration

    def list(self) -> list[SourceFile]:
        """Return the files, hidden ones left out.

        :raises PoolError: 105002, there is none; 105019, the storage refuses.
        """
        with self.errors():
            container = open_container(self.location, self.credential, self.storage)
            return list_source_files(container, (literal(self.location),))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Give the errors of COPY, which reads the same files, the numbers of external tables.

        Assumption: A Parquet or ORC value that does not fit its column fails the query on an external table, whatever
        REJECT_VALUE says, and so does another number of columns.
        """
        try:
            yield
        except PoolError as error:
            if error.number == FILE_NOT_FOUND:
                raise path_not_found(self.path) from None
            if error.number == COPY_FAILED:
                raise access_failed(error.message.removeprefix(_COPY_PREFIX)) from None
            raise


class ExternalRows:
    """The rows of an external table as an Arrow stream, which DuckDB opens anew for each scan.

    Source: azure-docs synapse-analytics/sql/develop-tables-external-tables: columns are mapped by position.

    :param cancelled: Ends the reading.
    """

    def __init__(self, table: Table, files: ExternalFiles, cancelled: Event) -> None:
        self._columns = table.columns
        self._files = files
        self._cancelled = cancelled
        self._schema = pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])

    def __arrow_c_schema__(self) -> Any:  # noqa: ANN401 - a capsule of Arrow's C interface
        """Return the types of the columns."""
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:  # noqa: ANN401 - a capsule of Arrow's C interface
        """Return the rows from the first one on."""
        reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows. Only the text of an error gets through DuckDB, in the form that the engine's errors have."""
        try:
            with self._files.errors():
                yield from self._rows()
        except PoolError as error:
            raise pa.ArrowInvalid(f"{error.number}|{' '.join(error.message.splitlines())}\n") from None
        except StatementCancelled:
            raise pa.ArrowInvalid("INTERRUPT") from None

    def _rows(self) -> Iterator[pa.RecordBatch]:
        found = self._files.list()
        container = open_container(self._files.location, self._files.credential, self._files.storage)
        with Downloader(container, self._cancelled) as downloader:
            for source in found:
                file = open_columnar_file(self._files.file_type, downloader, source)
                _check_columns(self._columns, file, source)
                for rows in file.tables():
                    yield from self._converted(rows, source).to_batches()

    def _converted(self, rows: pa.Table, source: SourceFile) -> pa.Table:
        arrays = []
        for number, column in enumerate(self._columns, 1):
            target = TargetColumn(column.name, column.type, column.nullable)
            values = convert_column(rows.column(number - 1), LoadColumn(target, number), source.name)
            arrays.append(padded(values, column.type).cast(arrow_type(column.type)))
        return pa.table(arrays, schema=self._schema)


def _check_columns(columns: Sequence[Column], file: ColumnarFile, source: SourceFile) -> None:
    """Compare the columns of a file with those of the table, by position."""
    if len(file.columns) != len(columns):
        raise access_failed(f"file '{source.name}' has {len(file.columns)} columns, {len(columns)} are expected.")
    for column, found in zip(columns, file.columns, strict=True):
        if found.needs_discovery:
            raise wrong_source_type(
                f"column '{found.name}' has a Parquet type that an external table does not read (a time or timestamp "
                f"in MICROS or NANOS, a list or a map); column '{column.name}' is {column.type}."
            )
        found.check_fits(TargetColumn(column.name, _stored_type(column.type)), discovery=True)


def _stored_type(declared: SqlType) -> SqlType:
    """Return the type that a file has for a column of that type.

    Source: sql-docs relational-databases/polybase/polybase-type-mapping: money is a double outside.
    """
    return SqlType("float") if declared.name in _MONEY else declared
