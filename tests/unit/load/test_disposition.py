"""Write dispositions: their arguments, and their statements."""

import time

import pytest

from airflow_synapse.copy import ColumnName, TableName, build_statement
from airflow_synapse.exceptions import CopyOptionError, StatementError
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.plan import fingerprint, plan_load

ATTEMPT = Attempt(load_id="abc", clear_number=0, try_number=1, number=1, token="0f", fingerprint="f", path="staged")
LOCATION = "https://lake.blob.core.windows.net/landing/in/"
STAGE = "[dbo].[airflow_load_abc_0f]"
LEDGER = TableName.parse("dbo.ledger")
KEY = (ColumnName("id"),)


class Catalog:
    """Answers the questions about one table: id, day, note (with a default)."""

    def __init__(
        self,
        *,
        distribution=(("HASH", "id"),),
        index=(("CLUSTERED COLUMNSTORE", None, None),),
        partitions=(),
        identity="id",
    ):
        self.answers = {
            "pdw_table_distribution_properties": list(distribution),
            "i.type_desc": list(index),
            "partition_range_values": list(partitions),
            "c.default_object_id": [
                (name, "int", 4, 10, 0, True, name == identity, 77 if name == "note" else 0)
                for name in ("id", "day", "note")
            ],
        }

    def fetch(self, sql, *parameters):
        assert "OBJECT_ID('[dbo].[t]')" in sql
        return next(rows for text, rows in self.answers.items() if text in sql)


DAYS = [("day", "date", 1, "2013-01-01"), ("day", "date", 1, "2013-01-02"), ("day", "date", 1, "2013-01-03")]


def copy(**options):
    return build_statement(**{"table": "dbo.t", "external_locations": LOCATION, "label": "nightly", **options})


def plan(catalog=None, statement=None, **options):
    return plan_load(catalog or Catalog(), LoadOptions(**options), statement or copy(), ATTEMPT)


def test_append_is_the_copy():
    made = plan()
    assert (made.prepare, made.publish, made.copy) == ((), (), copy())


@pytest.mark.parametrize(
    ("options", "before"),
    [
        ({}, "TRUNCATE TABLE [dbo].[t]"),
        (
            {"file_type": "PARQUET", "auto_create_table": "ON"},
            "IF OBJECT_ID('[dbo].[t]') IS NOT NULL TRUNCATE TABLE [dbo].[t]",
        ),
    ],
    ids=["a table", "a table that COPY may create"],
)
def test_truncate_comes_before_copy(options, before):
    made = plan(statement=copy(**options), write_disposition="truncate")
    assert (made.prepare, made.publish, made.staging) == ((before,), (), None)


def test_append_with_a_ledger_inserts_from_a_staging_table_but_no_identity_values():
    made = plan(ledger_table=LEDGER)
    assert made.prepare == (
        f"CREATE TABLE {STAGE}\nWITH (DISTRIBUTION = ROUND_ROBIN, HEAP)\n"
        "AS SELECT [id], [day], [note] FROM [dbo].[t] WHERE 1 = 2",
    )
    assert made.copy.to_sql() == copy().to_sql().replace("[dbo].[t]", STAGE)
    assert made.publish == (
        f"INSERT INTO [dbo].[t] ([day], [note])\nSELECT [day], [note] FROM {STAGE}\nOPTION (LABEL = 'nightly: insert')",
    )
    assert made.is_transaction


def test_a_staging_table_has_the_columns_of_the_column_list_and_the_options_of_the_user():
    made = plan(
        statement=copy(columns=["day"]),
        ledger_table=LEDGER,
        staging_distribution="hash( id, [a,b] )",
        staging_index="clustered  columnstore index",
    )
    assert made.prepare == (
        f"CREATE TABLE {STAGE}\nWITH (DISTRIBUTION = HASH([id], [a,b]), CLUSTERED COLUMNSTORE INDEX)\n"
        "AS SELECT [day] FROM [dbo].[t] WHERE 1 = 2",
    )
    assert "INSERT INTO [dbo].[t] ([day])" in made.publish[0]


def test_replace_slice_deletes_and_inserts_in_one_transaction_after_a_check():
    made = plan(write_disposition="replace_slice", slice_predicate="day = '2013-01-01' OR day IS NULL")
    delete, insert = made.publish
    assert delete == (
        "DELETE FROM [dbo].[t]\nWHERE (day = '2013-01-01' OR day IS NULL)\nOPTION (LABEL = 'nightly: delete')"
    )
    assert insert.startswith("INSERT INTO [dbo].[t]")
    assert made.is_transaction
    assert [check.count for check in made.checks] == [
        f"SELECT COUNT_BIG(*) FROM {STAGE} WHERE CASE WHEN (day = '2013-01-01' OR day IS NULL) THEN 1 ELSE 0 END = 0"
    ]


def test_upsert_deletes_by_key_and_refuses_keys_that_are_missing_or_repeated():
    made = plan(write_disposition="upsert", upsert_keys=(ColumnName("id"), ColumnName("day")))
    delete, insert = made.publish
    assert delete == (
        f"DELETE FROM [dbo].[t]\nWHERE EXISTS (SELECT 1 FROM {STAGE} AS staged "
        "WHERE staged.[id] = [t].[id] AND staged.[day] = [t].[day])\nOPTION (LABEL = 'nightly: delete')"
    )
    assert insert.startswith("INSERT INTO [dbo].[t]")
    assert [check.count for check in made.checks] == [
        f"SELECT COUNT_BIG(*) FROM {STAGE} WHERE [id] IS NULL OR [day] IS NULL",
        f"SELECT COUNT_BIG(*) FROM (SELECT [id], [day] FROM {STAGE} GROUP BY [id], [day] "
        "HAVING COUNT_BIG(*) > 1) AS repeated",
    ]


@pytest.mark.parametrize(
    ("catalog", "clause"),
    [
        (Catalog(), "DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX"),
        (
            Catalog(distribution=[("HASH", "id"), ("HASH", "day")], index=[("CLUSTERED COLUMNSTORE", "day", 0)]),
            "DISTRIBUTION = HASH([id], [day]), CLUSTERED COLUMNSTORE INDEX ORDER ([day])",
        ),
        (
            Catalog(distribution=[("REPLICATE", None)], index=[("HEAP", None, None)]),
            "DISTRIBUTION = REPLICATE, HEAP",
        ),
        (
            Catalog(distribution=[("ROUND_ROBIN", None)], index=[("CLUSTERED", "id", 0), ("CLUSTERED", "day", 1)]),
            "DISTRIBUTION = ROUND_ROBIN, CLUSTERED INDEX ([id], [day] DESC)",
        ),
    ],
    ids=["hash", "ordered columnstore", "replicated heap", "clustered"],
)
def test_replace_switches_in_a_staging_table_of_the_same_shape(catalog, clause):
    made = plan(catalog, write_disposition="replace")
    assert made.prepare == (
        f"CREATE TABLE {STAGE}\nWITH ({clause})\nAS SELECT [id], [day], [note] FROM [dbo].[t] WHERE 1 = 2",
    )
    assert made.publish == (f"ALTER TABLE {STAGE} SWITCH TO [dbo].[t] WITH (TRUNCATE_TARGET = ON)",)
    assert not made.is_transaction


def switch(number):
    return f"ALTER TABLE {STAGE} SWITCH PARTITION {number} TO [dbo].[t] PARTITION {number} WITH (TRUNCATE_TARGET = ON)"


def test_replace_switches_every_partition_of_a_partitioned_table():
    made = plan(Catalog(partitions=DAYS), write_disposition="replace")
    assert made.publish == tuple(map(switch, (1, 2, 3, 4)))
    assert "PARTITION ([day] RANGE RIGHT FOR VALUES ('2013-01-01', '2013-01-02', '2013-01-03'))" in made.prepare[0]


OFFSETS = [("day", "datetimeoffset", 1, "2013-01-02T00:00:00+00:00")]


@pytest.fixture
def worker_in(monkeypatch):
    """Give the worker a time zone."""

    def put(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("rows", "value", "number", "inside"),
    [
        (DAYS, "2012-12-31", 1, "(([day] IS NULL OR ([day] < '2013-01-01')))"),
        (DAYS, "2013-01-01", 2, "(([day] >= '2013-01-01' AND [day] < '2013-01-02'))"),
        (DAYS, "2013-01-02T00:00:00", 3, "(([day] >= '2013-01-02' AND [day] < '2013-01-03'))"),
        (DAYS, "2020-01-01", 4, "(([day] >= '2013-01-03'))"),
        ([("day", "int", 0, "10"), ("day", "int", 0, "9")][::-1], "9", 1, "(([day] IS NULL OR ([day] <= 9)))"),
        ([("day", "int", 0, "9"), ("day", "int", 0, "10")], "10", 2, "(([day] > 9 AND [day] <= 10))"),
        ([("day", "int", 0, "9"), ("day", "int", 0, "10")], "11", 3, "(([day] > 10))"),
        (DAYS, "2013-01-02T00:00:00+00:00", 3, "(([day] >= '2013-01-02' AND [day] < '2013-01-03'))"),
        (OFFSETS, "2013-01-01T23:59:59", 1, "(([day] IS NULL OR ([day] < '2013-01-02T00:00:00+00:00')))"),
        (OFFSETS, "2013-01-02", 2, "(([day] >= '2013-01-02T00:00:00+00:00'))"),
        (OFFSETS, "2013-01-02T00:00:00+01:00", 1, "(([day] IS NULL OR ([day] < '2013-01-02T00:00:00+00:00')))"),
        ([("day", "varchar", 1, "b")], "b", 2, "(([day] >= 'b'))"),
        ([("day", "varchar", 0, "b")], "b", 1, "(([day] IS NULL OR ([day] <= 'b')))"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_partition_is_found_by_a_value_in_it(rows, value, number, inside, zone, worker_in):
    worker_in(zone)
    catalog = Catalog(partitions=rows, identity=None)
    made = plan(catalog, write_disposition="replace_partition", partition_values=(value,))
    assert made.publish == (switch(number),)
    assert made.checks[0].count == f"SELECT COUNT_BIG(*) FROM {STAGE} WHERE CASE WHEN {inside} THEN 1 ELSE 0 END = 0"


@pytest.mark.parametrize(
    ("catalog", "value", "message"),
    [
        (Catalog(), "2013-01-01", "has no partitions"),
        (Catalog(partitions=DAYS), "yesterday", "'yesterday' is no date"),
        (Catalog(partitions=DAYS), "2013-01-02T00:00:00+01:00", "has an offset from UTC"),
        (Catalog(partitions=[("day", "int", 1, "1")]), "nan", "'nan' is no int"),
        (Catalog(partitions=[("day", "varchar", 1, "b")]), "c", "no boundary value"),
    ],
    ids=["not partitioned", "no date", "an offset", "no number", "text"],
)
def test_a_partition_that_cannot_be_found_is_refused(catalog, value, message):
    with pytest.raises(CopyOptionError, match=message):
        plan(catalog, write_disposition="replace_partition", partition_values=(value,))


def test_partitions_are_not_replaced_by_rows_that_the_pool_numbers():
    options = {"write_disposition": "replace_partition", "partition_values": ("2013-01-01",)}
    with pytest.raises(CopyOptionError, match=r"identity column \[id\] would repeat .*replace_slice.*identity_insert"):
        plan(Catalog(partitions=DAYS), copy(columns=["day", "note"]), **options)
    assert plan(Catalog(partitions=DAYS), copy(identity_insert="ON"), **options).publish == (switch(2),)


def test_a_table_with_more_indexes_cannot_be_switched():
    catalog = Catalog(index=[("CLUSTERED COLUMNSTORE", None, None), ("NONCLUSTERED", "day", 0)])
    with pytest.raises(StatementError, match="drop the others"):
        plan(catalog, write_disposition="replace")


def test_a_column_with_a_default_must_be_loaded_to_be_switched_in():
    with pytest.raises(StatementError, match="leaves out note"):
        plan(statement=copy(columns=["id", "day"]), write_disposition="replace")


def test_a_missing_table_is_named():
    catalog = Catalog()
    catalog.answers["c.default_object_id"] = []
    with pytest.raises(StatementError, match=r"no table \[dbo\]\.\[t\]"):
        plan(catalog, ledger_table=LEDGER)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"write_disposition": "merge"}, "is 'merge', which is none of append, truncate, replace, replace_slice"),
        ({"write_disposition": "replace_slice"}, "needs slice_predicate"),
        ({"write_disposition": "replace_partition"}, "needs partition_values"),
        ({"write_disposition": "upsert"}, "needs upsert_keys"),
        ({"slice_predicate": "a = 1"}, "slice_predicate is for write_disposition replace_slice, not append"),
        ({"write_disposition": "truncate", "reload": True}, "reload is for write_disposition append"),
        ({"write_disposition": "replace", "staging_index": "HEAP"}, "staging_index is for"),
        ({"staging_index": "HEAP"}, "append has one with ledger_table only"),
        ({"ledger_table": LEDGER, "staging_index": "NONE"}, "staging_index is 'NONE'"),
        ({"ledger_table": LEDGER, "staging_distribution": "REPLICATE"}, "staging_distribution is 'REPLICATE'"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_arguments_that_do_not_belong_together_are_refused(options, message):
    with pytest.raises(CopyOptionError, match=message):
        LoadOptions(**options)


@pytest.mark.parametrize(
    "predicate",
    ["", " ", "a = 1) OR (1 = 1", "a = 1 --", "a = 1 /* b */", "a = 1; DROP TABLE t", "a = 'b", "(a = 1", "[a = 1"],
)
def test_a_slice_predicate_is_one_condition(predicate):
    with pytest.raises(CopyOptionError, match="slice_predicate"):
        LoadOptions(write_disposition="replace_slice", slice_predicate=predicate)


@pytest.mark.parametrize(
    "predicate", ["a = ')--;'", "[a--;)] = 1", '"a;" = 1', "(a = 1) AND (b IN (1, 2))", "a = 'it''s'"]
)
def test_a_slice_predicate_may_hold_anything_in_quotes(predicate):
    assert LoadOptions(write_disposition="replace_slice", slice_predicate=predicate).slice_predicate == predicate


@pytest.mark.parametrize(
    ("options", "statement", "message"),
    [
        ({"ledger_table": LEDGER}, {"file_type": "PARQUET", "auto_create_table": "ON"}, "create the table first"),
        ({"ledger_table": LEDGER}, {"identity_insert": "ON"}, "IDENTITY_INSERT"),
        ({"write_disposition": "upsert", "upsert_keys": KEY}, {"columns": ["day"]}, "names id"),
        (
            {"ledger_table": LEDGER, "staging_distribution": "HASH(day, id)"},
            {"columns": ["DAY"]},
            "distribution names id",
        ),
    ],
    ids=["auto create", "identity insert", "key not loaded", "distribution not loaded"],
)
def test_options_that_do_not_fit_the_statement_are_refused(options, statement, message):
    with pytest.raises(CopyOptionError, match=message):
        LoadOptions(**options).check(copy(**statement))


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({"external_locations": LOCATION + "x/"}, True),
        ({"table": "dbo.other"}, False),
        ({"columns": ["day"]}, True),
        ({"first_row": 2}, True),
        ({"max_errors": 1}, True),
        ({"label": "other"}, False),
        ({"error_file": "/rejects/try2"}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_fingerprint_changes_with_what_is_loaded_only(change, is_another):
    assert (fingerprint(LoadOptions(), copy(**change)) != fingerprint(LoadOptions(), copy())) is is_another


def test_the_fingerprint_changes_with_the_partitions_that_are_replaced():
    one, other = (LoadOptions(write_disposition="replace_partition", partition_values=(value,)) for value in ("1", "2"))
    assert fingerprint(one, copy()) != fingerprint(other, copy())
