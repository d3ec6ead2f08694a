"""Users, roles and permissions, and what a user may do.

Source: sql-docs, Permissions: GRANT, DENY, REVOKE (Azure Synapse Analytics); Database-level roles; Permissions
hierarchy; sys.database_principals and sys.database_permissions for the numbers and codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_synapse.local.catalog.clock import now

DATABASE: Final = "DATABASE"
SCHEMA: Final = "SCHEMA"
OBJECT: Final = "OBJECT"
#: Permissions that can be granted in the local pool, with their codes, by what they are granted on.
_ON_EVERYTHING: Final = {
    "ALTER": "AL", "CONTROL": "CL", "DELETE": "DL", "EXECUTE": "EX", "INSERT": "IN", "REFERENCES": "RF",
    "SELECT": "SL", "TAKE OWNERSHIP": "TO", "UPDATE": "UP", "VIEW DEFINITION": "VW",
}  # fmt: skip
PERMISSIONS: Final = {
    OBJECT: _ON_EVERYTHING,
    SCHEMA: _ON_EVERYTHING,
    DATABASE: {
        **_ON_EVERYTHING,
        "ADMINISTER DATABASE BULK OPERATIONS": "DABO",
        "ALTER ANY EXTERNAL DATA SOURCE": "AEDS",
        "ALTER ANY EXTERNAL FILE FORMAT": "AEFF",
        "ALTER ANY ROLE": "ALRL",
        "ALTER ANY SCHEMA": "ALSM",
        "ALTER ANY USER": "ALUS",
        "CONNECT": "CO",
        "CREATE ROLE": "CRRL",
        "CREATE SCHEMA": "CRSM",
        "CREATE TABLE": "CRTB",
        "VIEW DATABASE STATE": "VWDS",
    },
}
PUBLIC_ID: Final = 0
DBO_ID: Final = 1
_FIRST_FIXED_ROLE: Final = 16384
#: Fixed roles, in the order of their numbers, with what they grant.
#: Assumption: db_exporter has the first number behind those of the other fixed roles.
#: Assumption: db_ddladmin grants CREATE TABLE, CREATE SCHEMA and ALTER ANY SCHEMA here, db_accessadmin ALTER ANY USER,
#: db_securityadmin ALTER ANY ROLE and CREATE ROLE.
FIXED_ROLES: Final[dict[str, tuple[str, ...]]] = {
    "db_owner": ("CONTROL",),
    "db_accessadmin": ("ALTER ANY USER", "CONNECT"),
    "db_securityadmin": ("ALTER ANY ROLE", "CREATE ROLE", "VIEW DEFINITION"),
    "db_ddladmin": ("CREATE TABLE", "CREATE SCHEMA", "ALTER ANY SCHEMA"),
    "": (),
    "db_backupoperator": (),
    "db_datareader": ("SELECT",),
    "db_datawriter": ("INSERT", "UPDATE", "DELETE"),
    "db_denydatareader": ("SELECT",),
    "db_denydatawriter": ("INSERT", "UPDATE", "DELETE"),
    # Source: sql-docs, Database-level roles, Special roles for Azure Synapse Analytics.
    "db_exporter": (
        "CREATE TABLE",
        "ALTER ANY SCHEMA",
        "ALTER ANY EXTERNAL DATA SOURCE",
        "ALTER ANY EXTERNAL FILE FORMAT",
    ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or a role.

    :param kind: ``S`` for a user, ``R`` for a role.
    :param login: Of a user: the login that it is for; None without login.
    """

    object_id: int
    name: str
    kind: str
    login: str | None = None
    default_schema: str | None = None
    created: datetime = field(default_factory=now)

    @property
    def is_fixed(self) -> bool:
        """Whether it is a fixed role."""
        return self.object_id >= _FIRST_FIXED_ROLE and self.name in FIXED_ROLES


@dataclass(frozen=True, slots=True)
class Securable:
    """What a permission is on: the database (number 0), a schema, or an object with the number of its schema."""

    kind: str
    number: int = 0
    schema_number: int = 0


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that was granted or denied. ``state`` is G, W (with grant option) or D."""

    grantee_id: int
    kind: str
    number: int
    permission: str
    state: str

    @property
    def name(self) -> str:
        """What it is stored under."""
        return f"{self.grantee_id}.{self.kind}.{self.number}.{self.permission}"


@dataclass(frozen=True, slots=True)
class RoleMember:
    """A member of a role."""

    role_id: int
    member_id: int

    @property
    def name(self) -> str:
        """What it is stored under."""
        return f"{self.role_id}.{self.member_id}"


#: What every database has. Source: T-SQL reference, sys.database_principals.
BUILT_IN: Final = (
    Principal(PUBLIC_ID, "public", "R"),
    Principal(DBO_ID, "dbo", "S", default_schema="dbo"),
    Principal(3, "INFORMATION_SCHEMA", "S"),
    Principal(4, "sys", "S"),
    *(Principal(_FIRST_FIXED_ROLE + number, name, "R") for number, name in enumerate(FIXED_ROLES) if name),
)
_FIXED_PERMISSIONS: Final = tuple(
    Permission(role.object_id, DATABASE, 0, permission, "D" if role.name.startswith("db_deny") else "G")
    for role in BUILT_IN
    for permission in FIXED_ROLES.get(role.name, ())
)


def roles_of(principal_id: int, members: Iterable[RoleMember]) -> set[int]:
    """Return the principal and every role that it belongs to, through other roles too."""
    known = list(members)
    found = {principal_id, PUBLIC_ID}
    if principal_id == DBO_ID:
        found.add(_FIRST_FIXED_ROLE)  # db_owner
    while more := {member.role_id for member in known if member.member_id in found} - found:
        found |= more
    return found


def is_permitted(principal_ids: set[int], permission: str, securable: Securable, granted: Iterable[Permission]) -> bool:
    """Return whether one of the principals holds the permission, or one that implies it, and none is denied it."""
    implying = set(_implying(permission, securable))
    states = {
        entry.state
        for entry in (*_FIXED_PERMISSIONS, *granted)
        if entry.grantee_id in principal_ids and (entry.permission, entry.kind, entry.number) in implying
    }
    return bool(states) and "D" not in states


def _implying(permission: str, securable: Securable) -> Iterator[tuple[str, str, int]]:
    """Return every permission that implies the one asked for, itself included, on what covers the securable."""
    if securable.kind == OBJECT:
        yield from ((found, OBJECT, securable.number) for found in (permission, "CONTROL"))
    schema = securable.schema_number if securable.kind == OBJECT else securable.number
    if securable.kind != DATABASE:
        yield from ((found, SCHEMA, schema) for found in (permission, "CONTROL"))
    yield from ((found, DATABASE, 0) for found in (permission, "CONTROL"))
    if securable.kind != DATABASE and permission == "ALTER":
        yield "ALTER ANY SCHEMA", DATABASE, 0
    if permission.startswith(("ALTER", "CREATE")):
        yield "ALTER", DATABASE, 0
