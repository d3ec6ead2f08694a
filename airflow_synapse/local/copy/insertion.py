"""Put rows into the target table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from airflow_synapse.local.copy.columns import LoadPlan
from airflow_synapse.local.copy.environment import CopyEnvironment
from airflow_synapse.local.errors import StatementCancelled


class Insertion:
    """Appends Arrow tables to the target table, inside the session's transaction."""

    def __init__(self, plan: LoadPlan, environment: CopyEnvironment) -> None:
        self._plan = plan
        self._environment = environment
        self._view = f"copy_{environment.request_id}"
        names = [column.target.name for column in plan.columns]
        if plan.generated is not None:
            names.append(plan.generated.name)
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        self._statement = f'INSERT INTO {plan.table.duckdb_name} ({quoted}) SELECT {quoted} FROM "{self._view}"'
        self.rows = 0

    def insert(self, rows: pa.Table) -> None:
        """Append ``rows``, whose columns are those of the plan.

        :raises StatementCancelled: The client cancelled.
        """
        if self._environment.cancelled.is_set():
            raise StatementCancelled
        if not rows.num_rows:
            return
        connection = self._environment.connection
        connection.register(self._view, self._with_identity(rows))
        try:
            with _interrupts():
                connection.execute(self._statement).fetchall()
        finally:
            connection.unregister(self._view)
        self.rows += rows.num_rows

    def _with_identity(self, rows: pa.Table) -> pa.Table:
        column = self._plan.generated
        if column is None or column.identity is None:
            return rows
        step = column.identity.increment
        first = self._environment.next_identity_values(self._plan.table, rows.num_rows)
        values = range(first, first + step * rows.num_rows, step)
        return rows.append_column(column.name, pa.array(values, pa.int64()))


@contextmanager
def _interrupts() -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException:
        raise StatementCancelled from None
