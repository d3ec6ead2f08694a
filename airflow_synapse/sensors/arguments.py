"""The rendered arguments of a SynapseRejectedRowsSensor, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.execution.rejected_rows_watch import RejectedRowsWatch
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.rejected_rows.thresholds import Thresholds

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
    if (sensor.error_file is None) == (sensor.load_result is None):
        raise CopyOptionError(
            "Give either error_file or load_result. An XCom of a task that was skipped or returned nothing is None."
        )
    if sensor.error_file is not None:
        return RejectedRowsWatch(
            folder=_url(sensor, sensor.error_file),
            storage_conn_id=sensor.storage_conn_id,
            has_subfolders=sensor.error_file_per_load,
            newer_than=_newer_than(sensor.newer_than),
            quiet_seconds=float(sensor.quiet_seconds),
            is_none_an_answer=sensor.expect == "none",
            sample_rows=int(sensor.sample_rows),
        )
    result = _read_result(sensor.load_result)
    folder = result.get("reject_folder")
    if folder is None and result.get("rows_rejected") == 0 and sensor.expect == "none":
        return None
    if folder is None:
        raise CopyOptionError("load_result has no reject_folder: give the load an error_file.")
    return RejectedRowsWatch(
        folder=_url(sensor, folder),
        storage_conn_id=sensor.storage_conn_id,
        newer_than=_newer_than(sensor.newer_than),
        is_none_an_answer=sensor.expect == "none",
        rows_loaded=result.get("rows_loaded"),
        sample_rows=int(sensor.sample_rows),
    )


def _url(sensor: SynapseRejectedRowsSensor, folder: str) -> str:
    if "://" in folder:
        return folder
    if not sensor.container:
        raise CopyOptionError(f"{folder!r} is a path: give its container, or the whole URL.")
    account = SynapseStorageHook(sensor.storage_conn_id).settings.account
    return f"https://{account}.blob.core.windows.net/{sensor.container}/{folder.lstrip('/')}"


def _newer_than(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _read_result(value: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    """Return the fields of a LoadResult, also where a template has made them JSON."""
    try:
        result = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        result = None
    if not isinstance(result, Mapping):
        raise CopyOptionError(
            "load_result is not what a SynapseCopyOperator returns: give its output, or a template that ends with "
            "'| tojson'."
        )
    return result


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise CopyOptionError(f"{name} is {value!r}; it is one of {', '.join(map(repr, choices))}.")
