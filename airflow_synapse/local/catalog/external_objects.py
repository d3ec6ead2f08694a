"""What external tables are made of: credentials, data sources and file formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_synapse.local.catalog.clock import now
from airflow_synapse.local.copy.environment import ExternalFileFormat
from airflow_synapse.secret import Secret

#: The only name that a database master key has. Source: T-SQL reference, sys.symmetric_keys.
MASTER_KEY: Final = "##MS_DatabaseMasterKey##"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key that a pool encrypts secrets with; the local pool only knows whether there is one."""

    object_id: int
    name: str = MASTER_KEY
    created: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class ScopedCredential:
    """A database scoped credential.

    :param secret: None where the statement gave none.
    """

    object_id: int
    name: str
    identity: str
    secret: Secret | None
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class DataSource:
    """An external data source.

    :param credential_id: None: the identity of the login, or public access.
    :param hadoop: TYPE = HADOOP; without it the data source is a native one.
    """

    object_id: int
    name: str
    location: str
    credential_id: int | None
    hadoop: bool


@dataclass(frozen=True, slots=True)
class FileFormat:
    """An external file format; its options as they were written, by name in upper case."""

    object_id: int
    name: str
    options: tuple[tuple[str, str], ...]

    @property
    def for_copy(self) -> ExternalFileFormat:
        """What COPY needs of it."""
        options = dict(self.options)
        return ExternalFileFormat(options["FORMAT_TYPE"].upper(), options.get("DATA_COMPRESSION"))


@dataclass(frozen=True, slots=True)
class ExternalStorage:
    """Where the rows of an external table are, and how its statement says that they are read.

    :param location: Path below the location of the data source, as written.
    :param reject_type: ``VALUE`` or ``PERCENTAGE``.
    """

    location: str
    data_source_id: int
    file_format_id: int
    reject_type: str = "VALUE"
    reject_value: float = 0
    reject_sample_value: int | None = None
