"""The rendered arguments of a SynapseRejectedRowsSensor, checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from airflow_synapse.exceptions import CopyOptionError, SourceFilesError
from airflow_synapse.execution.reject_folder import RejectFolder, read_result
from airflow_synapse.execution.rejected_rows_watch import RejectedRowsWatch
from airflow_synapse.rejected_rows.arguments import parse_rows
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.rejected_rows.thresholds import Thresholds
from airflow_synapse.seconds import parse_seconds

if TYPE_CHECKING:
    from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

EXPECTATIONS: Final = ("some", "none")
ON_BREACH: Final = ("fail", "skip", "succeed")


def thresholds_of(sensor: SynapseRejectedRowsSensor) -> Thresholds:
    """Return what a report is measured by: with ``expect="none"`` no row is allowed where nothing else is said.

    :raises CopyOptionError: An argument is wrong.
    """
    _check_choice("expect", sensor.expect, EXPECTATIONS)
    _check_choice("on_breach", sensor.on_breach, ON_BREACH)
    thresholds = Thresholds.parse(sensor.max_rejected_rows, sensor.max_rejected_ratio)
    if thresholds.max_rejected_ratio is not None and sensor.load_result is None:
        raise CopyOptionError("max_rejected_ratio needs the number of rows that were loaded: give load_result.")
    return thresholds if thresholds or sensor.expect == "some" else Thresholds(max_rejected_rows=0)


def watch_of(sensor: SynapseRejectedRowsSensor) -> RejectedRowsWatch | None:
    """Return where to look; None where the load is known to have rejected nothing, and has no folder.

    :raises CopyOptionError: An argument is wrong.
    :raises CredentialError: The connection names no account.
    """
    folder = RejectFolder.find(
        error_file=sensor.error_file,
        load_result=sensor.load_result,
        container=sensor.container,
        storage_conn_id=sensor.storage_conn_id,
    )
    if sensor.expect == "some" and (folder is None or folder.load_result.get("rows_rejected") == 0):
        raise CopyOptionError('The load has rejected no row: there is nothing to wait for. Give expect="none".')
    if folder is None:
        return None
    watch = RejectedRowsWatch(
        folder=folder.url,
        storage_conn_id=sensor.storage_conn_id,
        newer_than=_newer_than(sensor.newer_than),
        is_none_an_answer=sensor.expect == "none",
        rows_loaded=folder.load_result.get("rows_loaded"),
        sample_rows=parse_rows("sample_rows", sensor.sample_rows),
    )
    if sensor.load_result is not None:
        return watch
    quiet_seconds = parse_seconds("quiet_seconds", sensor.quiet_seconds)
    return replace(watch, has_subfolders=sensor.error_file_per_load, quiet_seconds=quiet_seconds)


def check_complete(sensor: SynapseRejectedRowsSensor, report: RejectedRowsReport) -> None:
    """Refuse a report on fewer rows than the load has rejected: without their files, nothing must look like success.

    :raises SourceFilesError: It is one.
    """
    result = {} if sensor.load_result is None or sensor.newer_than else read_result(sensor.load_result)
    expected = result.get("rows_rejected") or 0
    if report.rows < expected:
        raise SourceFilesError(
            f"The load has rejected {expected:,} rows, but {result.get('reject_folder')} holds {report.rows:,}: files "
            "were removed since, or container or storage_conn_id name another place."
        )


def _newer_than(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise CopyOptionError(f"{name} is {value!r}; it is one of {', '.join(map(repr, choices))}.")
