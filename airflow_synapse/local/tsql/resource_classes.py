"""Which statements count towards the concurrency limit.

Source: azure-docs sql-data-warehouse/resource-classes-for-workload-management, Operations governed by resource classes,
Operations not governed by resource classes.
"""

from __future__ import annotations

from sqlglot import exp

from airflow_synapse.local.catalog.catalog import SYSTEM_SCHEMAS
from airflow_synapse.local.tsql.external_statements import CreateExternalTableAsSelect
from airflow_synapse.local.tsql.query_text import table_parts
from airflow_synapse.local.tsql.statements import Body, Change, Copy, CreateTableAsSelect, Insert, Merge, Query, Select

_SYSTEM: frozenset[str] = frozenset(schema.lower() for schema in SYSTEM_SCHEMAS)


def takes_slot(body: Body) -> bool:
    """Return whether the statement needs a concurrency slot: loads, and queries on user tables.

    Assumption: MERGE needs a concurrency slot, as UPDATE and DELETE do.
    """
    if isinstance(body, Select):
        return _reads_user_table(body.query)
    if isinstance(body, Insert):
        return body.query is not None
    return isinstance(body, Change | Merge | CreateTableAsSelect | CreateExternalTableAsSelect | Copy)


def _reads_user_table(query: Query) -> bool:
    common = {table.name.lower() for table in query.common_tables}
    trees = [query.body, *(table.query for table in query.common_tables)]
    return any(_is_user_table(node, common) for tree in trees for node in tree.find_all(exp.Table))


def _is_user_table(node: exp.Table, common: set[str]) -> bool:
    if isinstance(node.this, exp.Anonymous):  # a table-valued function
        return False
    parts = [part.lower() for part in table_parts(node)]
    return parts[-2] not in _SYSTEM if len(parts) > 1 else parts[0] not in common
