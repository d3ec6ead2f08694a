"""Ask what the user of a session is permitted to do.

Assumption: A permission that is missing is reported with SQL Server's number: 229 on an object, 262 in the database,
4834 for bulk operations, 15247 for managing users, and otherwise as if the object did not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.principals import (
    DATABASE,
    DBO_ID,
    OBJECT,
    SCHEMA,
    Permission,
    RoleMember,
    Securable,
    is_permitted,
    roles_of,
)
from airflow_synapse.local.errors import PoolError

if TYPE_CHECKING:
    from airflow_synapse.local.tsql.session_state import SessionState

BULK_OPERATIONS: Final = "ADMINISTER DATABASE BULK OPERATIONS"


def has_permission(state: SessionState, permission: str, securable: Securable) -> bool:
    """Return whether the user of the session holds a permission; nothing is denied to the owner of the database."""
    if state.principal_id == DBO_ID:
        return True
    catalog = state.database.catalog
    principals = roles_of(state.principal_id, catalog.named(RoleMember))
    return is_permitted(principals, permission, securable, catalog.named(Permission))


def schema_securable(state: SessionState, name: str) -> Securable | None:
    """Return the schema of that name as a securable, None when there is none."""
    numbers = {found.lower(): number for number, found in state.database.catalog.schemas()}
    number = numbers.get(name.lower())
    return None if number is None else Securable(SCHEMA, number)


def table_securable(state: SessionState, table: Table) -> Securable:
    """Return the table as a securable."""
    schema = schema_securable(state, table.schema)
    return Securable(OBJECT, table.object_id, 0 if schema is None else schema.number)


def demand_on_database(state: SessionState, *permissions: str) -> None:
    """Check permissions in the database.

    :raises PoolError: 262, or 4834 for bulk operations: one is missing.
    """
    for permission in permissions:
        if not has_permission(state, permission, Securable(DATABASE)):
            if permission == BULK_OPERATIONS:
                raise PoolError(4834, "You do not have permission to use the bulk load statement.")
            message = f"{permission} permission denied in database '{state.database.name}'."
            raise PoolError(262, message, severity=14)


def demand_server_state(state: SessionState) -> None:
    """Check VIEW SERVER STATE, which is no permission in the database. Source: sys.dm_pdw_exec_sessions, Permissions.

    Assumption: Of the users of the local pool, dbo alone has VIEW SERVER STATE; SQL Server's number tells the others.

    :raises PoolError: 300, it is missing.
    """
    if state.principal_id != DBO_ID:
        message = "VIEW SERVER STATE permission was denied on object 'server', database 'master'."
        raise PoolError(300, message, severity=14)


def demand_on_table(state: SessionState, permission: str, table: Table) -> None:
    """Check a permission on a table; a temporary table is the session's own.

    :raises PoolError: 229, it is missing.
    """
    if not table.temporary and not has_permission(state, permission, table_securable(state, table)):
        message = (
            f"The {permission} permission was denied on the object '{table.name}', database '{state.database.name}', "
            f"schema '{table.schema}'."
        )
        raise PoolError(229, message, severity=14)


def demand_to_manage(state: SessionState, permission: str) -> None:
    """Check a permission to manage users, roles or permissions.

    :raises PoolError: 15247, it is missing.
    """
    if not has_permission(state, permission, Securable(DATABASE)):
        raise PoolError(15247, "User does not have permission to perform this action.")
