"""Parse the statements about users, roles and permissions.

Source: T-SQL reference, CREATE USER, DROP USER, CREATE ROLE, DROP ROLE, syntax for Azure Synapse Analytics;
Permissions: GRANT, DENY, REVOKE (Azure Synapse Analytics).
"""

from __future__ import annotations

from airflow_synapse.local.catalog.principals import DATABASE, OBJECT, PERMISSIONS, SCHEMA
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, syntax_error
from airflow_synapse.local.tsql.security_statements import ChangePermissions, CreateRole, CreateUser, DropPrincipal
from airflow_synapse.local.tsql.statements import Body
from airflow_synapse.local.tsql.tokens import TokenKind


def parse_create_user(reader: TokenReader) -> Body:
    """Parse CREATE USER name [FOR | FROM LOGIN login | WITHOUT LOGIN] [WITH DEFAULT_SCHEMA = schema]."""
    reader.expect("CREATE", "USER")
    name = reader.name()
    login: str | None = name
    if reader.accept("WITHOUT", "LOGIN"):
        login = None
    elif reader.accept_any("FOR", "FROM"):
        if reader.at("EXTERNAL"):
            raise not_supported("CREATE USER FROM EXTERNAL PROVIDER")
        reader.expect("LOGIN")
        login = reader.name()
    schema = None
    if reader.accept("WITH"):
        reader.expect("DEFAULT_SCHEMA")
        reader.expect_symbol("=")
        schema = reader.name()
    reader.expect_end()
    return CreateUser(name, login, schema)


def parse_create_role(reader: TokenReader) -> Body:
    """Parse CREATE ROLE name [AUTHORIZATION owner]."""
    reader.expect("CREATE", "ROLE")
    name = reader.name()
    if reader.accept("AUTHORIZATION"):
        reader.name()
    reader.expect_end()
    return CreateRole(name)


def parse_drop_principal(reader: TokenReader) -> Body:
    """Parse DROP USER name and DROP ROLE name."""
    reader.expect("DROP")
    kind = "S" if reader.accept_any("USER", "ROLE") == "USER" else "R"
    name = reader.name()
    reader.expect_end()
    return DropPrincipal(name, kind)


def parse_change_permissions(reader: TokenReader) -> Body:
    """Parse GRANT, DENY and REVOKE permission, ... [ON [class::]securable] TO | FROM principal, ..."""
    verb = reader.accept_any("GRANT", "DENY", "REVOKE")
    permissions = [_permission(reader)]
    while reader.accept_symbol(","):
        permissions.append(_permission(reader))
    kind, securable = _securable(reader) if reader.accept("ON") else (DATABASE, ())
    unknown = next((name for name in permissions if name not in PERMISSIONS[kind]), None)
    if unknown is not None:
        raise not_supported(f"The permission {unknown} on {kind}")
    if not (reader.accept("TO") or (verb == "REVOKE" and reader.accept("FROM"))):
        raise syntax_error(reader.peek())
    principals = [reader.name()]
    while reader.accept_symbol(","):
        principals.append(reader.name())
    if reader.at("WITH") or reader.at("CASCADE"):
        raise not_supported("WITH GRANT OPTION and CASCADE")
    reader.expect_end()
    return ChangePermissions(verb, tuple(permissions), kind, securable, tuple(principals))


def _permission(reader: TokenReader) -> str:
    words = []
    while reader.peek().kind is TokenKind.WORD and reader.peek().keyword not in {"ON", "TO", "FROM"}:
        words.append(reader.take().keyword)
    if not words:
        raise syntax_error(reader.peek())
    if reader.at_symbol("("):
        raise not_supported("A permission on columns")
    return " ".join(words)


def _securable(reader: TokenReader) -> tuple[str, tuple[str, ...]]:
    """Read the securable; without a class it is an object."""
    kind = OBJECT
    if reader.peek(1).is_symbol("::"):
        kind = reader.take().keyword
        reader.expect_symbol("::")
    if kind == DATABASE:
        reader.name()
        return DATABASE, ()
    if kind == SCHEMA:
        return SCHEMA, (reader.name(),)
    if kind != OBJECT:
        raise not_supported(f"A permission on {kind}" if kind else "This class of securables")
    name = reader.qualified_name()
    if len(name) > 3:
        raise PoolError(103010, "The name of a securable has at most three parts.")
    return OBJECT, name
