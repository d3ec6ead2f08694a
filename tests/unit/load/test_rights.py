"""What rights are asked for, and what is said of those that are missing."""

import pytest

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.exceptions import AccessError
from airflow_synapse.load.rights import (
    MissingRight,
    check_rights,
    folder_acls,
    missing_rights,
    rights_query,
    rights_to_export,
    rights_to_load,
)

TABLE = TableName.parse("dbo.[odd]]name]")


def test_one_query_asks_for_the_user_and_everything():
    assert rights_query(rights_to_load(TABLE)) == (
        "SELECT USER_NAME(), HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'ADMINISTER DATABASE BULK OPERATIONS'), "
        "HAS_PERMS_BY_NAME('[dbo].[odd]]name]', 'OBJECT', 'INSERT')"
    )


def test_a_load_into_a_new_table_needs_more():
    names = [(right.name, right.on) for right in rights_to_load(TABLE, creates_table=True)]
    assert names == [
        ("ADMINISTER DATABASE BULK OPERATIONS", "DATABASE"),
        ("CREATE TABLE", "DATABASE"),
        ("ALTER", "SCHEMA"),
        ("INSERT", "SCHEMA"),
    ]


def test_who_empties_a_table_must_be_allowed_to_alter_it():
    names = [(right.name, right.on) for right in rights_to_load(TABLE, disposition="truncate")]
    assert names == [("ADMINISTER DATABASE BULK OPERATIONS", "DATABASE"), ("INSERT", "OBJECT"), ("ALTER", "OBJECT")]


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ({"disposition": "replace"}, ["ALTER", "INSERT", "SELECT"]),
        ({"disposition": "upsert"}, ["ALTER", "INSERT", "SELECT", "DELETE"]),
        ({"disposition": "replace_slice"}, ["ALTER", "INSERT", "SELECT", "DELETE"]),
        ({"ledger_table": TableName.parse("dbo.ledger")}, ["ALTER", "INSERT", "SELECT", "UPDATE"]),
    ],
)
def test_a_load_by_a_staging_table_reads_it(arguments, needed):
    rights = rights_to_load(TABLE, **arguments)
    assert [right.name for right in rights if right.on == "SCHEMA"] == needed


def test_a_ledger_of_another_schema_needs_rights_there():
    rights = rights_to_load(TABLE, disposition="truncate", ledger_table=TableName.parse("ops.ledger"))
    assert [(right.name, right.securable) for right in rights] == [
        ("ADMINISTER DATABASE BULK OPERATIONS", ""),
        ("INSERT", TABLE.quoted),
        ("ALTER", TABLE.quoted),
        ("CREATE TABLE", ""),
        ("ALTER", "ops"),
        ("INSERT", "ops"),
        ("SELECT", "ops"),
        ("UPDATE", "ops"),
    ]


def test_an_export_needs_what_the_reference_of_cetas_names_and_to_count_the_rows():
    assert {(right.name, right.securable) for right in rights_to_export("stage")} == {
        ("ADMINISTER DATABASE BULK OPERATIONS", ""),
        ("CREATE TABLE", ""),
        ("ALTER", "stage"),
        ("ALTER ANY EXTERNAL DATA SOURCE", ""),
        ("ALTER ANY EXTERNAL FILE FORMAT", ""),
        ("SELECT", "stage"),
    }


def test_each_missing_right_comes_with_the_statement_that_gives_it():
    rights = (*rights_to_load(TABLE), *rights_to_load(TABLE, creates_table=True)[2:3])
    assert [each.remedy for each in missing_rights(rights, ["mike]o'hara", 0, None, 0])] == [
        "GRANT ADMINISTER DATABASE BULK OPERATIONS TO [mike]]o'hara]",
        "GRANT INSERT ON [dbo].[odd]]name] TO [mike]]o'hara]",
        "GRANT ALTER ON SCHEMA::[dbo] TO [mike]]o'hara]",
    ]


def test_what_is_granted_is_not_missing():
    rights = rights_to_load(TABLE)
    assert [each.right for each in missing_rights(rights, ["loader", 1, 0])] == ["INSERT"]
    assert missing_rights(rights, ["loader", 1, 1]) == []


def test_the_folders_above_need_execution_only():
    path = "synapse/workspaces/ws/sparkpools/pool/sparkpoolinstances"
    assert folder_acls(path) == [
        "--X on /",
        "--X on /synapse",
        "--X on /synapse/workspaces",
        "--X on /synapse/workspaces/ws",
        "--X on /synapse/workspaces/ws/sparkpools",
        "--X on /synapse/workspaces/ws/sparkpools/pool",
        f"RWX on /{path}",
    ]
    assert folder_acls("") == ["RWX on /"]


def test_one_message_names_everything_that_is_missing():
    check_rights([])
    with pytest.raises(AccessError) as caught:
        check_rights(
            [
                MissingRight(right="INSERT", on="[dbo].[t]", remedy="GRANT INSERT ON [dbo].[t] TO [u]"),
                MissingRight(right="list", on="https://lake/staging/", remedy="give it a role."),
            ]
        )
    assert str(caught.value) == (
        "INSERT on [dbo].[t] is missing: GRANT INSERT ON [dbo].[t] TO [u]\n"
        "list on https://lake/staging/ is missing: give it a role."
    )
    assert not caught.value.retryable
