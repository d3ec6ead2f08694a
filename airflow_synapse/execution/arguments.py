"""The rendered arguments of an operator that loads with COPY, which may go to another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final, Self

from airflow_synapse import copy
from airflow_synapse.copy import ColumnName, CopyColumn, StorageCredential
from airflow_synapse.copy.options import ColumnEntry, read_switch
from airflow_synapse.exceptions import CredentialError
from airflow_synapse.seconds import parse_seconds

_CREDENTIALS: Final = ("credential", "error_file_credential")
_SWITCHES: Final = ("error_file_per_load", "reload", "update_statistics")
# Keys of what stands for a value that JSON has not.
_DECIMAL: Final = "decimal"
_BYTES: Final = "hexadecimal"


@dataclass(frozen=True, kw_only=True)
class CopyArguments:
    """What :class:`~airflow_synapse.operators.copy.SynapseCopyOperator` describes, after rendering, and two more.

    :param origin: What the files were made of, where they were made for this load; None where they were there.
    :param rows: Rows that the files hold, where that is known: then another number of loaded rows is an error, and
        without a row nothing is copied.
    :raises CopyOptionError: A switch is neither on nor off, or ``progress_interval`` is no number of seconds.
    """

    table: str
    external_locations: str | Sequence[str]
    columns: Sequence[ColumnEntry] | None = None
    file_type: str | None = None
    file_format: str | None = None
    credential: StorageCredential | None = None
    error_file: str | None = None
    error_file_credential: StorageCredential | None = None
    error_file_per_load: bool = True
    max_errors: int | str | None = None
    max_rejected_rows: int | str | None = None
    max_rejected_ratio: float | str | None = None
    rejected_rows_sample: int | str = 10
    compression: str | None = None
    field_quote: str | None = None
    field_terminator: str | None = None
    row_terminator: str | None = None
    first_row: int | str | None = None
    date_format: str | None = None
    encoding: str | None = None
    identity_insert: bool | str | None = None
    auto_create_table: bool | str | None = None
    request_label: str | None = None
    write_disposition: str = "append"
    slice_predicate: str | None = None
    partition_values: str | Sequence[str] | None = None
    upsert_keys: str | Sequence[str] | None = None
    staging_distribution: str | None = None
    staging_index: str | None = None
    ledger_table: str | None = None
    reload: bool = False
    update_statistics: bool = False
    create_table: Mapping[str, Any] | None = None
    on_empty: str = "fail"
    progress_interval: float | None = 30.0
    synapse_conn_id: str = "synapse_default"
    storage_conn_id: str | None = None
    error_storage_conn_id: str | None = None
    origin: str | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        for name in _SWITCHES:  # templates make texts of them
            switch = read_switch(name, getattr(self, name))
            object.__setattr__(self, name, getattr(type(self), name) if switch is None else switch)
        if self.progress_interval is not None:
            seconds = parse_seconds("progress_interval", self.progress_interval)
            object.__setattr__(self, "progress_interval", seconds)

    @classmethod
    def of(cls, task: object, **others: Any) -> Self:  # noqa: ANN401 - the types of the fields
        """Read them from the attributes of the same names, as far as there are such attributes.

        :param others: What takes the place of attributes.
        """
        found = {field.name: getattr(task, field.name) for field in fields(cls) if hasattr(task, field.name)}
        return cls(**{**found, **others})

    def to_json(self) -> dict[str, Any]:
        """Return what is set, without anything secret: a credential without a secret becomes its name.

        :raises CredentialError: A credential holds a secret.
        """
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in _CREDENTIALS:
            credential = plain[name]
            if credential is None:
                continue
            if credential.secret is not None:
                where = "storage_conn_id" if name == "credential" else "error_storage_conn_id or storage_conn_id"
                raise CredentialError(
                    f"{name} is {credential.method}, whose secret would be stored in Airflow's database while the task "
                    f"is deferred. Put it into a connection and name that in {where}, or set deferrable=False."
                )
            plain[name] = type(credential).__name__
        return {name: _plain(value) for name, value in plain.items() if value is not None}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` was made of."""
        found = _value(plain)
        for name in _CREDENTIALS:
            if name in found:
                found[name] = getattr(copy, found[name])()
        return cls(**found)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever an argument holds
    """Return a value as JSON can hold it; Airflow's own serializer makes a float of a decimal, and takes no bytes."""
    if isinstance(value, CopyColumn):
        value = {"name": value.name, "default": value.default, "field_number": value.field_number}
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, bytes):
        return {_BYTES: value.hex()}
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, ColumnName) else value


def _value(plain: Any) -> Any:  # noqa: ANN401 - whatever an argument holds
    """Return the value that :func:`_plain` was given."""
    if isinstance(plain, Mapping):
        if plain.keys() == {_DECIMAL}:
            return Decimal(plain[_DECIMAL])
        if plain.keys() == {_BYTES}:
            return bytes.fromhex(plain[_BYTES])
        return {name: _value(entry) for name, entry in plain.items()}
    if isinstance(plain, list):
        return [_value(entry) for entry in plain]
    return plain
