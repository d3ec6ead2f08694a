"""What follows from memberships and permissions."""

import pytest

from airflow_synapse.local.catalog.principals import (
    BUILT_IN,
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

USER, ROLE = 100, 200
TABLE = Securable(OBJECT, 7, 5)
FIXED = {role.name: role.object_id for role in BUILT_IN}


@pytest.mark.parametrize(
    ("granted", "asked", "securable"),
    [
        (("SELECT", OBJECT, 7), "SELECT", TABLE),
        (("CONTROL", OBJECT, 7), "SELECT", TABLE),
        (("SELECT", SCHEMA, 5), "SELECT", TABLE),
        (("CONTROL", DATABASE, 0), "SELECT", TABLE),
        (("ALTER", SCHEMA, 5), "ALTER", TABLE),
        (("ALTER ANY SCHEMA", DATABASE, 0), "ALTER", TABLE),
        (("ALTER ANY SCHEMA", DATABASE, 0), "ALTER", Securable(SCHEMA, 5)),
        (("ALTER", DATABASE, 0), "CREATE TABLE", Securable(DATABASE)),
        (("ALTER", DATABASE, 0), "ALTER ANY EXTERNAL FILE FORMAT", Securable(DATABASE)),
    ],
)
def test_a_permission_implies_another(granted, asked, securable):
    permission, kind, number = granted
    assert is_permitted({USER}, asked, securable, [Permission(USER, kind, number, permission, "G")])


@pytest.mark.parametrize(
    ("granted", "asked", "securable"),
    [
        (("SELECT", OBJECT, 8), "SELECT", TABLE),
        (("SELECT", SCHEMA, 6), "SELECT", TABLE),
        (("INSERT", DATABASE, 0), "SELECT", TABLE),
        (("ALTER ANY SCHEMA", DATABASE, 0), "SELECT", TABLE),
        (("ALTER", SCHEMA, 5), "CREATE TABLE", Securable(DATABASE)),
        (("ALTER", DATABASE, 0), "ADMINISTER DATABASE BULK OPERATIONS", Securable(DATABASE)),
    ],
)
def test_a_permission_does_not_imply_another(granted, asked, securable):
    permission, kind, number = granted
    assert not is_permitted({USER}, asked, securable, [Permission(USER, kind, number, permission, "G")])


def test_a_denial_anywhere_wins():
    granted = [Permission(USER, OBJECT, 7, "SELECT", "G")]
    assert not is_permitted({USER, ROLE}, "SELECT", TABLE, [*granted, Permission(ROLE, SCHEMA, 5, "SELECT", "D")])
    assert not is_permitted({USER, FIXED["db_denydatareader"]}, "SELECT", TABLE, granted)


@pytest.mark.parametrize(
    ("role", "held", "missing"),
    [
        ("db_datareader", "SELECT", "INSERT"),
        ("db_datawriter", "INSERT", "SELECT"),
        ("db_exporter", "ALTER", "SELECT"),
        ("db_owner", "DELETE", None),
    ],
)
def test_a_fixed_role_grants_what_the_documents_say(role, held, missing):
    assert is_permitted({FIXED[role]}, held, TABLE, [])
    assert missing is None or not is_permitted({FIXED[role]}, missing, TABLE, [])


def test_a_role_may_be_a_member_of_another():
    members = [RoleMember(ROLE, USER), RoleMember(FIXED["db_exporter"], ROLE)]
    assert roles_of(USER, members) == {USER, ROLE, FIXED["db_exporter"], FIXED["public"]}
    assert FIXED["db_owner"] in roles_of(DBO_ID, [])
