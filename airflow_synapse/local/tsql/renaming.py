"""Run RENAME OBJECT."""

from __future__ import annotations

from dataclasses import replace

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import RenameTable
from airflow_synapse.local.tsql.typed import quote_name


def rename(state: SessionState, statement: RenameTable) -> None:
    """Give a table another name in its schema. It waits for whoever writes to the table.

    Source: T-SQL reference, RENAME: user tables only; an exclusive lock on the table.

    Assumption: RENAME OBJECT to a name that is taken is refused with number 2714.

    Assumption: RENAME OBJECT in the local pool does not wait for queries that read the table.

    :raises PoolError: 208, there is no such table; 2714, the new name is taken.
    """
    table = state.table(statement.table)
    if table.temporary:
        raise PoolError(103010, f"RENAME OBJECT of the temporary table '{table.name}' is not supported.")
    renamed = replace(table, name=statement.new_name)
    with state.writing(table, renamed) as cursor:
        if state.database.catalog.find_table(table.schema, renamed.name) is not None:
            raise PoolError(2714, f"There is already an object named '{renamed.name}' in the database.")
        cursor.execute(f"ALTER TABLE {table.duckdb_name} RENAME TO {quote_name(renamed.name)}")
        state.database.catalog.replace_table(cursor, table, renamed)
