"""What a SynapseRejectedRowsSensor does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, PokeReturnValue

from airflow_synapse.exceptions import SynapseError
from airflow_synapse.execution.load_event import error_of
from airflow_synapse.execution.rejected_rows_watch import Answer, RejectedRowsWatch, look_once
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.reported import Reported
from airflow_synapse.sensors.arguments import check_complete, thresholds_of, watch_of
from airflow_synapse.triggers.rejected_rows import RejectedRowsSensorTrigger
from airflow_synapse.version_compat import NEVER_EXPIRE, AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor


def look(sensor: SynapseRejectedRowsSensor, context: Context) -> PokeReturnValue:
    """Look once; see :meth:`SynapseRejectedRowsSensor.poke`."""
    with _failing_for_good():
        thresholds_of(sensor)  # what is wrong with them is said before anything is read
        watch = watch_of(sensor)
        if watch is None:
            return PokeReturnValue(is_done=True, xcom_value=_conclude(sensor, RejectedRowsReport()))
        begin = _begin(sensor, context, watch)
        answer = _look(sensor, watch, begin)
    if answer.report:
        return PokeReturnValue(is_done=True, xcom_value=_tell(sensor, context, watch.key, begin.to_json(), answer))
    if sensor.deferrable:
        sensor.defer(
            trigger=RejectedRowsSensorTrigger(
                watch=watch.to_json(),
                reported=answer.reported.to_json(),
                begin=begin.to_json(),
                poke_interval=sensor.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=sensor.timeout),
        )
    return PokeReturnValue(is_done=False)


def complete(sensor: SynapseRejectedRowsSensor, context: Context, event: dict[str, Any]) -> dict[str, Any]:
    """Take over what the trigger has found; see :meth:`SynapseRejectedRowsSensor.execute_complete`."""
    if error := error_of(event):
        raise AirflowFailException(str(error))
    return _tell(sensor, context, event["key"], event["begin"], Answer.from_json(event))


def _begin(sensor: SynapseRejectedRowsSensor, context: Context, watch: RejectedRowsWatch) -> Reported:
    """Return what was reported: where this task instance began before, since nobody may have heard what it said."""
    asset_store = _find_store(sensor, context)
    if asset_store is None:
        return watch.start()
    task_store: Any = context.get("task_state_store")
    begun = None if task_store is None else task_store.get(watch.key)
    return watch.start(begun or asset_store.get(watch.key))


def _look(sensor: SynapseRejectedRowsSensor, watch: RejectedRowsWatch, reported: Reported) -> Answer:
    """Look once, also where the account is busy or out of reach: then there is nothing to say yet."""
    try:
        return asyncio.run(look_once(watch, reported))
    except SynapseError as error:
        if not error.retryable:
            raise
        sensor.log.warning("%s Looking again in %g s.", error, sensor.poke_interval)
        return Answer(None, reported)


def _tell(
    sensor: SynapseRejectedRowsSensor, context: Context, key: str, begin: dict[str, Any], answer: Answer
) -> dict[str, Any]:
    """Remember what is reported, and report it."""
    assert answer.report  # noqa: S101 - the caller has looked
    with _failing_for_good():
        check_complete(sensor, answer.report)
    if (store := _find_store(sensor, context)) is not None:
        # A worker may die before anybody hears, and who clears a task that failed wants it to look again.
        if (task_store := context.get("task_state_store")) is not None:
            task_store.set(key, begin, retention=NEVER_EXPIRE)
        store.set(key, answer.reported.to_json())
    return _conclude(sensor, answer.report)


def _conclude(sensor: SynapseRejectedRowsSensor, report: RejectedRowsReport) -> dict[str, Any]:
    """Write the report into the log, and return it unless it is a breach that is to have another end."""
    sensor.log.info("%s", report.to_text())
    breach = thresholds_of(sensor).breach(report)
    if breach and sensor.on_breach != "succeed":
        kind = AirflowSkipException if sensor.on_breach == "skip" else AirflowFailException
        raise kind(f"{report.summary()}, {breach}. The task's log has the report.")
    if breach:
        sensor.log.warning("%s, %s.", report.summary(), breach)
    return report.to_json()


def _find_store(sensor: SynapseRejectedRowsSensor, context: Context) -> Any:  # noqa: ANN401 - none before Airflow 3.3
    """Return the state store of the task's first asset; None where there is none, and for the folder of one load.

    The folder of a load has nothing to be told twice: a task that is cleared is to say the same again.
    """
    accessors = context.get("asset_state_store")
    assets = [asset for asset in (*sensor.inlets, *sensor.outlets) if isinstance(asset, Asset)]
    return accessors[assets[0]] if accessors is not None and assets and sensor.error_file is not None else None


@contextmanager
def _failing_for_good() -> Iterator[None]:
    """Turn an error that no retry can mend into what Airflow understands."""
    try:
        yield
    except SynapseError as error:
        if error.retryable:
            raise
        raise AirflowFailException(str(error)) from error
