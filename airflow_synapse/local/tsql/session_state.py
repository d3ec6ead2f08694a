"""What one session has, beside its transaction: variables, temporary tables, and the names that it knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from airflow_synapse.local.catalog.catalog import SYSTEM_SCHEMAS
from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.partition_numbers import row_counts
from airflow_synapse.local.catalog.principals import DBO_ID
from airflow_synapse.local.catalog.system_views import VIEWS, ViewContext
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql import metadata_functions
from airflow_synapse.local.tsql.engine_errors import translated
from airflow_synapse.local.tsql.external_scan import external_rows
from airflow_synapse.local.tsql.permissions import demand_on_database, demand_on_table, demand_server_state
from airflow_synapse.local.tsql.query_binder import BoundQuery, QueryBinder, Relation
from airflow_synapse.local.tsql.reader import TokenReader, refused
from airflow_synapse.local.tsql.results import arrow_type, run_query
from airflow_synapse.local.tsql.scope import SourceColumn
from airflow_synapse.local.tsql.statements import Name, Query
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.local.tsql.transactions import SessionTransactions
from airflow_synapse.local.tsql.type_rules import INT
from airflow_synapse.local.tsql.typed import Typed, quote_name

_LONGEST_LITERAL: Final = 8000


@dataclass(slots=True)
class Variable:
    """A variable or a parameter of the running batch."""

    type: SqlType
    value: object


@dataclass(slots=True)
class SessionState(SessionTransactions):
    """The session as the statements that run in it see it."""

    principal_id: int = DBO_ID
    variables: dict[str, Variable] = field(default_factory=dict)
    temporary_tables: dict[str, Table] = field(default_factory=dict)
    identity_insert: Table | None = None
    row_count: int = 0
    _used: dict[str, object] = field(default_factory=dict)
    _registered: set[str] = field(default_factory=set)

    # Running --------------------------------------------------------------------------------------------------------

    def bind(self, query: Query) -> BoundQuery:
        """Translate a query. Its variables are those of the next run."""
        return QueryBinder(self).bind(query)

    def take_parameters(self, sql: str = "") -> dict[str, object]:
        """Return the values of the variables that stand in ``sql``; forget all that were translated, and the views.

        A variable may have been looked at without standing in the text: as a LIKE pattern, or the name of an object. A
        view that a query names twice is made once; the next query makes it anew.
        """
        standing = {key: value for key, value in self._used.items() if f"${key} " in sql}
        self._used.clear()
        self._registered.clear()
        return standing

    def evaluate(self, query: Query) -> tuple[SqlType, object]:
        """Return type and value of the one value that a query selects."""
        bound = self.bind(query)
        rows = run_query(self.cursor, bound, self.take_parameters(bound.sql))
        value = None
        for batch in rows.batches:
            if batch.num_rows:
                value = batch.column(0)[0].as_py()
        return rows.columns[0].type, value

    # Names ----------------------------------------------------------------------------------------------------------

    def qualified(self, name: Name) -> tuple[str, str]:
        """Return schema and name of a name of one to three parts; a temporary table has an empty schema.

        Source: azure-docs sql/overview-features (02/2026): no cross-database queries.

        Assumption: A name with another database in it is refused with number 40515.
        """
        *prefix, last = name
        database = prefix[-2] if len(prefix) >= 2 else ""
        schema = prefix[-1] if prefix else ""
        allowed = {"", self.database.name.lower(), *(("tempdb",) if _is_temporary(last, schema) else ())}
        if len(name) > 3 or database.lower() not in allowed:
            message = f"Reference to database and/or server name in '{'.'.join(name)}' is not supported."
            raise PoolError(40515, message)
        if last.startswith("#"):
            return "", last
        return schema or "dbo", last

    def find_table(self, name: Name) -> Table | None:
        """Return the table of that name, None when there is none."""
        schema, last = self.qualified(name)
        if not schema:
            return self.temporary_tables.get(last.lower())
        return self.database.catalog.find_table(schema, last)

    def table_named(self, text: str) -> Table | None:
        """Return the table of the name that a text writes; None when there is none, or the text is no name."""
        try:
            reader = TokenReader(tokenize(text))
            parts = reader.qualified_name()
            reader.expect_end()
            return self.find_table(parts)
        except PoolError:
            return None

    def table(self, name: Name) -> Table:
        """Return the table of that name.

        :raises PoolError: 208, there is none.
        """
        found = self.find_table(name)
        if found is None:
            raise PoolError(208, f"Invalid object name '{'.'.join(part for part in name if part)}'.")
        return found

    def relation(self, name: Name) -> Relation:
        """Return the table or system view of that name.

        :raises PoolError: 208, there is none.
        """
        schema, last = self.qualified(name)
        if schema.lower() in {known.lower() for known in SYSTEM_SCHEMAS}:
            return self._view(schema.lower(), last)
        table = self.table(name)
        demand_on_table(self, "SELECT", table)
        columns = tuple(
            SourceColumn(column.name, column.type, column.nullable, column.identity) for column in table.columns
        )
        if table.external is None:
            return Relation(table.duckdb_name, columns)
        registered = f"__external_{table.object_id}"
        if registered not in self._registered:
            self.cursor.register(registered, external_rows(self.database, table, self.cancelled))
            self._registered.add(registered)
        return Relation(quote_name(registered), columns)

    def _view(self, schema: str, name: str) -> Relation:
        view = VIEWS.get((schema, name.lower()))
        if view is None:
            raise PoolError(208, f"Invalid object name '{schema}.{name}'.")
        if name.lower() == "dm_pdw_exec_sessions":
            demand_server_state(self)
        elif name.lower().startswith("dm_pdw_"):
            demand_on_database(self, "VIEW DATABASE STATE")
        registered = f"__view_{schema}_{name.lower()}"
        relation = Relation(quote_name(registered), tuple(SourceColumn(*column) for column in view.columns))
        if registered in self._registered:
            return relation
        rows = view.rows(self.view_context())
        fields = pa.schema([(column, arrow_type(found)) for column, found in view.columns])
        arrays = [pa.array([row[index] for row in rows], field.type) for index, field in enumerate(fields)]
        self.cursor.register(registered, pa.table(arrays, schema=fields))
        self._registered.add(registered)
        return relation

    def view_context(self) -> ViewContext:
        """Return what system views and catalog procedures are made of."""
        return ViewContext(
            self.database.name,
            self.database.catalog,
            self.database.requests,
            self._row_counts,
            tuple(self.temporary_tables.values()),
        )

    def _row_counts(self, table: Table) -> dict[int, int]:
        with translated():
            return row_counts(self.cursor, table)

    def table_function(self, name: str) -> Relation | None:
        """Return what a table-valued function gives, None when there is none of that name.

        Source: sql-docs sys.fn_my_permissions: not in a dedicated pool.
        """
        if name.lower() == "fn_my_permissions":
            raise refused("The function fn_my_permissions")
        return self._view("sys", name) if name.lower() == "fn_listextendedproperty" else None

    # What functions ask ---------------------------------------------------------------------------------------------

    def variable(self, name: str) -> Typed:
        """Return a variable as a parameter of the query.

        :raises PoolError: 137, it was not declared.
        """
        found = self.variables.get(name.lower())
        if found is None:
            raise PoolError(137, f'Must declare the scalar variable "{name}".', severity=15)
        key = f"tsql_variable_{list(self.variables).index(name.lower())}"
        self._used[key] = found.value
        if found.value is None:
            return Typed(f"CAST(${key} AS {found.type.duckdb_name})", found.type)
        is_short = isinstance(found.value, str) and len(found.value) <= _LONGEST_LITERAL
        literal = str(found.value) if is_short or type(found.value) is int else None
        return Typed(f"CAST(${key} AS {found.type.duckdb_name})", found.type, literal, nullable=False)

    def global_value(self, name: str) -> Typed:
        """Return ``@@name``.

        :raises PoolError: 137, there is none.
        """
        value = metadata_functions.global_value(self, name)
        return Typed(f"CAST({value} AS INTEGER)", INT) if isinstance(value, int) else _text(value)

    def fact(self, name: str) -> str | int | None:
        """Return what a function without arguments tells."""
        return metadata_functions.fact(self, name)

    def object_id(self, name: str, kind: str | None) -> int | None:
        """Return the id of the object of that name, None when there is none."""
        return metadata_functions.object_id(self, name, kind)

    def object_property(self, function: str, arguments: Sequence[str | int | None]) -> str | int | None:
        """Return what a metadata function with arguments tells."""
        return metadata_functions.object_property(self, function, arguments)


def _is_temporary(name: str, schema: str) -> bool:
    return name.startswith("#") or schema.lower() == "sys"


def _text(value: str) -> Typed:
    return Typed("'" + value.replace("'", "''") + "'", SqlType("nvarchar", max(len(value), 1)), value, nullable=False)
