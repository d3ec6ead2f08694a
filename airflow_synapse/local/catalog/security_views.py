"""The views of users, roles and permissions.

Source: T-SQL reference, sys.database_principals, sys.database_role_members, sys.database_permissions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.local.catalog.principals import (
    BUILT_IN,
    DATABASE,
    DBO_ID,
    OBJECT,
    PERMISSIONS,
    SCHEMA,
    Permission,
    Principal,
    RoleMember,
)
from airflow_synapse.local.catalog.view import (
    BIT,
    DATETIME,
    INT,
    SYSNAME,
    TINYINT,
    Row,
    SystemView,
    ViewContext,
    nvarchar,
)
from airflow_synapse.local.sql_types import SqlType

_KINDS: Final = {"S": "SQL_USER", "R": "DATABASE_ROLE"}
_CLASSES: Final = {DATABASE: (0, "DATABASE"), OBJECT: (1, "OBJECT_OR_COLUMN"), SCHEMA: (3, "SCHEMA")}
_STATES: Final = {"G": "GRANT", "D": "DENY"}


def _principals(context: ViewContext) -> Iterator[Row]:
    for found in (*BUILT_IN, *context.catalog.named(Principal)):
        has_login = found.login is not None or found.object_id == DBO_ID
        owner = DBO_ID if found.kind == "R" else None
        yield (
            found.name,
            found.object_id,
            found.kind,
            _KINDS[found.kind],
            found.default_schema,
            found.created,
            found.created,
            owner,
            None,
            found.is_fixed,
            int(has_login),
            "INSTANCE" if has_login else "NONE",
        )


def _members(context: ViewContext) -> Iterator[Row]:
    yield next(role.object_id for role in BUILT_IN if role.name == "db_owner"), DBO_ID
    for found in context.catalog.named(RoleMember):
        yield found.role_id, found.member_id


def _permissions(context: ViewContext) -> Iterator[Row]:
    """Those of fixed roles are not shown. Source: sys.database_permissions."""
    for found in context.catalog.named(Permission):
        code = PERMISSIONS[found.kind][found.permission].ljust(4)
        owner, state = DBO_ID, _STATES[found.state]
        yield (
            *_CLASSES[found.kind],
            found.number,
            0,
            found.grantee_id,
            owner,
            code,
            found.permission,
            found.state,
            state,
        )


VIEWS: Final = {
    "database_principals": SystemView(
        (
            ("name", SYSNAME),
            ("principal_id", INT),
            ("type", SqlType("char", 1)),
            ("type_desc", nvarchar(60)),
            ("default_schema_name", SYSNAME),
            ("create_date", DATETIME),
            ("modify_date", DATETIME),
            ("owning_principal_id", INT),
            ("sid", SqlType("varbinary", 85)),
            ("is_fixed_role", BIT),
            ("authentication_type", INT),
            ("authentication_type_desc", nvarchar(60)),
        ),
        _principals,
    ),
    "database_role_members": SystemView((("role_principal_id", INT), ("member_principal_id", INT)), _members),
    "database_permissions": SystemView(
        (
            ("class", TINYINT),
            ("class_desc", nvarchar(60)),
            ("major_id", INT),
            ("minor_id", INT),
            ("grantee_principal_id", INT),
            ("grantor_principal_id", INT),
            ("type", SqlType("char", 4)),
            ("permission_name", nvarchar(128)),
            ("state", SqlType("char", 1)),
            ("state_desc", nvarchar(60)),
        ),
        _permissions,
    ),
}
