"""A COPY statement as it was read, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from airflow_synapse.secret import Secret


class FileType(Enum):
    """FILE_TYPE."""

    CSV = "CSV"
    PARQUET = "PARQUET"
    ORC = "ORC"


class Compression(Enum):
    """COMPRESSION."""

    GZIP = "GZIP"
    DEFAULT_CODEC = "DEFAULTCODEC"
    SNAPPY = "SNAPPY"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class SharedAccessSignature:
    """IDENTITY = 'Shared Access Signature'; the token without a leading question mark."""

    token: Secret


@dataclass(frozen=True, slots=True)
class StorageAccountKey:
    """IDENTITY = 'Storage Account Key'."""

    key: Secret


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """IDENTITY = 'Managed Identity': the identity of the workspace."""


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """IDENTITY = '<ClientID>@<OAuth 2.0 token endpoint>'."""

    client_id: str
    token_endpoint: str
    client_secret: Secret


Credential = SharedAccessSignature | StorageAccountKey | ManagedIdentity | ServicePrincipal


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a storage account.

    :param endpoint: ``blob`` or ``dfs``.
    :param path: Behind the container, without leading slash; a file, a folder or a pattern. Empty: the container.
    """

    account: str
    endpoint: str
    container: str
    path: str

    @property
    def host(self) -> str:
        """Host of the URL."""
        return f"{self.account}.{self.endpoint}.core.windows.net"

    def __str__(self) -> str:
        return f"https://{self.host}/{self.container}/{self.path}"


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """An entry of the column list.

    :param default: Text of the literal behind DEFAULT; None without one and for ``DEFAULT NULL``.
    :param has_default: Whether DEFAULT is given at all, ``DEFAULT NULL`` included.
    :param field_number: From 1; None when not given.
    """

    name: str
    default: str | None = None
    has_default: bool = False
    field_number: int | None = None


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """The options that apply to CSV only.

    :param quote: One character; empty for none.
    :param row_terminators: Those that end a row: one, or LF and CRLF together.
    :param date_format: Such as ``ymd``; None for that of the session.
    """

    quote: str = '"'
    field_terminator: str = ","
    row_terminators: tuple[str, ...] = ("\r\n", "\n")
    first_row: int = 1
    date_format: str | None = None
    encoding: str = "UTF8"


@dataclass(frozen=True, slots=True)
class ErrorFile:
    """ERRORFILE.

    :param location: Where it points to, in full.
    :param credential: The one that opens it; None for the identity of the login.
    """

    location: Location
    credential: Credential | None


#: What COPY does without a MAXERRORS. Source: COPY reference, MAXERRORS.
DEFAULT_MAX_ERRORS: Final = 0


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """The statement.

    :param target: One to three parts.
    :param columns: The column list; empty without one.
    :param credential: None: the identity of the login, or public access.
    :param file_type: None when only FILE_FORMAT says it.
    :param file_format: Name of an external file format; None without FILE_FORMAT.
    :param compression: None: by the extension of each file.
    """

    target: tuple[str, ...]
    locations: tuple[Location, ...]
    columns: tuple[ListedColumn, ...] = ()
    file_type: FileType | None = FileType.CSV
    file_format: str | None = None
    credential: Credential | None = None
    error_file: ErrorFile | None = None
    max_errors: int = DEFAULT_MAX_ERRORS
    compression: Compression | None = None
    csv: CsvFormat = CsvFormat()
    identity_insert: bool = False
    auto_create_table: bool = False
    label: str | None = None
