"""Put rows into the target table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from airflow_synapse.local.copy.columns import LoadPlan
from airflow_synapse.local.copy.environment import CopyEnvironment
from airflow_synapse.local.copy.fixed_length import padded
from airflow_synapse.local.errors import StatementCancelled

#: Bytes that one INSERT takes: DuckDB is slower with small ones, and larger ones only cost memory.
_STATEMENT_BYTES: Final = 64 * 2**20


class Insertion:
    """Appends Arrow tables to the target table, inside the session's transaction.

    ``rows`` counts what is in the table; :meth:`flush` belongs behind the last :meth:`add`.
    """

    def __init__(self, plan: LoadPlan, environment: CopyEnvironment) -> None:
        self._plan = plan
        self._environment = environment
        self._waiting: list[pa.Table] = []
        self.rows = 0

    def add(self, rows: pa.Table) -> None:
        """Append ``rows``, whose columns are those of the plan, now or together with those that follow.

        :raises StatementCancelled: The client cancelled.
        """
        if self._environment.cancelled.is_set():
            raise StatementCancelled
        self._waiting.append(rows)
        if sum(table.nbytes for table in self._waiting) >= _STATEMENT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append the rows that wait.

        :raises StatementCancelled: The client cancelled.
        """
        rows = pa.concat_tables(self._waiting) if self._waiting else None
        self._waiting = []
        if not rows:
            return
        # A registered view would keep its rows in memory until the transaction ends.
        with _interrupts():
            self._environment.connection.from_arrow(self._complete(rows)).insert_into(self._plan.table.duckdb_name)
        self.rows += rows.num_rows

    def _complete(self, rows: pa.Table) -> pa.Table:
        """Return ``rows`` as the table stores them: padded, with identity values of the pool, in the table's order."""
        column = self._plan.generated
        if column is not None and column.identity is not None:
            step = column.identity.increment
            first = self._environment.next_identity_values(self._plan.table, rows.num_rows)
            values = range(first, first + step * rows.num_rows, step)
            rows = rows.append_column(column.name, pa.array(values, pa.int64()))
        columns = self._plan.table.columns
        return pa.table({target.name: padded(rows[target.name], target.type) for target in columns})


@contextmanager
def _interrupts() -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException:
        raise StatementCancelled from None
