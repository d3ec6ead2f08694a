"""What an operator that loads does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from airflow.sdk import Asset

from airflow_synapse.copy import TableName
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.copy_load import CopyLoad
from airflow_synapse.execution.load_event import error_of
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.record import LoadRecord, record_key
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.rights import DEFAULT_SCHEMA
from airflow_synapse.operators.state_store import clear_number_of, find_state_store
from airflow_synapse.triggers.copy_load import SynapseCopyTrigger
from airflow_synapse.version_compat import AirflowTaskTimeout

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.copy import SynapseCopyOperator
    from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
    from airflow_synapse.operators.spark_transfer import SparkTransferOperator

    LoadingOperator: TypeAlias = SynapseCopyOperator | SparkTransferOperator


def begin(task: SynapseCopyOperator, context: Context) -> LoadResult:
    """Load the files; a deferrable task is deferred instead.

    :raises SynapseError: It failed.
    """
    arguments, task_try = CopyArguments.of(task), task_try_of(context, target_table(task.table))
    plain = arguments.to_json() if task.deferrable else {}
    copy_load = task.copy_load = CopyLoad(arguments, task_try)
    task.copy_statement = copy_load.copy.redacted_sql()
    record = copy_load.hand_over() if task.deferrable else None
    if record is not None:
        defer_load(
            task,
            plain,
            task_try,
            record,
            deadline=deadline_of(task),
            method_name="execute_complete",
            known={"copy_statement": task.copy_statement},
        )
    return copy_load.run()


def complete(context: Context, table: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the result that an event holds, and remember what the trigger has learned.

    :param table: Name of the table that was loaded.
    :raises SynapseError: The load failed.
    """
    # Airflow resumes a task only while its try is the latest: nobody else has written meanwhile.
    task_try = task_try_of(context, target_table(table))
    task_try.store.set(record_key(task_try.identity.load_id), event["record"])
    raise_failure(event)
    result: dict[str, Any] = event["result"]
    return result


def raise_failure(event: Mapping[str, Any]) -> None:
    """Raise what an event of :mod:`airflow_synapse.execution.load_event` tells of, unless that is a success."""
    if error := error_of(event):
        raise error
    if "timed_out" in event:
        raise AirflowTaskTimeout


def tell_assets(task: LoadingOperator | RejectedRowsToTableOperator, context: Context, result: dict[str, Any]) -> None:
    """Put the result into the events of the assets that are outlets of the task."""
    for outlet in task.outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update(result)


def deadline_of(task: LoadingOperator) -> str | None:
    """Return when ``execution_timeout`` ends a task that is deferred now, in ISO 8601; None for never.

    Airflow's own timeout of a deferral would leave running what the task has begun.
    """
    timeout = task.execution_timeout
    return (datetime.now(UTC) + timeout).isoformat() if timeout else None


def defer_load(
    task: LoadingOperator,
    plain: dict[str, Any],
    task_try: TaskTry,
    record: LoadRecord,
    *,
    deadline: str | None,
    method_name: str,
    known: dict[str, Any],
) -> NoReturn:
    """Give up the worker while the triggerer loads.

    :param plain: :meth:`~airflow_synapse.execution.arguments.CopyArguments.to_json` of what to load.
    :param record: What :meth:`~airflow_synapse.execution.copy_load.CopyLoad.hand_over` has returned.
    :param deadline: As :func:`deadline_of` returns it.
    :param method_name: Method of the operator that goes on, with the event.
    :param known: What else the event is to hold: ``dag.test`` hands on nothing beside it.
    """
    task.defer(
        trigger=SynapseCopyTrigger(
            arguments=plain,
            identity=asdict(task_try.identity),
            try_number=task_try.try_number,
            record=record.to_json(),
            has_store=task_try.has_store,
            known=known,
            deadline=deadline,
            cancel_on_kill=task.cancel_on_kill,
        ),
        method_name=method_name,
    )


def target_table(name: str) -> str:
    """Return the target of a load into a table, however its name is written.

    :raises CopyOptionError: It is no name.
    """
    table = TableName.parse(name, option="table")
    return f"{table.schema or DEFAULT_SCHEMA}.{table.name}".casefold()


def task_try_of(context: Context, target: str) -> TaskTry:
    """Return who loads.

    :param target: What is loaded.
    """
    task_instance = context["ti"]
    identity = LoadIdentity(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        map_index=-1 if task_instance.map_index is None else task_instance.map_index,
        clear_number=clear_number_of(context),
        target=target,
    )
    store, has_store = find_state_store(context)
    return TaskTry(identity=identity, try_number=task_instance.try_number, store=store, has_store=has_store)
