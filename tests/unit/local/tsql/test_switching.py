"""ALTER TABLE SWITCH, SPLIT RANGE and MERGE RANGE, and the views that tell partitions."""

import threading
import time

import pytest

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import Fault

DAYS = "PARTITION (day RANGE RIGHT FOR VALUES ('2013-01-02', '2013-01-03'))"
LAYOUT = "CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = HASH(id)"
COLUMNS = "id int NOT NULL, day date NULL, name varchar(10) NULL"
#: The query of the documents, without what it does not need.
PARTITIONS = """
    SELECT p.partition_number, p.rows, rv.value
    FROM sys.tables t
    JOIN sys.partitions p ON p.object_id = t.object_id
    JOIN sys.indexes i ON i.object_id = p.object_id AND i.index_id = p.index_id
    JOIN sys.data_spaces ds ON ds.data_space_id = i.data_space_id
    LEFT JOIN sys.partition_schemes ps ON ps.data_space_id = ds.data_space_id
    LEFT JOIN sys.partition_functions pf ON pf.function_id = ps.function_id
    LEFT JOIN sys.partition_range_values rv ON rv.function_id = pf.function_id AND rv.boundary_id = p.partition_number
    WHERE t.name = '{table}' ORDER BY p.partition_number
"""


@pytest.fixture
def create(client):
    def create(name, *rows, columns=COLUMNS, layout=LAYOUT, partition=""):
        client.run(f"CREATE TABLE {name} ({columns}) WITH ({layout}{', ' + partition if partition else ''})")
        for row in rows:
            client.run(f"INSERT INTO {name} VALUES ({row})")

    return create


@pytest.fixture
def flights(create):
    """A table of three days and a staging table of the second."""
    create("flights", "1, '2013-01-01', 'a'", "2, '2013-01-02', 'b'", "3, '2013-01-03', 'c'", partition=DAYS)
    create("staging", "20, '2013-01-02', 'new'", "21, '2013-01-02', 'new'", partition=DAYS)


def refusal(client, text):
    with pytest.raises(PoolError) as refused:
        client.run(text)
    return refused.value.number


def test_switch_moves_all_rows_to_an_empty_table(client, create):
    create("one", "1, '2013-01-01', 'a'")
    create("other")
    client.run("ALTER TABLE one SWITCH TO other")
    assert client.rows("SELECT COUNT(*) FROM one") == [(0,)]
    assert client.rows("SELECT id, name FROM other") == [(1, "a")]


def test_switch_of_a_partition_replaces_that_partition_alone(client, flights):
    client.run("ALTER TABLE staging SWITCH PARTITION 2 TO flights PARTITION 2 WITH (TRUNCATE_TARGET = ON)")
    assert client.rows("SELECT id FROM flights ORDER BY id") == [(1,), (3,), (20,), (21,)]
    assert client.rows("SELECT id FROM staging") == []


@pytest.mark.parametrize("option", ["", " WITH (TRUNCATE_TARGET = OFF)"])
def test_a_target_that_is_not_empty_is_not_overwritten_unasked(client, flights, option):
    assert refusal(client, f"ALTER TABLE staging SWITCH PARTITION 2 TO flights PARTITION 2{option}") == 4904
    assert client.rows("SELECT COUNT(*) FROM flights") == [(3,)]
    assert client.rows("SELECT COUNT(*) FROM staging") == [(2,)]


def test_a_whole_target_that_is_not_empty_is_not_overwritten_unasked(client, create):
    create("one", "1, NULL, NULL")
    create("other", "2, NULL, NULL")
    assert refusal(client, "ALTER TABLE one SWITCH TO other") == 4905


@pytest.mark.parametrize(
    ("other", "number"),
    [
        ({"columns": "id int NOT NULL, day date NULL"}, 4943),
        ({"columns": COLUMNS.replace("name", "title")}, 4942),
        ({"columns": COLUMNS.replace("(10)", "(11)")}, 4944),
        ({"columns": COLUMNS.replace("date NULL", "date NOT NULL")}, 4985),
        ({"columns": f"{COLUMNS}, UNIQUE (id) NOT ENFORCED"}, 4947),
        ({"layout": "HEAP, DISTRIBUTION = HASH(id)"}, 4947),
        ({"layout": "CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = ROUND_ROBIN"}, 103010),
        ({"layout": "CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = HASH(day)"}, 103010),
        ({"partition": ""}, 4953),
        ({"partition": DAYS.replace("day", "id").replace("'2013-01-02', '2013-01-03'", "2, 3")}, 4953),
        ({"partition": DAYS.replace("RIGHT", "LEFT")}, 4972),
        ({"partition": DAYS.replace("-03'", "-04'")}, 4972),
    ],
)
def test_tables_that_differ_are_not_switched(client, create, other, number):
    create("one", partition=DAYS)
    create("other", **{"partition": DAYS, **other})
    assert refusal(client, "ALTER TABLE one SWITCH PARTITION 2 TO other PARTITION 2") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ALTER TABLE staging SWITCH TO flights", 4911),
        ("ALTER TABLE staging SWITCH PARTITION 2 TO flights", 4911),
        ("ALTER TABLE staging SWITCH PARTITION 2 TO flights PARTITION 3", 4973),
        ("ALTER TABLE staging SWITCH PARTITION 4 TO flights PARTITION 4", 4950),
        ("ALTER TABLE staging SWITCH PARTITION 2 TO staging PARTITION 2", 4955),
        ("ALTER TABLE staging SWITCH PARTITION 2 TO nothing PARTITION 2", 4902),
        ("ALTER TABLE staging SWITCH PARTITION 2 TO flights PARTITION 2 WITH (TRUNCATE_TARGET = 1)", 103010),
        ("ALTER TABLE staging ADD more int", 103010),
        ("BEGIN TRAN ALTER TABLE staging SWITCH PARTITION 2 TO flights PARTITION 2", 111212),
    ],
)
def test_a_switch_that_cannot_be_is_refused(client, flights, text, number):
    assert refusal(client, text) == number


def test_other_sessions_see_a_switch_as_one_step(client, new_client, flights, pool):
    other = new_client()
    number = pool.faults.add(Fault("hold", text="SWITCH"))
    switch = threading.Thread(
        target=client.run,
        args=("ALTER TABLE staging SWITCH PARTITION 2 TO flights PARTITION 2 WITH (TRUNCATE_TARGET = ON)",),
    )
    switch.start()
    while not any(fault["held"] for fault in pool.faults.listed()):
        time.sleep(0.01)
    before = other.rows("SELECT id FROM flights ORDER BY id")
    pool.faults.release(number)
    switch.join()
    assert before == [(1,), (2,), (3,)]
    assert other.rows("SELECT id FROM flights ORDER BY id") == [(1,), (3,), (20,), (21,)]


def test_the_views_tell_the_partition_of_a_value(client, flights):
    client.run("INSERT INTO flights VALUES (9, NULL, 'no day')")
    assert client.rows(PARTITIONS.format(table="flights")) == [(1, 2, "2013-01-02"), (2, 1, "2013-01-03"), (3, 1, None)]
    assert client.rows("SELECT type_desc, fanout, boundary_value_on_right FROM sys.partition_functions") == [
        ("RANGE", 3, True),
        ("RANGE", 3, True),
    ]


@pytest.mark.parametrize(("side", "rows"), [("RIGHT", [1, 1, 2]), ("LEFT", [2, 1, 1])])
def test_a_boundary_belongs_to_the_side_that_range_says(client, create, side, rows):
    create("t", "1, NULL, NULL", columns=COLUMNS, partition=f"PARTITION (id RANGE {side} FOR VALUES (30, 10))")
    client.run("INSERT INTO t SELECT 10, NULL, NULL UNION ALL SELECT 30, NULL, NULL UNION ALL SELECT 31, NULL, NULL")
    assert [row[1] for row in client.rows(PARTITIONS.format(table="t"))] == rows


def test_a_table_without_partitions_has_one(client, create):
    create("t", "1, NULL, NULL")
    assert client.rows(PARTITIONS.format(table="t")) == [(1, 1, None)]


@pytest.mark.parametrize(
    ("boundaries", "number"), [("'2013-01-02', '20130102'", 7708), ("'no day'", 241), ("NULL", 103010)]
)
def test_boundaries_that_are_none_are_refused(client, boundaries, number):
    text = f"CREATE TABLE t (day date) WITH (PARTITION (day RANGE RIGHT FOR VALUES ({boundaries})))"
    assert refusal(client, text) == number


def test_split_and_merge_change_the_boundaries(client, create):
    create("t", "1, '2013-01-01', NULL", partition=DAYS)
    client.run("ALTER TABLE t SPLIT RANGE ('2013-02-01')")
    client.run("ALTER TABLE t MERGE RANGE ('2013-01-02')")
    assert client.rows(PARTITIONS.format(table="t")) == [(1, 1, "2013-01-03"), (2, 0, "2013-02-01"), (3, 0, None)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ALTER TABLE flights SPLIT RANGE ('2013-01-05')", 35346),
        ("ALTER TABLE flights SPLIT RANGE ('2013-01-02')", 7721),
        ("ALTER TABLE flights MERGE RANGE ('2013-01-02')", 35344),
        ("ALTER TABLE flights MERGE RANGE ('2013-01-05')", 7715),
    ],
)
def test_a_columnstore_partition_with_rows_is_neither_split_nor_merged(client, flights, text, number):
    assert refusal(client, text) == number


def test_the_views_tell_which_columns_an_index_and_a_partition_have(client, create):
    create("heap", layout="HEAP", partition=DAYS)
    create("clustered", layout="CLUSTERED INDEX (name DESC, id)")
    create("ordered", layout="CLUSTERED COLUMNSTORE INDEX ORDER (day)")
    rows = client.rows("""
        SELECT t.name, i.type_desc, c.name, ic.key_ordinal, ic.partition_ordinal, ic.is_descending_key,
               ic.column_store_order_ordinal
        FROM sys.tables t JOIN sys.indexes i ON i.object_id = t.object_id
        JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
        JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
        ORDER BY t.name, ic.index_column_id""")
    assert rows == [
        ("clustered", "CLUSTERED", "name", 1, 0, True, 0),
        ("clustered", "CLUSTERED", "id", 2, 0, False, 0),
        ("heap", "HEAP", "day", 0, 1, False, 0),
        ("ordered", "CLUSTERED COLUMNSTORE", "id", 0, 0, False, 0),
        ("ordered", "CLUSTERED COLUMNSTORE", "day", 0, 0, False, 1),
        ("ordered", "CLUSTERED COLUMNSTORE", "name", 0, 0, False, 0),
    ]
