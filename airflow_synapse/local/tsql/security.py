"""Run the statements about users, roles and permissions, and tell what a user may do.

Source of the numbers: sql-docs, Database engine errors 15000 to 15999.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_synapse.local.catalog.principals import (
    BUILT_IN,
    DATABASE,
    OBJECT,
    PERMISSIONS,
    SCHEMA,
    Permission,
    Principal,
    RoleMember,
    Securable,
    roles_of,
)
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.permissions import (
    demand_to_manage,
    has_permission,
    schema_securable,
    table_securable,
)
from airflow_synapse.local.tsql.security_statements import ChangePermissions, CreateRole, CreateUser, DropPrincipal

if TYPE_CHECKING:
    from airflow_synapse.local.catalog.catalog import Catalog
    from airflow_synapse.local.tsql.session_state import SessionState


def principals(catalog: Catalog) -> list[Principal]:
    """Return every user and role, built-in ones first."""
    return [*BUILT_IN, *catalog.named(Principal)]


def find_principal(catalog: Catalog, name: str) -> Principal | None:
    """Return the user or role of that name, None when there is none."""
    return next((found for found in principals(catalog) if found.name.lower() == name.lower()), None)


def create_user(state: SessionState, statement: CreateUser) -> None:
    """Run CREATE USER: the user gets CONNECT.

    :raises PoolError: 15007, there is no such login; 15063, it has a user; 15023, the name is taken.
    """
    login = statement.login
    if login is not None:
        if login.lower() not in state.database.logins:
            raise PoolError(15007, f"'{login}' is not a valid login or you do not have permission.")
        if any((found.login or "").lower() == login.lower() for found in state.database.catalog.named(Principal)):
            raise PoolError(15063, "The login already has an account under a different user name.")
    user = _create(state, Principal(0, statement.name, "S", login, statement.default_schema or "dbo"))
    with state.writing() as cursor:
        permission = Permission(user.object_id, DATABASE, 0, "CONNECT", "G")
        state.database.catalog.put_named(cursor, permission)


def create_role(state: SessionState, statement: CreateRole) -> None:
    """Run CREATE ROLE.

    :raises PoolError: 15023, the name is taken.
    """
    _create(state, Principal(0, statement.name, "R"))


def _create(state: SessionState, given: Principal) -> Principal:
    catalog = state.database.catalog
    if find_principal(catalog, given.name) is not None:
        message = f"User, group, or role '{given.name}' already exists in the current database."
        raise PoolError(15023, message)
    made = Principal(catalog.new_id(), given.name, given.kind, given.login, given.default_schema)
    with state.writing() as cursor:
        catalog.put_named(cursor, made)
    return made


def drop_principal(state: SessionState, statement: DropPrincipal) -> None:
    """Run DROP USER or DROP ROLE, with the permissions and memberships of the principal.

    :raises PoolError: 15151, there is none of that name; 15144, the role has members; 15150, it is a fixed one.
    """
    catalog = state.database.catalog
    what = "user" if statement.kind == "S" else "role"
    found = find_principal(catalog, statement.name)
    if found is None or found.kind != statement.kind:
        raise _missing(what, statement.name, "drop")
    if found in BUILT_IN:
        raise PoolError(15150, f"Cannot drop the {what} '{found.name}'.")
    members = catalog.named(RoleMember)
    if any(member.role_id == found.object_id for member in members):
        raise PoolError(15144, "The role has members. It must be empty before it can be dropped.")
    with state.writing() as cursor:
        for entry in catalog.named(Permission):
            if entry.grantee_id == found.object_id:
                catalog.remove_named(cursor, entry)
        for member in members:
            if member.member_id == found.object_id:
                catalog.remove_named(cursor, member)
        catalog.remove_named(cursor, found)


def change_permissions(state: SessionState, statement: ChangePermissions) -> None:
    """Run GRANT, DENY or REVOKE, as somebody who has CONTROL of the securable or is in db_securityadmin.

    Source: sql-docs, Permissions: GRANT, DENY, REVOKE (Azure Synapse Analytics), Permissions.

    :raises PoolError: 15151, there is no such securable or principal; 4617, the principal is a built-in one; 15247, it
        is not allowed.
    """
    catalog = state.database.catalog
    securable = _securable(state, statement)
    if not is_role_member(state, "db_securityadmin") and not has_permission(state, "CONTROL", securable):
        raise PoolError(15247, "User does not have permission to perform this action.")
    grantees = [_grantee(catalog, name) for name in statement.principals]
    with state.writing() as cursor:
        for grantee in grantees:
            for name in statement.permissions:
                entry = Permission(grantee.object_id, securable.kind, securable.number, name, statement.verb[0])
                known = catalog.find_named(Permission, entry.name)
                if statement.verb != "REVOKE":
                    catalog.put_named(cursor, entry)
                elif known is not None:
                    catalog.remove_named(cursor, known)


def _securable(state: SessionState, statement: ChangePermissions) -> Securable:
    found: Securable | None = Securable(DATABASE)
    if statement.kind == SCHEMA:
        found = schema_securable(state, statement.securable[0])
    elif statement.kind == OBJECT:
        table = state.find_table(statement.securable)
        found = None if table is None else table_securable(state, table)
    if found is None:
        raise _missing(statement.kind.lower(), ".".join(statement.securable), "find")
    return found


def _grantee(catalog: Catalog, name: str) -> Principal:
    found = find_principal(catalog, name)
    if found is None:
        raise _missing("user", name, "find")
    if found in BUILT_IN and found.name != "public":
        raise PoolError(4617, "Cannot grant, deny or revoke permissions to or from special roles.")
    return found


def change_member(state: SessionState, role: object, member: object, *, add: bool) -> None:
    """Run sp_addrolemember or sp_droprolemember. Members of fixed roles are the business of db_owner.

    Source: T-SQL reference, sp_addrolemember.

    :raises PoolError: 15151, there is no such role; 15410, there is no such member; 15247, it is not allowed.
    """
    catalog = state.database.catalog
    found = find_principal(catalog, str(role))
    if found is None or found.kind != "R" or found.name == "public":
        raise _missing("role", str(role), "alter")
    demand_to_manage(state, "CONTROL" if found.is_fixed else "ALTER ANY ROLE")
    user = find_principal(catalog, str(member))
    if user is None or user in BUILT_IN:
        raise PoolError(15410, f"User, role, or other principal '{member}' does not exist in this database.")
    entry = RoleMember(found.object_id, user.object_id)
    with state.writing() as cursor:
        if add:
            catalog.put_named(cursor, entry)
        elif catalog.find_named(RoleMember, entry.name) is not None:
            catalog.remove_named(cursor, entry)


def is_role_member(state: SessionState, role: object, member: object = None) -> int | None:
    """Return 1 or 0, or None when there is no such role or principal. Source: T-SQL reference, IS_ROLEMEMBER."""
    catalog = state.database.catalog
    found = find_principal(catalog, str(role))
    if found is None or found.kind != "R":
        return None
    principal_id = state.principal_id
    if member is not None:
        user = find_principal(catalog, str(member))
        if user is None:
            return None
        principal_id = user.object_id
    return int(found.object_id in roles_of(principal_id, catalog.named(RoleMember)))


def has_perms_by_name(state: SessionState, name: object, kind: object, permission: object) -> int | None:
    """Return 1 or 0, or None when there is no such class, securable or permission.

    Assumption: HAS_PERMS_BY_NAME, whose page names Azure SQL and not dedicated pools, answers as it does there.
    """
    wanted, word = str(kind or "").upper(), str(permission).upper()
    if word not in PERMISSIONS.get(wanted, ()):
        return None
    securable: Securable | None = Securable(DATABASE)
    if wanted == SCHEMA:
        securable = schema_securable(state, str(name))
    elif wanted == OBJECT:
        table = state.table_named(str(name))
        securable = None if table is None else table_securable(state, table)
    elif name is not None and str(name).lower() != state.database.name.lower():
        return None
    return None if securable is None else int(has_permission(state, word, securable))


def _missing(what: str, name: str, verb: str) -> PoolError:
    return PoolError(
        15151, f"Cannot {verb} the {what} '{name}', because it does not exist or you do not have permission."
    )
