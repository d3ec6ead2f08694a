"""What external tables are made of: credentials, data sources and file formats, and their text in the DuckDB file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

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
    rejected_row_location: str | None = None


NamedObject = MasterKey | ScopedCredential | DataSource | FileFormat
AnyNamed = TypeVar("AnyNamed", MasterKey, ScopedCredential, DataSource, FileFormat)
_KINDS: Final[dict[str, type[NamedObject]]] = {
    "master_key": MasterKey,
    "credential": ScopedCredential,
    "data_source": DataSource,
    "file_format": FileFormat,
}


def kind_of(found: NamedObject) -> str:
    """Return the word under which objects of that type are stored."""
    return next(kind for kind, stored in _KINDS.items() if stored is type(found))


def is_named_object(kind: str) -> bool:
    """Return whether objects of this module are stored under that word."""
    return kind in _KINDS


def object_to_text(found: NamedObject) -> str:
    """Return the object as JSON. A secret is in it: the text goes into the DuckDB file alone."""
    return json.dumps(asdict(found), default=_plain)


def _plain(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def object_from_text(kind: str, text: str) -> NamedObject:
    """Return the object that :func:`object_to_text` wrote."""
    document: dict[str, Any] = json.loads(text)
    for name in {"created", "modified"} & set(document):
        document[name] = datetime.fromisoformat(document[name])
    if document.get("secret") is not None:
        document["secret"] = Secret(document["secret"])
    if "options" in document:
        document["options"] = tuple((name, value) for name, value in document["options"])
    return _KINDS[kind](**document)
