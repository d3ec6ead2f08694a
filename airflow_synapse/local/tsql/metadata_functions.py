"""What the session's and the catalog's functions and ``@@`` variables tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from airflow_synapse.local.catalog.system_types import type_name
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql import security

if TYPE_CHECKING:
    from airflow_synapse.local.tsql.session_state import SessionState

Argument = str | int | None

#: Assumption: The local pool gives the version number from which on MERGE is documented as generally available.
VERSION: Final = "Microsoft Azure SQL Data Warehouse - 10.0.17829.0 (local stand-in, not the service)"
#: Source: T-SQL reference, SERVERPROPERTY: edition 6 is a dedicated SQL pool.
#: Assumption: SERVERPROPERTY('ProductVersion') is 12.0.2000.8, as Azure SQL gives it.
_SERVER: Final[dict[str, Argument]] = {
    "PRODUCTVERSION": "12.0.2000.8",
    "PRODUCTLEVEL": "RTM",
    "EDITION": "SQL Azure",
    "ENGINEEDITION": 6,
    "SERVERNAME": "local",
    "MACHINENAME": "local",
    "COLLATION": "SQL_Latin1_General_CP1_CI_AS",
    "ISINTEGRATEDSECURITYONLY": 0,
}
_TABLE_KINDS: Final = frozenset({None, "U"})


def global_value(state: SessionState, name: str) -> str | int:
    """Return ``@@name``.

    :raises PoolError: 137, there is none.
    """
    values: dict[str, str | int] = {
        "VERSION": VERSION,
        "TRANCOUNT": 0 if state.transaction is None else 1,
        "SPID": state.record.spid,
        "ROWCOUNT": state.row_count,
        "ERROR": 0,
        "SERVERNAME": "local",
        "LANGUAGE": "us_english",
        "DATEFIRST": 7,
        "MAX_PRECISION": 38,
        "NESTLEVEL": 0,
        "LOCK_TIMEOUT": int(state.options.get("LOCK_TIMEOUT", "-1")),
    }
    if name not in values:
        raise PoolError(137, f'Must declare the scalar variable "@@{name}".', severity=15)
    return values[name]


def fact(state: SessionState, name: str) -> Argument:
    """Return what a function without arguments tells."""
    transaction = state.transaction
    if name == "XACT_STATE":  # Source: azure-docs sql-data-warehouse-develop-transactions, Transaction state
        return 0 if transaction is None else -2 if transaction.doomed else 1
    if name in {"SUSER_SNAME", "SUSER_NAME", "SYSTEM_USER"}:
        return state.record.login
    facts: dict[str, Argument] = {
        "SESSION_ID": state.record.session_id,
        "APP_NAME": state.record.application,
        "HOST_NAME": state.record.host,
    }
    return facts[name] if name in facts else _user_name(state)


def _user_name(state: SessionState) -> Argument:
    known = {found.object_id: found.name for found in security.principals(state.database.catalog)}
    return known.get(state.principal_id)


def object_id(state: SessionState, name: str, kind: str | None) -> int | None:
    """Return the id of a table; a name that cannot be read has none."""
    table = state.table_named(name)
    wanted = None if kind is None else kind.strip().upper()
    return table.object_id if table is not None and wanted in _TABLE_KINDS else None


def object_property(state: SessionState, function: str, arguments: Sequence[Argument]) -> Argument:
    """Return what a metadata function with arguments tells."""
    return _PROPERTIES[function](state, *arguments)


def _db_name(state: SessionState, number: Argument = 5) -> Argument:
    return {1: "master", 5: state.database.name}.get(int(number or 5))


def _db_id(state: SessionState, name: Argument = None) -> Argument:
    wanted = str(name or state.database.name).lower()
    return {"master": 1, state.database.name.lower(): 5}.get(wanted)


def _schema_name(state: SessionState, number: Argument = 1) -> Argument:
    return dict(state.database.catalog.schemas()).get(int(number or 1))


def _schema_id(state: SessionState, name: Argument = "dbo") -> Argument:
    numbers = {found.lower(): number for number, found in state.database.catalog.schemas()}
    return numbers.get(str(name).lower())


def _object_name(state: SessionState, number: Argument, _: Argument = None) -> Argument:
    table = state.database.catalog.find_object(int(number or 0))
    return table.name if table else None


def _object_schema_name(state: SessionState, number: Argument, _: Argument = None) -> Argument:
    table = state.database.catalog.find_object(int(number or 0))
    return table.schema if table else None


def _col_name(state: SessionState, number: Argument, position: Argument) -> Argument:
    table = state.database.catalog.find_object(int(number or 0))
    index = int(position or 0)
    return table.columns[index - 1].name if table and 1 <= index <= len(table.columns) else None


def _column_property(state: SessionState, number: Argument, name: Argument, wanted: Argument) -> Argument:
    table = state.database.catalog.find_object(int(number or 0))
    column = table.column(str(name)) if table else None
    if column is None:
        return None
    found = {"ISIDENTITY": column.identity is not None, "ALLOWSNULL": column.nullable, "ISCOMPUTED": False}
    value = found.get(str(wanted).upper())
    return None if value is None else int(value)


def _server_property(_: SessionState, name: Argument) -> Argument:
    return _SERVER.get(str(name).upper())


def _database_property(state: SessionState, _: Argument, name: Argument) -> Argument:
    known: dict[str, Argument] = {
        "STATUS": "ONLINE",
        "UPDATEABILITY": "READ_WRITE",
        "COLLATION": "SQL_Latin1_General_CP1_CI_AS",
        "EDITION": "DataWarehouse",
        "SERVICEOBJECTIVE": state.database.service_objective,
    }
    return known.get(str(name).upper())


def _session_context(state: SessionState, key: Argument) -> Argument:
    found = state.record.context.get(str(key).lower())
    return None if found is None else str(found.value)


def _type_name(_: SessionState, number: Argument) -> Argument:
    return type_name(int(number or 0))


_PROPERTIES: Final[dict[str, Callable[..., Argument]]] = {
    "DB_NAME": _db_name,
    "DB_ID": _db_id,
    "SCHEMA_NAME": _schema_name,
    "SCHEMA_ID": _schema_id,
    "OBJECT_NAME": _object_name,
    "OBJECT_SCHEMA_NAME": _object_schema_name,
    "COL_NAME": _col_name,
    "COLUMNPROPERTY": _column_property,
    "SERVERPROPERTY": _server_property,
    "DATABASEPROPERTYEX": _database_property,
    "SESSION_CONTEXT": _session_context,
    "TYPE_NAME": _type_name,
    "IS_ROLEMEMBER": security.is_role_member,
    "IS_MEMBER": security.is_role_member,
    "HAS_PERMS_BY_NAME": security.has_perms_by_name,
}
