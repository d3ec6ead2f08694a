"""What each statement needs of the user who runs it.

Source: the section Permissions of each statement's T-SQL reference; for DMVs azure-docs
sql-data-warehouse-manage-monitor, Permissions; for COPY the COPY reference 2026-05.

Assumption: KILL, and catalog views without sys.dm_pdw_ in their names, need no permission in the local pool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.local.catalog.principals import DBO_ID
from airflow_synapse.local.copy.request import CopyRequest
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.external_statements import (
    CreateDataSource,
    CreateExternalTable,
    CreateExternalTableAsSelect,
    CreateFileFormat,
    CreateMasterKey,
    DropCredential,
    DropDataSource,
    DropExternalTable,
    DropFileFormat,
    DropMasterKey,
    PutCredential,
)
from airflow_synapse.local.tsql.permissions import (
    BULK_OPERATIONS,
    demand_on_database,
    demand_on_table,
    demand_to_manage,
    has_permission,
    schema_securable,
    table_securable,
)
from airflow_synapse.local.tsql.security_statements import CreateRole, CreateUser, DropPrincipal
from airflow_synapse.local.tsql.statements import (
    Body,
    Change,
    ChangeBoundary,
    Copy,
    CreateSchema,
    CreateStatistics,
    CreateTable,
    CreateTableAsSelect,
    DropSchema,
    DropStatistics,
    DropTable,
    Insert,
    Merge,
    Name,
    RenameTable,
    SetOption,
    Switch,
    TruncateTable,
    UpdateStatistics,
)

if TYPE_CHECKING:
    from airflow_synapse.local.tsql.session_state import SessionState

_DATA_SOURCES: Final = "ALTER ANY EXTERNAL DATA SOURCE"
_FILE_FORMATS: Final = "ALTER ANY EXTERNAL FILE FORMAT"


def authorize(state: SessionState, body: Body) -> None:
    """Check what a statement needs beside SELECT, which is checked where a table is read.

    :raises PoolError: A permission is missing.
    """
    demand = _DEMANDS.get(type(body))
    if demand is not None and state.principal_id != DBO_ID:
        demand(state, body)


def _new_table(state: SessionState, name: Name) -> None:
    schema, _ = state.qualified(name)
    if not schema:
        return  # a temporary table
    demand_on_database(state, "CREATE TABLE")
    _alter_schema(state, schema)


def _alter_schema(state: SessionState, schema: str) -> None:
    securable = schema_securable(state, schema)
    if securable is not None and not has_permission(state, "ALTER", securable):
        what = "either does not exist or you do not have permission to use it"
        raise PoolError(2760, f"The specified schema name '{schema}' {what}.")


def _external_table(state: SessionState, body: CreateExternalTable | CreateExternalTableAsSelect) -> None:
    """Assumption: CETAS does not need ADMINISTER BULK OPERATIONS, which the export role db_exporter does not grant."""
    _new_table(state, body.name)
    demand_on_database(state, _DATA_SOURCES, _FILE_FORMATS)


def _drop_external_table(state: SessionState, body: DropExternalTable) -> None:
    _droppable(state, body.name, "external table")
    demand_on_database(state, _DATA_SOURCES, _FILE_FORMATS)


def _droppable(state: SessionState, name: Name, what: str = "table") -> None:
    """ALTER on the schema, or CONTROL on the table. Source: T-SQL reference, DROP TABLE."""
    table = state.find_table(name)
    if table is None or table.temporary:
        return
    schema = schema_securable(state, table.schema)
    if schema is not None and has_permission(state, "ALTER", schema):
        return
    if not has_permission(state, "CONTROL", table_securable(state, table)):
        message = (
            f"Cannot drop the {what} '{table.display_name}', because it does not exist or you do not have permission."
        )
        raise PoolError(3701, message, severity=11)


def _drop_table(state: SessionState, body: DropTable) -> None:
    for name in body.names:
        _droppable(state, name)


def _on(permission: str, *attributes: str) -> Callable[[SessionState, Any], None]:
    """Return what demands a permission on the tables that a statement names."""

    def demand(state: SessionState, body: object) -> None:
        for attribute in attributes:
            table = state.find_table(getattr(body, attribute))
            if table is not None:
                demand_on_table(state, permission, table)

    return demand


def _in_database(*permissions: str) -> Callable[[SessionState, Any], None]:
    return lambda state, _: demand_on_database(state, *permissions)


def _change(state: SessionState, body: Change) -> None:
    _on("UPDATE" if body.assignments else "DELETE", "target")(state, body)


def _merge(state: SessionState, body: Merge) -> None:
    for verb in {clause.verb for clause in body.clauses}:
        _on(verb, "target")(state, body)


def _copy(state: SessionState, body: Copy) -> None:
    assert isinstance(body.request, CopyRequest)  # noqa: S101 - parse_copy made it
    target = state.find_table(body.request.target)
    if target is not None:
        demand_on_table(state, "INSERT", target)
    demand_on_database(state, BULK_OPERATIONS)
    if target is None and body.request.auto_create_table:
        _new_table(state, body.request.target)


def _identity_insert(state: SessionState, body: SetOption) -> None:
    if body.table:
        _on("ALTER", "table")(state, body)


def _drop_schema(state: SessionState, body: DropSchema) -> None:
    schema = schema_securable(state, body.name)
    if schema is not None and not has_permission(state, "CONTROL", schema):
        demand_on_database(state, "ALTER ANY SCHEMA")


def _manage(permission: str) -> Callable[[SessionState, Any], None]:
    """Return what demands a permission to manage users or roles."""

    def demand(state: SessionState, _: object) -> None:
        demand_to_manage(state, permission)

    return demand


_DEMANDS: Final[dict[type, Callable[[SessionState, Any], None]]] = {
    CreateTable: lambda state, body: _new_table(state, body.name),
    CreateTableAsSelect: lambda state, body: _new_table(state, body.name),
    DropTable: _drop_table,
    TruncateTable: _on("ALTER", "name"),
    Insert: _on("INSERT", "target"),
    Change: _change,
    Merge: _merge,
    Copy: _copy,
    Switch: _on("ALTER", "source", "target"),
    ChangeBoundary: _on("ALTER", "table"),
    RenameTable: _on("ALTER", "table"),
    CreateStatistics: _on("ALTER", "table"),
    UpdateStatistics: _on("ALTER", "table"),
    DropStatistics: lambda state, body: _on("ALTER", "table")(state, UpdateStatistics(body.name[:-1], ())),
    SetOption: _identity_insert,
    CreateSchema: _in_database("CREATE SCHEMA"),
    DropSchema: _drop_schema,
    CreateMasterKey: _in_database("CONTROL"),
    DropMasterKey: _in_database("CONTROL"),
    PutCredential: _in_database("CONTROL"),
    DropCredential: _in_database("CONTROL"),
    CreateDataSource: _in_database("CONTROL"),
    DropDataSource: _in_database(_DATA_SOURCES),
    CreateFileFormat: _in_database(_FILE_FORMATS),
    DropFileFormat: _in_database(_FILE_FORMATS),
    CreateExternalTable: _external_table,
    CreateExternalTableAsSelect: _external_table,
    DropExternalTable: _drop_external_table,
    CreateUser: _manage("ALTER ANY USER"),
    DropPrincipal: lambda state, body: demand_to_manage(state, f"ALTER ANY {'USER' if body.kind == 'S' else 'ROLE'}"),
    CreateRole: _manage("CREATE ROLE"),
}
