"""How COPY gets into a storage account: one class for each method.

Each class says by its attributes what it may do; the rules read those and never ask for the class.
Source: COPY reference 2026-05, CREDENTIAL and ERRORFILE_CREDENTIAL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import ClassVar, Final

from airflow_synapse.copy.keywords import Endpoint, FileType
from airflow_synapse.exceptions import CredentialError
from airflow_synapse.secret import Secret

_BLOB: Final[frozenset[Endpoint]] = frozenset({"blob"})
_DFS: Final[frozenset[Endpoint]] = frozenset({"dfs"})
_BOTH: Final[frozenset[Endpoint]] = _BLOB | _DFS
_EVERYTHING: Final[Mapping[FileType, frozenset[Endpoint]]] = MappingProxyType(
    {"CSV": _BOTH, "PARQUET": _BOTH, "ORC": _BOTH}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCredential:
    """Base of the methods.

    The reference's table has a row for accounts of Blob Storage and one for Data Lake Storage Gen2. A URL does not say
    which of them an account is, so only what holds for an endpoint is checked here.

    :raises CredentialError: What is secret of it is no :class:`~airflow_synapse.secret.Secret`: a plain text would be
        stored in Airflow's database, with the DAG.
    """

    #: The method's name in messages.
    method: ClassVar[str]
    #: The endpoints from which it may read each file type.
    reads: ClassVar[Mapping[FileType, frozenset[Endpoint]]] = _EVERYTHING
    #: Whether it may write the error file.
    may_write_error_files: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.type == Secret.__name__ and not isinstance(getattr(self, each.name), Secret):
                raise CredentialError(
                    f"{each.name} of {type(self).__name__} is no Secret: write {each.name}=Secret(...), of "
                    "airflow_synapse.secret."
                )

    @property
    def identity(self) -> str | None:
        """Text of IDENTITY; None when the method needs no CREDENTIAL clause."""
        return None

    @property
    def secret(self) -> Secret | None:
        """What SECRET holds; None when the method has none."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAccessSignature(StorageCredential):
    """A SAS token.

    Least rights for the source: READ and LIST. For the error file: READ, LIST, WRITE, CREATE and DELETE.

    :param token: The token, with or without its leading question mark. It is sent as it is: the reference's example has
        the question mark, other documents leave it out, and none says that one of them fails.
    """

    method: ClassVar[str] = "a shared access signature"
    reads: ClassVar[Mapping[FileType, frozenset[Endpoint]]] = MappingProxyType(
        {"CSV": _BOTH, "PARQUET": _BLOB, "ORC": _BLOB}
    )

    token: Secret

    @property
    def identity(self) -> str:
        """Text of IDENTITY."""
        return "Shared Access Signature"

    @property
    def secret(self) -> Secret:
        """What SECRET holds."""
        return self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccountKey(StorageCredential):
    """A key of the whole account. It may read everything, and may not write error files since the reference of 2026."""

    method: ClassVar[str] = "a storage account key"
    may_write_error_files: ClassVar[bool] = False

    key: Secret

    @property
    def identity(self) -> str:
        """Text of IDENTITY."""
        return "Storage Account Key"

    @property
    def secret(self) -> Secret:
        """What SECRET holds."""
        return self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedIdentity(StorageCredential):
    """The identity of the workspace, the only method that passes a storage account's firewall.

    Least rights: Storage Blob Data Contributor or Owner.
    """

    method: ClassVar[str] = "a managed identity"
    reads: ClassVar[Mapping[FileType, frozenset[Endpoint]]] = MappingProxyType(
        {"CSV": _BOTH, "PARQUET": _DFS, "ORC": _DFS}
    )

    @property
    def identity(self) -> str:
        """Text of IDENTITY."""
        return "Managed Identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePrincipal(StorageCredential):
    """An application of Microsoft Entra ID.

    Least rights: Storage Blob Data Reader, Contributor or Owner; for the error file Contributor or Owner.

    :param client_id: The application's id, a GUID.
    :param token_endpoint: Its OAuth 2.0 token endpoint of version 1, such as
        ``https://login.microsoftonline.com/<tenant>/oauth2/token``.
    """

    method: ClassVar[str] = "a service principal"

    client_id: str
    token_endpoint: str
    client_secret: Secret

    @property
    def identity(self) -> str:
        """Text of IDENTITY."""
        return f"{self.client_id}@{self.token_endpoint}"

    @property
    def secret(self) -> Secret:
        """What SECRET holds."""
        return self.client_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraPassthrough(StorageCredential):
    """The Entra identity of whoever runs COPY. No CREDENTIAL clause is written.

    Least rights: Storage Blob Data Contributor or Owner.
    """

    method: ClassVar[str] = "the login's own Entra identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccess(StorageCredential):
    """A container that everybody may read. No CREDENTIAL clause is written. Nobody may write there anonymously.

    Source: COPY reference 2026-05, example A; Azure Storage, "Configure anonymous read access".
    """

    method: ClassVar[str] = "public access"
    may_write_error_files: ClassVar[bool] = False
