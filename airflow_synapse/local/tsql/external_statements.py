"""The statements about external tables and what they are made of, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_synapse.secret import Secret

if TYPE_CHECKING:
    from airflow_synapse.local.tsql.statements import ColumnDefinition, Name, Query


@dataclass(frozen=True, slots=True)
class CreateMasterKey:
    """CREATE MASTER KEY; nothing is done with its password."""


@dataclass(frozen=True, slots=True)
class DropMasterKey:
    """DROP MASTER KEY."""


@dataclass(frozen=True, slots=True)
class PutCredential:
    """CREATE DATABASE SCOPED CREDENTIAL, or ALTER with ``replaces``."""

    name: str
    identity: str
    secret: Secret | None
    replaces: bool


@dataclass(frozen=True, slots=True)
class DropCredential:
    """DROP DATABASE SCOPED CREDENTIAL."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateDataSource:
    """CREATE EXTERNAL DATA SOURCE. ``credential`` is its name, None without one."""

    name: str
    location: str
    credential: str | None
    hadoop: bool


@dataclass(frozen=True, slots=True)
class DropDataSource:
    """DROP EXTERNAL DATA SOURCE."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateFileFormat:
    """CREATE EXTERNAL FILE FORMAT: the options by name, in upper case."""

    name: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DropFileFormat:
    """DROP EXTERNAL FILE FORMAT."""

    name: str


@dataclass(frozen=True, slots=True)
class ExternalTableOptions:
    """The WITH clause of CREATE EXTERNAL TABLE."""

    location: str
    data_source: str
    file_format: str
    reject_type: str = "VALUE"
    reject_value: float = 0
    reject_sample_value: int | None = None


@dataclass(frozen=True, slots=True)
class CreateExternalTable:
    """CREATE EXTERNAL TABLE with declared columns."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    options: ExternalTableOptions


@dataclass(frozen=True, slots=True)
class CreateExternalTableAsSelect:
    """CREATE EXTERNAL TABLE AS SELECT."""

    name: Name
    column_names: tuple[str, ...]
    options: ExternalTableOptions
    query: Query


@dataclass(frozen=True, slots=True)
class DropExternalTable:
    """DROP EXTERNAL TABLE."""

    name: Name


ExternalStatement = (
    CreateMasterKey | DropMasterKey | PutCredential | DropCredential | CreateDataSource | DropDataSource
    | CreateFileFormat | DropFileFormat | CreateExternalTable | CreateExternalTableAsSelect | DropExternalTable
)  # fmt: skip
