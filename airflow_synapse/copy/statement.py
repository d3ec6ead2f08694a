"""The COPY statement as a value, and the only place where COPY text is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_synapse.copy import rules
from airflow_synapse.copy.columns import CopyColumn
from airflow_synapse.copy.credentials import EntraPassthrough, StorageCredential
from airflow_synapse.copy.error_output import ErrorFile
from airflow_synapse.copy.file_options import CsvOptions, ExternalFileFormat, FileOptions
from airflow_synapse.copy.identifiers import TableName, quote
from airflow_synapse.copy.keywords import FileType
from airflow_synapse.copy.literals import delimiter_text, string_literal
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.secret import MASK


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyStatement:
    """One COPY INTO statement of a dedicated SQL pool, valid by every rule in :mod:`airflow_synapse.copy.rules`.

    What is None, or empty, is not written, and the pool's own default counts.

    :param target: The table.
    :param external_locations: FROM: at least one, all in one container.
    :param file_options: FILE_TYPE with its options, or FILE_FORMAT. None for CSV with all defaults.
    :param credential: CREDENTIAL. Default: the Entra identity of the login, for which nothing is written.
    :param columns: The column list. Empty: field 1 goes to column 1, and so on.
    :param error_file: ERRORFILE and ERRORFILE_CREDENTIAL. None: rejected rows are not written anywhere.
    :param max_errors: MAXERRORS, in rows. One more makes COPY fail. The pool's default: 0. In Parquet files a value
        that does not fit its column makes COPY fail whatever this says.
    :param identity_insert: IDENTITY_INSERT: take identity values from the files. The pool's default: OFF.
    :param auto_create_table: AUTO_CREATE_TABLE. The pool's default: OFF.
    :param label: OPTION (LABEL = ...), by which the pool's views find the request.
    :raises CopyOptionError: A rule is broken; the message says which, where, and what to do.
    """

    target: TableName
    external_locations: tuple[ExternalLocation, ...]
    file_options: FileOptions | None = None
    credential: StorageCredential = field(default_factory=EntraPassthrough)
    columns: tuple[CopyColumn, ...] = ()
    error_file: ErrorFile | None = None
    max_errors: int | None = None
    identity_insert: bool | None = None
    auto_create_table: bool | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        rules.check(self)

    @property
    def csv(self) -> CsvOptions | None:
        """The CSV options that are given; None for files of another type, and for CSV with all defaults."""
        return self.file_options if isinstance(self.file_options, CsvOptions) else None

    @property
    def file_format(self) -> ExternalFileFormat | None:
        """The external file format object; None where a file type is given."""
        return self.file_options if isinstance(self.file_options, ExternalFileFormat) else None

    @property
    def file_type(self) -> FileType | None:
        """The type of the files; None for an external file format of unknown content."""
        return "CSV" if self.file_options is None else self.file_options.file_type

    @property
    def credentials(self) -> tuple[tuple[str, StorageCredential], ...]:
        """CREDENTIAL, and ERRORFILE_CREDENTIAL if there is one, each with its keyword."""
        own = self.error_file.credential if self.error_file else None
        return (("CREDENTIAL", self.credential), *((("ERRORFILE_CREDENTIAL", own),) if own else ()))

    def to_sql(self) -> str:
        """Return the statement for the pool. It holds the secrets in clear text: never log it."""
        return self._render(reveal=True)

    def redacted_sql(self) -> str:
        """Return the statement with ``***`` for each secret, for logs and pages."""
        return self._render(reveal=False)

    def _render(self, *, reveal: bool) -> str:
        """Return the text: always in the order of the reference's examples, one option a line."""
        columns = ", ".join(column.quoted for column in self.columns)
        locations = ",\n     ".join(string_literal(location.url) for location in self.external_locations)
        options = ",\n".join(f"    {keyword} = {value}" for keyword, value in self._options(reveal=reveal))
        lines = [f"COPY INTO {self.target.quoted}" + (f" ({columns})" if columns else ""), f"FROM {locations}"]
        if options:
            lines.append(f"WITH (\n{options}\n)")
        if self.label is not None:
            lines.append(f"OPTION (LABEL = {string_literal(self.label)})")
        return "\n".join(lines)

    def _options(self, *, reveal: bool) -> Iterator[tuple[str, str]]:
        if self.file_format is not None:
            yield "FILE_FORMAT", quote(self.file_format.name)
        elif self.file_options is not None:
            yield "FILE_TYPE", string_literal(str(self.file_type))
        yield from _credential_option("CREDENTIAL", self.credential, reveal=reveal)
        yield from self._format_options()
        if self.max_errors is not None:
            yield "MAXERRORS", f"{self.max_errors:d}"
        if self.error_file is not None:
            yield "ERRORFILE", string_literal(self.error_file.directory)
            if self.error_file.credential is not None:
                yield from _credential_option("ERRORFILE_CREDENTIAL", self.error_file.credential, reveal=reveal)
        if self.identity_insert is not None:
            yield "IDENTITY_INSERT", _switch(on=self.identity_insert)
        if self.auto_create_table is not None:
            yield "AUTO_CREATE_TABLE", _switch(on=self.auto_create_table)

    def _format_options(self) -> Iterator[tuple[str, str]]:
        if self.file_options is not None and self.file_options.compression is not None:
            yield "COMPRESSION", string_literal(self.file_options.compression)
        if self.csv is None:
            return
        for keyword, delimiter in (
            ("FIELDQUOTE", self.csv.field_quote),
            ("FIELDTERMINATOR", self.csv.field_terminator),
            ("ROWTERMINATOR", self.csv.row_terminator),
        ):
            if delimiter is not None:
                yield keyword, string_literal(delimiter_text(delimiter))
        if self.csv.encoding is not None:
            yield "ENCODING", string_literal(self.csv.encoding)
        if self.csv.first_row is not None:
            yield "FIRSTROW", f"{self.csv.first_row:d}"
        if self.csv.date_format is not None:
            yield "DATEFORMAT", string_literal(self.csv.date_format)


def _switch(*, on: bool) -> str:
    return "'ON'" if on else "'OFF'"


def _credential_option(keyword: str, credential: StorageCredential, *, reveal: bool) -> Iterator[tuple[str, str]]:
    if credential.identity is None:
        return
    identity = f"IDENTITY = {string_literal(credential.identity)}"
    secret = credential.secret
    if secret is None:
        yield keyword, f"({identity})"
    else:
        yield keyword, f"({identity}, SECRET = {string_literal(secret.reveal() if reveal else MASK)})"
