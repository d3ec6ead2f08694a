"""Users, roles and permissions of the local pool, through Microsoft's driver."""

from __future__ import annotations

import itertools

import pyodbc
import pytest

_numbers = itertools.count(1)
_BULK = "ADMINISTER DATABASE BULK OPERATIONS"
_EXTERNAL = ("ALTER ANY EXTERNAL DATA SOURCE", "ALTER ANY EXTERNAL FILE FORMAT")


@pytest.fixture
def analyst(workspace, analyst):
    """A connection of a user who was granted nothing but CONNECT."""
    connection = workspace.sql_pool.connect(analyst)
    yield connection
    connection.close()


@pytest.fixture
def table(new_table, pool_connection):
    name = new_table("n int")
    pool_connection.execute(f"INSERT INTO {name} VALUES (1)")
    return name


@pytest.fixture
def external(pool_connection, landing):
    """The WITH clause of a CETAS that works."""
    name = f"permitted_{next(_numbers)}"
    pool_connection.execute(
        f"CREATE EXTERNAL DATA SOURCE {name} WITH (TYPE = HADOOP,"
        f" LOCATION = 'abfss://{landing.container_name}@lake.dfs.core.windows.net')"
    )
    pool_connection.execute(f"CREATE EXTERNAL FILE FORMAT {name} WITH (FORMAT_TYPE = PARQUET)")
    yield f"WITH (LOCATION = 'out/', DATA_SOURCE = {name}, FILE_FORMAT = {name})"
    pool_connection.execute(f"DROP EXTERNAL DATA SOURCE {name}")
    pool_connection.execute(f"DROP EXTERNAL FILE FORMAT {name}")


def _refused(connection, statement, number):
    with pytest.raises(pyodbc.Error, match=rf"\({number}\)"):
        connection.execute(statement).fetchall()


def test_a_login_without_a_user_cannot_open_the_database(workspace):
    with pytest.raises(pyodbc.Error, match=r"\(916\)"):
        workspace.sql_pool.connect("analyst")


def test_a_user_sees_who_it_is(analyst, pool_connection):
    assert tuple(analyst.execute("SELECT SUSER_SNAME(), USER_NAME()").fetchone()) == ("analyst", "analyst")
    assert pool_connection.execute("SELECT USER_NAME()").fetchval() == "dbo"


@pytest.mark.parametrize(
    ("permission", "statement"),
    [
        ("SELECT", "SELECT n FROM {}"),
        ("INSERT", "INSERT INTO {} VALUES (2)"),
        ("ALTER", "TRUNCATE TABLE {}"),
    ],
)
@pytest.mark.parametrize("securable", ["{}", "SCHEMA::dbo", "DATABASE::sqlpool"])
def test_a_permission_on_what_covers_a_table_is_enough(
    analyst, pool_connection, table, permission, statement, securable
):
    where = securable.format(table)
    _refused(analyst, statement.format(table), 229)
    pool_connection.execute(f"GRANT {permission} ON {where} TO analyst")
    analyst.execute(statement.format(table))
    pool_connection.execute(f"DENY {permission} ON OBJECT::{table} TO public")
    _refused(analyst, statement.format(table), 229)
    pool_connection.execute(f"REVOKE {permission} ON {table} FROM public")
    pool_connection.execute(f"REVOKE {permission} ON {where} FROM analyst")
    _refused(analyst, statement.format(table), 229)


def test_update_and_delete_need_their_own_permissions(analyst, pool_connection, table):
    pool_connection.execute(f"GRANT SELECT, UPDATE ON {table} TO analyst")
    analyst.execute(f"UPDATE {table} SET n = 3 WHERE n = 1")
    _refused(analyst, f"DELETE FROM {table}", 229)


def test_many_rows_at_once_need_insert_too(analyst, pool_connection, table):
    cursor = analyst.cursor()
    cursor.fast_executemany = True
    with pytest.raises(pyodbc.Error, match=r"\(229\)"):
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", [(1,), (2,)])
    pool_connection.execute(f"GRANT INSERT ON {table} TO analyst")
    cursor.executemany(f"INSERT INTO {table} VALUES (?)", [(1,), (2,)])


def test_creating_a_table_needs_the_right_in_the_database_and_on_the_schema(analyst, pool_connection):
    create = "CREATE TABLE dbo.made (n int) WITH (HEAP)"
    _refused(analyst, create, 262)
    pool_connection.execute("GRANT CREATE TABLE TO analyst")
    _refused(analyst, create, 2760)
    pool_connection.execute("GRANT ALTER ON SCHEMA::dbo TO analyst")
    analyst.execute(create)
    pool_connection.execute("REVOKE ALTER ON SCHEMA::dbo FROM analyst")
    _refused(analyst, "DROP TABLE dbo.made", 3701)
    pool_connection.execute("GRANT CONTROL ON dbo.made TO analyst")
    analyst.execute("DROP TABLE dbo.made")
    analyst.execute("CREATE TABLE #own (n int) WITH (HEAP)")


def test_copy_needs_insert_and_bulk_operations(analyst, pool_connection, table, landing):
    landing.upload_blob("a.csv", b"5\n")
    copy = f"COPY INTO {table} FROM 'https://lake.blob.core.windows.net/{landing.container_name}/a.csv'"
    _refused(analyst, copy, 229)
    pool_connection.execute(f"GRANT INSERT ON {table} TO analyst")
    _refused(analyst, copy, 4834)
    pool_connection.execute(f"GRANT {_BULK} TO analyst")
    assert analyst.execute(copy).rowcount == 1


def test_copy_into_a_new_table_needs_the_right_to_create_it(analyst, pool_connection, landing):
    pool_connection.execute(f"GRANT {_BULK} TO analyst")
    copy = f"COPY INTO dbo.none FROM 'https://lake.dfs.core.windows.net/{landing.container_name}/' WITH ({{}})"
    _refused(analyst, copy.format("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'"), 262)


def test_an_export_needs_its_documented_rights(analyst, pool_connection, table, external):
    export = f"CREATE EXTERNAL TABLE dbo.exported {external} AS SELECT n FROM {table}"
    for permission in ("CREATE TABLE", "ALTER ON SCHEMA::dbo", *_EXTERNAL):
        _refused(analyst, export, 2760 if "SCHEMA" in permission else 262)
        pool_connection.execute(f"GRANT {permission} TO analyst")
    _refused(analyst, export, 229)
    pool_connection.execute(f"GRANT SELECT ON {table} TO analyst")
    assert analyst.execute(export).rowcount == 1
    analyst.execute("DROP EXTERNAL TABLE dbo.exported")


def test_the_export_role_and_a_reading_role_are_enough_for_an_export(analyst, pool_connection, table, external):
    for role in ("db_exporter", "db_datareader"):
        pool_connection.execute(f"EXEC sp_addrolemember '{role}', 'analyst'")
    analyst.execute(f"CREATE EXTERNAL TABLE dbo.exported {external} AS SELECT n FROM {table}")
    pool_connection.execute("EXEC sp_droprolemember @rolename = 'db_exporter', @membername = 'analyst'")
    _refused(analyst, "DROP EXTERNAL TABLE dbo.exported", 3701)
    pool_connection.execute("DROP EXTERNAL TABLE dbo.exported")


def test_a_user_may_ask_for_its_roles(analyst, pool_connection):
    pool_connection.execute("CREATE ROLE readers")
    pool_connection.execute("EXEC sp_addrolemember 'readers', 'analyst'")
    pool_connection.execute("EXEC sp_addrolemember 'db_exporter', 'readers'")
    question = "SELECT IS_ROLEMEMBER('{}')"
    answers = {
        role: analyst.execute(question.format(role)).fetchval()
        for role in ("readers", "db_exporter", "db_owner", "public", "missing")
    }
    assert answers == {"readers": 1, "db_exporter": 1, "db_owner": 0, "public": 1, "missing": None}
    assert pool_connection.execute("SELECT IS_ROLEMEMBER('db_owner')").fetchval() == 1
    assert pool_connection.execute("SELECT IS_ROLEMEMBER('readers', 'analyst')").fetchval() == 1
    _refused(pool_connection, "DROP ROLE readers", 15144)
    pool_connection.execute("EXEC sp_droprolemember 'readers', 'analyst'")
    pool_connection.execute("DROP ROLE readers")


def test_a_user_may_ask_for_its_permissions(analyst, pool_connection, table):
    pool_connection.execute(f"GRANT {_BULK} TO analyst")
    pool_connection.execute(f"GRANT INSERT ON {table} TO analyst")
    row = analyst.execute(
        f"SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', '{_BULK}'), HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CONTROL'),"
        f" HAS_PERMS_BY_NAME('{table}', 'OBJECT', 'INSERT'), HAS_PERMS_BY_NAME('{table}', 'OBJECT', 'SELECT'),"
        " HAS_PERMS_BY_NAME('dbo', 'SCHEMA', 'ALTER'), HAS_PERMS_BY_NAME('dbo.missing', 'OBJECT', 'SELECT'),"
        " HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'FLY')"
    ).fetchone()
    assert tuple(row) == (1, 0, 1, 0, 0, None, None)


def test_the_views_show_what_was_granted_and_to_whom(analyst, pool_connection, table):
    pool_connection.execute(f"GRANT {_BULK} TO analyst")
    pool_connection.execute(f"DENY DELETE ON {table} TO analyst")
    pool_connection.execute("EXEC sp_addrolemember 'db_exporter', 'analyst'")
    found = analyst.execute("""
        SELECT p.type, p.permission_name, p.state_desc
        FROM sys.database_permissions p
        JOIN sys.database_principals u ON p.grantee_principal_id = u.principal_id
        WHERE u.name = 'analyst' AND p.class = 0 ORDER BY p.permission_name""").fetchall()
    assert [tuple(row) for row in found] == [("DABO", _BULK, "GRANT"), ("CO  ", "CONNECT", "GRANT")]
    denied = analyst.execute(f"""
        SELECT class_desc, permission_name, state_desc FROM sys.database_permissions
        WHERE major_id = OBJECT_ID('{table}')""").fetchall()
    assert [tuple(row) for row in denied] == [("OBJECT_OR_COLUMN", "DELETE", "DENY")]
    roles = analyst.execute("""
        SELECT r.name FROM sys.database_role_members m
        JOIN sys.database_principals r ON m.role_principal_id = r.principal_id
        JOIN sys.database_principals u ON m.member_principal_id = u.principal_id WHERE u.name = 'analyst'""").fetchall()
    assert [tuple(row) for row in roles] == [("db_exporter",)]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("SELECT * FROM sys.dm_pdw_exec_requests", 262),
        ("CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'x', SECRET = 'y'", 262),
        ("CREATE EXTERNAL DATA SOURCE s WITH (LOCATION = 'abfss://c@lake.dfs.core.windows.net')", 262),
        ("CREATE SCHEMA own", 262),
        ("CREATE USER other WITHOUT LOGIN", 15247),
        ("GRANT CONTROL TO analyst", 15247),
        ("EXEC sp_addrolemember 'db_owner', 'analyst'", 15247),
    ],
)
def test_a_user_without_rights_manages_nothing(analyst, statement, number):
    _refused(analyst, statement, number)


@pytest.mark.parametrize(
    "right", ["GRANT CONTROL ON {} TO analyst", "EXEC sp_addrolemember 'db_securityadmin', 'analyst'"]
)
def test_who_controls_a_table_or_manages_security_may_grant(analyst, pool_connection, table, right):
    grant = f"GRANT SELECT ON {table} TO public"
    _refused(analyst, grant, 15247)
    pool_connection.execute(right.format(table))
    analyst.execute(grant)
    pool_connection.execute(f"REVOKE SELECT ON {table} FROM public")


def test_the_views_of_requests_need_view_database_state(analyst, pool_connection):
    pool_connection.execute("GRANT VIEW DATABASE STATE TO analyst")
    assert analyst.execute("SELECT COUNT(*) FROM sys.dm_pdw_exec_requests").fetchval() > 0


def test_the_view_of_sessions_needs_view_server_state(analyst, pool_connection):
    query = "SELECT COUNT(*) FROM sys.dm_pdw_exec_sessions"
    pool_connection.execute("GRANT VIEW DATABASE STATE TO analyst")
    _refused(analyst, query, 300)
    assert pool_connection.execute(query).fetchval() > 0


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER ROLE db_datareader ADD MEMBER analyst", "is not supported in a dedicated SQL pool"),
        ("CREATE USER someone FROM EXTERNAL PROVIDER", "not supported by the local pool"),
        ("SELECT * FROM fn_my_permissions(NULL, 'DATABASE')", "fn_my_permissions is not supported in a dedicated"),
        ("GRANT SHOWPLAN TO analyst", "The permission SHOWPLAN on DATABASE"),
        ("GRANT CREATE TABLE ON dbo.x TO analyst", "The permission CREATE TABLE on OBJECT"),
        ("GRANT SELECT ON SCHEMA::dbo TO analyst WITH GRANT OPTION", "WITH GRANT OPTION"),
        ("GRANT SELECT ON SCHEMA::missing TO analyst", "15151"),
        ("GRANT CREATE TABLE TO missing", "15151"),
        ("GRANT CREATE TABLE TO db_datareader", "4617"),
        ("CREATE USER second FOR LOGIN analyst", "15063"),
        ("CREATE USER nobody FOR LOGIN nobody", "15007"),
        ("CREATE ROLE db_owner", "15023"),
        ("DROP ROLE db_owner", "15150"),
        ("DROP USER missing", "15151"),
        ("EXEC sp_addrolemember 'db_owner', 'missing'", "15410"),
    ],
)
def test_what_cannot_be_managed_is_refused_by_name(analyst, pool_connection, statement, message):
    with pytest.raises(pyodbc.Error, match=message):
        pool_connection.execute(statement)


def test_permissions_outlive_the_pool_and_end_with_their_user(tmp_path):
    """A second start finds what the first one stored."""
    from airflow_synapse.local.sql_pool import SqlPool  # noqa: PLC0415 - this test alone starts a pool of its own
    from airflow_synapse.secret import Secret  # noqa: PLC0415 - as above

    logins = {"keeper": Secret("word")}
    with SqlPool(tmp_path, storage_accounts={}, restricted_logins=logins) as first:
        owner = first.connect()
        owner.execute("CREATE USER keeper FOR LOGIN keeper")
        owner.execute("GRANT CREATE TABLE, ALTER ON DATABASE::sqlpool TO keeper")
        owner.close()
    with SqlPool(tmp_path, storage_accounts={}, restricted_logins=logins) as second:
        keeper, owner = second.connect("keeper"), second.connect()
        keeper.execute("CREATE TABLE dbo.kept (n int) WITH (HEAP)")
        owner.execute("DROP USER keeper")
        owner.execute("CREATE USER keeper FOR LOGIN keeper")
        again = second.connect("keeper")
        _refused(again, "CREATE TABLE dbo.other (n int) WITH (HEAP)", 262)
        for connection in (keeper, owner, again):
            connection.close()
