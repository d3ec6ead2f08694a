"""Which field of the files goes to which column of the table.

Source: COPY reference 2026-05, column_list and IDENTITY_INSERT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_synapse.local.copy.environment import TargetColumn, TargetTable
from airflow_synapse.local.copy.errors import copy_failed, invalid_option
from airflow_synapse.local.copy.request import CopyRequest, ListedColumn
from airflow_synapse.local.copy.tsql_values import ConversionError, read_value
from airflow_synapse.local.errors import PoolError


@dataclass(frozen=True, slots=True)
class LoadColumn:
    """A column that COPY fills.

    :param field_number: From 1; None for a column that the list omits: it is NULL.
    :param default: The value that replaces NULL, as Arrow takes it; None for none.
    """

    target: TargetColumn
    field_number: int | None
    default: object = None


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Where everything goes.

    :param columns: In the order of the table, without a column whose values the pool makes.
    :param generated: The identity column whose values the pool makes; None if there is none.
    :param has_list: Whether the statement has a column list.
    """

    table: TargetTable
    columns: tuple[LoadColumn, ...]
    generated: TargetColumn | None
    has_list: bool

    @property
    def field_numbers(self) -> list[int]:
        """The fields to read, each once, in ascending order."""
        return sorted({column.field_number for column in self.columns if column.field_number is not None})


def plan_columns(request: CopyRequest, table: TargetTable, date_format: str) -> LoadPlan:
    """Return the plan of a load into ``table``.

    Assumption: A column of the list without field number takes the field at its position in the list.
    Assumption: A DEFAULT of the column list is converted like a field that holds its text.

    :raises PoolError: The list does not fit the table, or IDENTITY_INSERT does not fit either.
    """
    identity = next((column for column in table.columns if column.identity is not None), None)
    _check_identity(request, identity)
    generated = None if request.identity_insert else identity
    listed = request.columns or _every_column(table)
    positions = {_key(column.name): (column, position) for position, column in enumerate(listed, 1)}
    for column in listed:
        if all(_key(column.name) != _key(target.name) for target in table.columns):
            raise PoolError(207, f"Invalid column name '{column.name}'.")
    columns = []
    for target in table.columns:
        if target is generated:
            continue
        entry, position = positions.get(_key(target.name), (None, 0))
        number = (entry.field_number or position) if entry is not None else None
        columns.append(LoadColumn(target, number, _default(entry, target, date_format)))
    return LoadPlan(table, tuple(columns), generated, bool(request.columns))


def _key(name: str) -> str:
    return name.casefold()


def _every_column(table: TargetTable) -> Sequence[ListedColumn]:
    return [ListedColumn(column.name) for column in table.columns]


def _default(entry: ListedColumn | None, target: TargetColumn, date_format: str) -> object:
    if entry is None or entry.default is None:
        return None
    try:
        return read_value(entry.default, target.type, date_format)
    except ConversionError as error:
        raise copy_failed(f"the default of column '{target.name}' does not fit: {error}.") from None


def _check_identity(request: CopyRequest, identity: TargetColumn | None) -> None:
    if identity is None:
        if request.identity_insert:
            # Assumption: IDENTITY_INSERT = 'ON' for a table without identity column is refused.
            raise invalid_option("IDENTITY_INSERT", "The table has no identity column.")
        return
    entry = next((column for column in request.columns if _key(column.name) == _key(identity.name)), None)
    if entry is not None and entry.has_default:
        raise copy_failed(f"a default is not supported for the identity column '{identity.name}'.")
    if request.identity_insert and request.columns and entry is None:
        raise invalid_option("IDENTITY_INSERT", f"The column list must map identity column '{identity.name}'.")
    if not request.identity_insert and (entry is not None or not request.columns):
        raise invalid_option(
            "IDENTITY_INSERT", f"A column list that does not map identity column '{identity.name}' must be given."
        )
