"""The table that a transfer makes."""

from airflow_synapse.copy import TableName
from airflow_synapse.schema.create_table import build_table
from airflow_synapse.transfer.manifest import StagedColumn
from airflow_synapse.transfer.table_columns import with_columns

COLUMNS = (
    StagedColumn(name="id", type="bigint"),
    StagedColumn(name="odd] name", type="string", max_length=20),
)


def created(create_table, columns=COLUMNS):
    return build_table(TableName.parse("dbo.t"), with_columns(create_table, columns)).create_sql()


def test_a_table_has_the_columns_of_the_job_and_the_options_of_the_user():
    assert created({"distribution": "HASH(id)"}) == (
        "CREATE TABLE [dbo].[t] (\n    [id] bigint,\n    [odd]] name] nvarchar(32)\n)\n"
        "WITH (\n    DISTRIBUTION = HASH ([id])\n)"
    )


def test_texts_have_the_type_that_the_user_names():
    assert "[odd]] name] varchar(20)" in created({"string_type": "varchar(20)"})


def test_columns_that_the_user_lists_count():
    assert created({"columns": {"id": "int NOT NULL"}}) == "CREATE TABLE [dbo].[t] (\n    [id] int NOT NULL\n)"


def test_a_text_that_no_columnstore_takes_makes_a_heap():
    long = (StagedColumn(name="text", type="string", max_length=5000),)
    assert created(None, long).endswith("WITH (\n    HEAP\n)")
