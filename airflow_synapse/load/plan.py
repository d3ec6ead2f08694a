"""The statements of a load, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from airflow_synapse.copy.identifiers import TableName, quote
from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import CopyOptionError, StatementError
from airflow_synapse.load import statements
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import Attempt
from airflow_synapse.load.statements import step_label
from airflow_synapse.load.table_shape import Catalog, TableShape, read_columns, read_shape
from airflow_synapse.schema.catalog import TableColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query that must count no row before the staging table is published.

    :param count: The query.
    :param failure: What to say when there are some; ``{count}`` stands for their number.
    """

    count: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """The statements of a load.

    :param prepare: Before COPY.
    :param copy: Into the table, or into the staging table; None where there is nothing to load.
    :param checks: After COPY.
    :param publish: After the checks: what takes the rows of the staging table into the table.
    :param is_transaction: Whether ``publish`` is one transaction.
    :param staging: The staging table; None where COPY fills the table itself.
    """

    prepare: tuple[str, ...] = ()
    copy: CopyStatement | None
    checks: tuple[Check, ...] = ()
    publish: tuple[str, ...] = ()
    is_transaction: bool = False
    staging: TableName | None = None


def fingerprint(options: LoadOptions, copy: CopyStatement, origin: str | None = None) -> str:
    """Return a short text that changes with what is loaded; not with credentials, label or ERRORFILE.

    Where it is loaded to is part of the load's identity.

    :param origin: What the files were made of, where they were made for this load: then it counts instead of them.
    """
    files: tuple[object, ...] = (
        [location.url for location in copy.external_locations],
        [column.quoted for column in copy.columns],
        repr(copy.file_options),
    )
    parts = (
        options.write_disposition,
        options.slice_predicate,
        options.partition_values,
        [key.name for key in options.upsert_keys],
        *(files if origin is None else (origin,)),
        copy.max_errors,
        copy.identity_insert,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]


def plan_load(session: Catalog, options: LoadOptions, copy: CopyStatement, attempt: Attempt) -> LoadPlan:
    """Return the statements of a load; for a staging table, after a look at the table.

    :raises CopyOptionError: The options do not fit the table.
    :raises StatementError: There is no such table, or it cannot be had as it is.
    """
    if options.path == "direct":
        before: tuple[str, ...] = ()
        if options.write_disposition == "truncate":
            before = (statements.truncate_table(copy.target, may_be_missing=bool(copy.auto_create_table)),)
        return LoadPlan(prepare=before, copy=copy)
    staging = TableName(name=attempt.staging_name, schema=copy.target.schema, database=copy.target.database)
    if options.is_switched:
        return _switch_plan(options, copy, staging, read_shape(session, copy.target))
    return _insert_plan(options, copy, staging, read_columns(session, copy.target))


def _switch_plan(options: LoadOptions, copy: CopyStatement, staging: TableName, shape: TableShape) -> LoadPlan:
    _check_omitted(copy, shape.columns)
    if options.write_disposition == "replace":
        checks: tuple[Check, ...] = ()
        numbers: Sequence[int] | None = range(1, len(shape.partitioning.boundaries) + 2) if shape.partitioning else None
    else:
        numbers, checks = _partitions(options, copy.target, staging, shape)
        _check_identity(copy, shape.columns)
    publish = (
        tuple(statements.switch_table(staging, copy.target, partition=number) for number in numbers)
        if numbers
        else (statements.switch_table(staging, copy.target),)
    )
    names = [column.name for column in shape.columns]
    return LoadPlan(
        prepare=(statements.create_like(staging, copy.target, columns=names, options=shape.options),),
        copy=replace(copy, target=staging),
        checks=checks,
        publish=publish,
        staging=staging,
    )


def _partitions(
    options: LoadOptions, target: TableName, staging: TableName, shape: TableShape
) -> tuple[Sequence[int], tuple[Check, ...]]:
    """Return the numbers of the partitions to replace, and the check that all rows are in them."""
    partitioning = shape.partitioning
    if partitioning is None:
        raise CopyOptionError(f"{target} has no partitions: use write_disposition replace_slice or replace.")
    numbers = sorted({partitioning.number_of(value) for value in options.partition_values})
    inside = f"({' OR '.join(map(partitioning.predicate, numbers))})"
    values = ", ".join(options.partition_values)
    return numbers, (
        Check(
            count=statements.count_outside(staging, inside),
            failure=f"{{count}} rows of the files belong in other partitions than partition_values ({values}) name.",
        ),
    )


def _check_identity(copy: CopyStatement, columns: Sequence[TableColumn]) -> None:
    """Refuse to let the pool number the rows of some partitions.

    Assumption: The numbers of a staging table begin at the seed again, so that they are those of other partitions.
    """
    numbered = next((column.name for column in columns if column.is_identity), None)
    if numbered is not None and not copy.identity_insert:
        raise CopyOptionError(
            f"The numbers of the identity column {quote(numbered)} would repeat those of other partitions of "
            f"{copy.target}: use write_disposition replace_slice, or load them from the files with identity_insert."
        )


def _insert_plan(
    options: LoadOptions, copy: CopyStatement, staging: TableName, table_columns: Sequence[TableColumn]
) -> LoadPlan:
    listed = [column.name.name for column in copy.columns]
    loaded = listed or [column.name for column in table_columns]
    identities = {column.name.casefold() for column in table_columns if column.is_identity}
    inserted = [name for name in loaded if name.casefold() not in identities]
    label = copy.label or ""
    delete, checks = _deletion(options, copy.target, staging, label)
    insert = statements.insert_from(staging, copy.target, columns=inserted, label=step_label(label, "insert"))
    return LoadPlan(
        prepare=(statements.create_like(staging, copy.target, columns=loaded, options=options.staging_options()),),
        copy=replace(copy, target=staging),
        checks=checks,
        publish=(*delete, insert),
        is_transaction=True,
        staging=staging,
    )


def _deletion(
    options: LoadOptions, target: TableName, staging: TableName, label: str
) -> tuple[tuple[str, ...], tuple[Check, ...]]:
    """Return the statement that deletes the rows which the new ones replace, if any, and the checks before it."""
    label = step_label(label, "delete")
    if options.slice_predicate:
        predicate = f"({options.slice_predicate})"
        outside = Check(
            count=statements.count_outside(staging, predicate),
            failure=f"{{count}} rows of the files are outside the slice: slice_predicate {predicate} does not hold for "
            "them. The next load of the slice would not replace them.",
        )
        return (statements.delete_where(target, predicate, label=label),), (outside,)
    if options.upsert_keys:
        keys = [key.name for key in options.upsert_keys]
        names = ", ".join(keys)
        checks = (
            Check(
                count=statements.count_missing_keys(staging, keys),
                failure=f"{{count}} rows of the files have NULL in upsert_keys ({names}).",
            ),
            Check(
                count=statements.count_repeated_keys(staging, keys),
                failure=f"{{count}} keys ({names}) are in the files more than once: which row is to win?",
            ),
        )
        return (statements.delete_where(target, statements.same_key(staging, target, keys), label=label),), checks
    return (), ()


def _check_omitted(copy: CopyStatement, columns: Sequence[TableColumn]) -> None:
    """Refuse a column list that leaves out a column with a default, which a staging table lacks."""
    listed = {column.name.name.casefold() for column in copy.columns}
    omitted = [column.name for column in columns if column.has_default and column.name.casefold() not in listed]
    if listed and omitted:
        raise StatementError(
            f"The column list leaves out {', '.join(omitted)}, which {copy.target} fills by default. A staging "
            "table has no defaults: name these columns in columns, each with its default."
        )
