"""Run ALTER TABLE ... SWITCH, SPLIT RANGE and MERGE RANGE.

Source: azure-docs sql-data-warehouse-tables-partition, Partition switching: partitions align on their boundaries and
the table definitions match; TRUNCATE_TARGET overwrites what is in the target. Source of the numbers and their texts:
sql-docs, Database engine errors 4000 to 4999, 7000 to 7999 and 35000 to 41399.

The rows are moved in one transaction, where a real pool changes only metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.partition_numbers import number_of, partition_count, row_counts
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.partitions import converted
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.local.tsql.statements import ChangeBoundary, Name, Partitioning, Switch
from airflow_synapse.local.tsql.typed import quote_literal, quote_name

_FAILED = "ALTER TABLE SWITCH statement failed"


def switch(state: SessionState, statement: Switch) -> None:
    """Move the rows of a table, or of one partition of it, to another table.

    :raises PoolError: 4905 and 4904, the target is not empty; 4911, a partition number is missing; others, the tables
        differ.
    """
    source, target = _table(state, statement.source), _table(state, statement.target)
    _check_alike(source, target)
    source_number = _partition_number(source, statement.source_partition)
    target_number = _partition_number(target, statement.target_partition)
    if source_number != target_number:
        message = (
            f"{_FAILED}. Range defined by partition {source_number} in table '{source.display_name}' is not a subset "
            f"of range defined by partition {target_number} in table '{target.display_name}'."
        )
        raise PoolError(4973, message)
    columns = ", ".join(quote_name(column.name) for column in source.columns)
    leaves, goes = f"{number_of(source)} = {source_number}", f"{number_of(target)} = {target_number}"
    with state.writing(source, target) as cursor:
        if statement.truncate_target:
            cursor.execute(f"DELETE FROM {target.duckdb_name} WHERE {goes}").fetchall()
        elif row_counts(state.cursor, target).get(target_number):
            raise _not_empty(target, statement.target_partition)
        selected = f"SELECT {columns} FROM {source.duckdb_name} WHERE {leaves}"
        cursor.execute(f"INSERT INTO {target.duckdb_name} ({columns}) {selected}").fetchall()
        cursor.execute(f"DELETE FROM {source.duckdb_name} WHERE {leaves}").fetchall()


def _table(state: SessionState, name: Name) -> Table:
    """Assumption: ALTER TABLE of a temporary table is refused with number 103010."""
    table = state.find_table(name)
    if table is None:
        what = ".".join(part for part in name if part)
        message = f"Cannot find the object '{what}' because it does not exist or you do not have permissions."
        raise PoolError(4902, message)
    if table.temporary:
        raise PoolError(103010, f"ALTER TABLE of the temporary table '{table.name}' is not supported.")
    return table


def _not_empty(target: Table, partition: int | None) -> PoolError:
    if partition is None:
        return PoolError(4905, f"{_FAILED}. The target table '{target.display_name}' must be empty.")
    what = f"The specified partition {partition} of target table '{target.display_name}'"
    return PoolError(4904, f"{_FAILED}. {what} must be empty.")


def _partition_number(table: Table, given: int | None) -> int:
    if given is None:
        if table.partitioning is not None:
            message = (
                "Cannot specify a partitioned table without partition number in ALTER TABLE SWITCH statement. "
                f"The table '{table.display_name}' is partitioned."
            )
            raise PoolError(4911, message)
        return 1
    if not 1 <= given <= partition_count(table):
        message = f"{_FAILED} because partition number {given} does not exist in table '{table.display_name}'."
        raise PoolError(4950, message)
    return given


def _check_alike(source: Table, target: Table) -> None:
    for check in (_not_same, _columns, _keys, _distribution, _partitions):
        for error in check(source, target):
            raise error


def _not_same(source: Table, target: Table) -> Iterator[PoolError]:
    if source.object_id == target.object_id:
        names = f"The source table '{source.display_name}' and target table '{target.display_name}' are same."
        yield PoolError(4955, f"{_FAILED}. {names}")


def _columns(source: Table, target: Table) -> Iterator[PoolError]:
    one, other = source.display_name, target.display_name
    if len(source.columns) != len(target.columns):
        counts = (
            f"table '{one}' has {len(source.columns)} columns and table '{other}' has {len(target.columns)} columns"
        )
        yield PoolError(4943, f"{_FAILED} because {counts}.")
        return
    for ordinal, (left, right) in enumerate(zip(source.columns, target.columns, strict=True), 1):
        what = f"{_FAILED} because column '{left.name}'"
        if left.name.lower() != right.name.lower():
            difference = f"has a different name than the column '{right.name}' at the same ordinal in table '{other}'"
            yield PoolError(4942, f"{what} at ordinal {ordinal} in table '{one}' {difference}.")
        if left.type != right.type:
            types = f"has data type {left.type} in source table '{one}' which is different from its type {right.type}"
            yield PoolError(4944, f"{what} {types} in target table '{other}'.")
        if left.nullable != right.nullable:
            yield PoolError(
                4985, f"{what} does not have the same nullability attribute in tables '{one}' and '{other}'."
            )


def _keys(source: Table, target: Table) -> Iterator[PoolError]:
    def indexes(table: Table) -> object:
        columns = [(name.lower(), descending) for name, descending in table.index.columns]
        keys = {(key.kind, tuple(name.lower() for name in key.columns)) for key in table.constraints}
        return table.index.kind, columns, keys

    if indexes(source) != indexes(target):
        tables = f"in source table '{source.display_name}' for the index in target table '{target.display_name}'"
        yield PoolError(4947, f"{_FAILED}. There is no identical index {tables}.")


def _distribution(source: Table, target: Table) -> Iterator[PoolError]:
    """Assumption: SWITCH between tables of different distribution is refused with number 103010."""

    def distribution(table: Table) -> object:
        return table.distribution.policy, [name.lower() for name in table.distribution.columns]

    if distribution(source) != distribution(target):
        tables = f"'{source.display_name}' and '{target.display_name}'"
        yield PoolError(103010, f"{_FAILED} because the tables {tables} have different distributions.")


def _partitions(source: Table, target: Table) -> Iterator[PoolError]:
    """Assumption: SWITCH between a partitioned table and one that is not partitioned is refused."""
    one, other = source.partitioning, target.partitioning
    tables = f"'{source.display_name}'", f"'{target.display_name}'"
    if (one is None) != (other is None) or (one and other and one.column.lower() != other.column.lower()):
        difference = f"The columns set used to partition the table {tables[0]} is different from that of {tables[1]}"
        yield PoolError(4953, f"{_FAILED}. {difference}.")
    if one and other and (one.right, one.boundaries) != (other.right, other.boundaries):
        difference = f"source table {tables[0]} allows values that are not allowed by that of target table {tables[1]}"
        yield PoolError(4972, f"{_FAILED}. The partition function of {difference}: the boundaries differ.")


def change_boundary(state: SessionState, statement: ChangeBoundary) -> None:
    """Run SPLIT RANGE or MERGE RANGE.

    :raises PoolError: 7721 and 7715, the boundary is there already, or is not; 35346 and 35344, it is not empty.
    """
    table = _table(state, statement.table)
    partitioning = table.partitioning
    if partitioning is None:
        # Assumption: SPLIT RANGE and MERGE RANGE of a table that is not partitioned are refused with number 103010.
        raise PoolError(103010, f"The table '{table.display_name}' is not partitioned.")
    column = table.column(partitioning.column)
    assert column is not None  # noqa: S101 - checked when the table was created
    (value,) = converted(state, [statement.value], column)
    change: Callable[[SessionState, Table, Partitioning, str], Partitioning]
    change = _split if statement.verb == "SPLIT" else _merge
    with state.writing(table) as cursor:
        changed = change(state, table, partitioning, value)
        state.database.catalog.replace_table(cursor, table, replace(table, partitioning=changed))


def _split(state: SessionState, table: Table, partitioning: Partitioning, value: str) -> Partitioning:
    if value in partitioning.boundaries:
        raise PoolError(7721, f"Duplicate range boundary values are not allowed: {value} is a boundary already.")
    column = table.column(partitioning.column)
    assert column is not None  # noqa: S101 - checked when the table was created
    quoted = [quote_literal(boundary) for boundary in (*partitioning.boundaries, value)]
    changed = replace(partitioning, boundaries=converted(state, quoted, column))
    number = changed.boundaries.index(value) + 1  # of the partition that is split
    if table.index.kind == "CLUSTERED COLUMNSTORE" and row_counts(state.cursor, table).get(number):
        message = (
            "SPLIT clause of ALTER PARTITION statement failed because the partition is not empty. Only empty "
            "partitions can be split in when a columnstore index exists on the table."
        )
        raise PoolError(35346, message, severity=15)
    return changed


def _merge(state: SessionState, table: Table, partitioning: Partitioning, value: str) -> Partitioning:
    if value not in partitioning.boundaries:
        raise PoolError(7715, "The specified partition range value could not be found.")
    number = partitioning.boundaries.index(value) + 1
    counts = row_counts(state.cursor, table)
    if table.index.kind == "CLUSTERED COLUMNSTORE" and counts.get(number) and counts.get(number + 1):
        message = (
            "MERGE clause of ALTER PARTITION statement failed because two nonempty partitions containing a columnstore "
            "index cannot be merged."
        )
        raise PoolError(35344, message, severity=16)
    kept = tuple(boundary for boundary in partitioning.boundaries if boundary != value)
    return replace(partitioning, boundaries=kept)
