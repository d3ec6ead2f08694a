"""Run MERGE.

Source: T-SQL reference, MERGE, differences in Azure Synapse Analytics.
"""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from airflow_synapse.local.catalog.model import Column, Table
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.changes import assignment, column_of
from airflow_synapse.local.tsql.conversion import store
from airflow_synapse.local.tsql.query_binder import QueryBinder
from airflow_synapse.local.tsql.scope import Scope, Source, SourceColumn
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import MATCHED, NOT_IN_SOURCE, NOT_IN_TARGET, Merge, MergeClause
from airflow_synapse.local.tsql.typed import quote_name


def merge(state: SessionState, statement: Merge) -> int:
    """Run MERGE and return the number of rows; an updated row counts twice, for it is deleted and inserted.

    :raises PoolError: 100088, it inserts into a table that is not hash distributed; 8672, a row is changed twice.
    """
    table = state.table(statement.target)
    _check_target(table, statement)
    binder = QueryBinder(state)
    source, source_scope, _ = binder.source(statement.source)
    columns = tuple(SourceColumn(column.name, column.type, column.nullable) for column in table.columns)
    target = Source(statement.alias, columns)
    both = Scope([*source_scope.sources])
    both.add(target)
    scopes = {MATCHED: both, NOT_IN_TARGET: source_scope, NOT_IN_SOURCE: Scope([target])}
    condition = binder.expressions(both).predicate(statement.condition)
    clauses = "".join(_clause(table, binder, scopes[clause.kind], clause) for clause in statement.clauses)
    merged = f"{table.duckdb_name} AS {quote_name(statement.alias)}"
    joined = f"{source.removeprefix(' FROM ')} ON {condition}"
    sql = f"MERGE INTO {merged} USING {joined}{clauses} RETURNING merge_action"
    changed = [clause.condition for clause in statement.clauses if clause.kind == MATCHED]
    chosen = " OR ".join("TRUE" if node is None else binder.expressions(both).predicate(node) for node in changed)
    # DuckDB would change such a row without a word.
    twice = (
        f"SELECT 1 FROM {merged} JOIN {joined} WHERE {chosen or 'FALSE'} "
        f"GROUP BY {quote_name(statement.alias)}.rowid HAVING count(*) > 1 LIMIT 1"
    )
    parameters = state.take_parameters(sql)
    of_twice = {name: value for name, value in parameters.items() if f"${name} " in twice}
    with state.writing(table) as cursor:
        if cursor.execute(twice, of_twice).fetchone():
            raise PoolError(8672, "The MERGE statement attempted to UPDATE or DELETE the same row more than once.")
        actions = Counter(row[0] for row in cursor.execute(sql, parameters).fetchall())
    return actions.total() + actions["UPDATE"]


def _check_target(table: Table, statement: Merge) -> None:
    """Source of 100088: SupportArticles dsql-perf-common-query-errors; its text: users of dbt-synapse."""
    if not any(clause.kind == NOT_IN_TARGET for clause in statement.clauses):
        return
    if table.distribution.policy != "HASH":
        message = "Merge statements with a WHEN NOT MATCHED [BY TARGET] clause must target a hash distributed table."
        raise PoolError(100088, f"100088;{message}")
    if table.identity_column is not None:
        # Assumption: MERGE that inserts into a table with an identity column is refused with number 103010.
        message = (
            f"MERGE with WHEN NOT MATCHED ... INSERT is not supported: '{table.display_name}' has an identity column."
        )
        raise PoolError(103010, message)


def _clause(table: Table, binder: QueryBinder, scope: Scope, clause: MergeClause) -> str:
    expressions = binder.expressions(scope)
    condition = "" if clause.condition is None else f" AND {expressions.predicate(clause.condition)}"
    action = clause.verb
    if clause.verb == "UPDATE":
        pairs = [assignment(table, expressions, name, node) for name, node in clause.assignments]
        if len({name for name, _ in pairs}) < len(pairs):
            raise PoolError(264, "A column name is specified more than once in the SET clause.")
        action = "UPDATE SET " + ", ".join(f"{quote_name(name)} = {value}" for name, value in pairs)
    elif clause.verb == "INSERT":
        action = _insert(table, binder, scope, clause)
    return f" WHEN {clause.kind}{condition} THEN {action}"


def _insert(table: Table, binder: QueryBinder, scope: Scope, clause: MergeClause) -> str:
    if clause.columns == () and not clause.values:
        return "INSERT DEFAULT VALUES"
    columns = table.columns if clause.columns is None else [column_of(table, name) for name in clause.columns]
    if len(columns) != len(clause.values):
        raise PoolError(213, "Column name or number of supplied values does not match table definition.")
    kept: list[tuple[Column, exp.Expression]] = [
        (column, node) for column, node in zip(columns, clause.values, strict=True) if node is not None
    ]
    expressions = binder.expressions(scope)
    names = ", ".join(quote_name(column.name) for column, _ in kept)
    values = ", ".join(store(expressions.value(node), column.type, column.name) for column, node in kept)
    return f"INSERT ({names}) VALUES ({values})"
