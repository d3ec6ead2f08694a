"""The statements about users, roles and permissions, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CreateUser:
    """CREATE USER. ``login`` is None for WITHOUT LOGIN."""

    name: str
    login: str | None
    default_schema: str | None


@dataclass(frozen=True, slots=True)
class CreateRole:
    """CREATE ROLE."""

    name: str


@dataclass(frozen=True, slots=True)
class DropPrincipal:
    """DROP USER (``kind`` S) or DROP ROLE (``kind`` R)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class ChangePermissions:
    """GRANT, DENY or REVOKE, by its first word.

    :param kind: DATABASE, SCHEMA or OBJECT.
    :param securable: Name of the schema or object; empty for the database.
    """

    verb: str
    permissions: tuple[str, ...]
    kind: str
    securable: tuple[str, ...]
    principals: tuple[str, ...]


SecurityStatement = CreateUser | CreateRole | DropPrincipal | ChangePermissions
