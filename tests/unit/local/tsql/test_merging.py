"""MERGE and RENAME OBJECT."""

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import Done

HASHED = "WITH (HEAP, DISTRIBUTION = HASH(id))"


@pytest.fixture
def tables(client):
    client.run(f"CREATE TABLE target (id int NOT NULL, name varchar(10), amount int) {HASHED}")
    client.run("CREATE TABLE source (id int NOT NULL, name varchar(10)) WITH (HEAP)")
    client.run("INSERT INTO target SELECT 1, 'a', 10 UNION ALL SELECT 2, 'b', 20 UNION ALL SELECT 3, 'c', 30")
    client.run("INSERT INTO source SELECT 1, 'A' UNION ALL SELECT 4, 'D'")


def refusal(client, text):
    with pytest.raises(PoolError) as refused:
        client.run(text)
    return refused.value.number


def test_merge_updates_inserts_and_deletes(client, tables):
    outcome = client.run("""
        MERGE INTO dbo.target AS t USING (SELECT id, name FROM source) AS s ON t.id = s.id
        WHEN MATCHED AND s.name = 'A' THEN UPDATE SET name = s.name, amount = CASE WHEN t.amount > 5 THEN 0 ELSE 1 END
        WHEN NOT MATCHED BY TARGET THEN INSERT (id, name) VALUES (s.id, LOWER(s.name))
        WHEN NOT MATCHED BY SOURCE AND t.id = 3 THEN DELETE
        OPTION (LABEL = 'upsert');""")
    assert outcome == [Done(4)], "an update counts twice: it is a delete and an insert"
    assert client.rows("SELECT * FROM target ORDER BY id") == [(1, "A", 0), (2, "b", 20), (4, "d", None)]
    assert client.rows("SELECT status FROM sys.dm_pdw_exec_requests WHERE [label] = 'upsert'") == [("Completed",)]


def test_merge_may_leave_the_target_without_alias(client, tables):
    client.run("MERGE target USING source ON target.id = source.id WHEN MATCHED THEN DELETE;")
    assert client.rows("SELECT id FROM target ORDER BY id") == [(2,), (3,)]


def test_merge_may_match_a_row_twice_that_it_changes_once(client, tables):
    client.run("MERGE target USING source AS s ON 1 = 1 WHEN MATCHED AND s.id = target.id THEN DELETE;")
    assert client.rows("SELECT id FROM target ORDER BY id") == [(2,), (3,)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("MERGE target USING source AS s ON target.id = s.id WHEN MATCHED THEN DELETE", 10713),
        ("MERGE target USING source AS s ON 1 = 1 WHEN MATCHED THEN DELETE;", 8672),
        ("MERGE target USING source AS s ON 1 = 1 WHEN MATCHED AND s.id > 0 THEN UPDATE SET name = 'x';", 8672),
        ("MERGE TOP (1) target USING source AS s ON target.id = s.id WHEN MATCHED THEN DELETE;", 103010),
        ("MERGE target WITH (TABLOCK) USING source AS s ON target.id = s.id WHEN MATCHED THEN DELETE;", 103010),
        ("MERGE target USING source s ON target.id = s.id WHEN MATCHED THEN DELETE OUTPUT $action;", 103010),
        ("MERGE target USING (VALUES (1)) AS s(id) ON target.id = s.id WHEN MATCHED THEN DELETE;", 103010),
        ("MERGE target USING source s ON target.id = s.id;", 103010),
        ("MERGE target USING source s ON target.id = s.id WHEN MATCHED THEN DELETE WHEN MATCHED THEN DELETE;", 10714),
        (
            "MERGE target USING source s ON target.id = s.id"
            " WHEN MATCHED THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'x';",
            5324,
        ),
        ("MERGE target USING source s ON target.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id);", 213),
        ("MERGE target USING source s ON target.id = s.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET id = s.id;", 4104),
        ("MERGE missing USING source s ON missing.id = s.id WHEN MATCHED THEN DELETE;", 208),
    ],
)
def test_what_a_dedicated_pool_has_not_is_refused(client, tables, text, number):
    before = client.rows("SELECT * FROM target ORDER BY id")
    assert refusal(client, text) == number
    assert client.rows("SELECT * FROM target ORDER BY id") == before


@pytest.mark.parametrize("distribution", ["ROUND_ROBIN", "REPLICATE"])
def test_only_a_hash_distributed_table_takes_rows_from_merge(client, tables, distribution):
    client.run(f"CREATE TABLE other (id int) WITH (HEAP, DISTRIBUTION = {distribution})")
    merge = "MERGE other USING source s ON other.id = s.id WHEN"
    assert refusal(client, f"{merge} NOT MATCHED THEN INSERT (id) VALUES (s.id);") == 100088
    client.run(f"{merge} MATCHED THEN DELETE;")


def test_merge_does_not_insert_into_a_table_with_identity(client, tables):
    client.run(f"CREATE TABLE other (id int NOT NULL, n int IDENTITY(1,1)) {HASHED}")
    text = "MERGE other USING source s ON other.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id);"
    assert refusal(client, text) == 103010


def test_rename_keeps_rows_and_statistics_under_the_new_name(client, tables):
    client.run("CREATE STATISTICS ids ON target (id)")
    before = client.value("OBJECT_ID('dbo.target')")
    client.run("RENAME OBJECT dbo.target TO target_old RENAME OBJECT::source TO target")
    assert client.rows("SELECT COUNT(*) FROM target_old") == [(3,)]
    assert client.rows("SELECT COUNT(*) FROM dbo.target") == [(2,)]
    assert client.value("OBJECT_ID('dbo.target_old')") == before
    assert client.rows("SELECT object_id FROM sys.stats WHERE name = 'ids'") == [(before,)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("RENAME OBJECT missing TO other", 208),
        ("RENAME OBJECT target TO source", 2714),
        ("RENAME OBJECT target TO dbo.other", 103010),
        ("RENAME OBJECT target COLUMN id TO number", 103010),
        ("BEGIN TRAN RENAME OBJECT target TO other", 111212),
        ("CREATE TABLE #t (a int) RENAME OBJECT #t TO other", 103010),
    ],
)
def test_a_rename_that_cannot_be_is_refused(client, new_client, tables, text, number):
    assert refusal(client, text) == number
    assert new_client().value("OBJECT_ID('dbo.other')") is None


def test_rename_waits_for_who_writes_to_the_table(client, new_client, tables):
    client.run("BEGIN TRAN INSERT INTO target VALUES (9, 'z', 9)")
    other = new_client()
    assert refusal(other, "SET LOCK_TIMEOUT 50 RENAME OBJECT target TO other") == 1222
    client.run("COMMIT")
    other.run("RENAME OBJECT target TO other")
    assert client.rows("SELECT COUNT(*) FROM other") == [(4,)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("DELETE FROM target WHERE id IN (SELECT id FROM source)", [2, 3]),
        ("DELETE FROM target WHERE EXISTS (SELECT 1 FROM source WHERE source.id = target.id)", [2, 3]),
        ("DELETE FROM target FROM target JOIN source ON source.id = target.id", [2, 3]),
        ("DELETE t FROM dbo.target AS t JOIN source AS s ON s.id = t.id WHERE s.name = 'A'", [2, 3]),
        ("DELETE FROM dbo.target WHERE NOT EXISTS (SELECT 1 FROM source AS s WHERE s.id = target.id)", [1]),
    ],
)
def test_rows_are_deleted_by_what_another_table_holds(client, tables, text, left):
    client.run(text)
    assert [row[0] for row in client.rows("SELECT id FROM target ORDER BY id")] == left
