"""Triggers that wait for rejected rows."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from airflow_synapse.exceptions import SynapseError

#: How long an event may be on its way into Airflow's database, in seconds: the triggerer hands events over once a
#: second, and without a last time when it ends.
_HANDING_OVER: Final = 5.0


class RejectedRowsTrigger(BaseEventTrigger):
    """Tells a watched asset of rejected rows: the payload of each event is a report of those that none before had.

    For the ``trigger`` of an ``AssetWatcher``. It looks again and again, with one request for each 5,000 files that are
    there. From Airflow 3.3 on it remembers in the state store of the asset what it has reported, so that a triggerer
    goes on where the one before ended; what that one has reported in its last seconds comes again. With older ones it
    begins at ``newer_than`` again.

    When the storage account cannot be read, it says so in the triggerer's log, and looks again.

    :param error_file: URL of the folder for rejected rows, as in SynapseCopyOperator.
    :param storage_conn_id: Connection of type ``wasb`` or ``adls`` for its account.
    :param error_file_per_load: Whether the loads write to sub-folders of their own, as SynapseCopyOperator lets them.
        If not, the listing leaves out folders whose names say that they are too old.
    :param newer_than: Point in time in ISO 8601, UTC where it does not say: what was written before is not reported.
        Default: everything is.
    :param quiet_seconds: How long nothing in the folder of a load must have changed before it is reported.
    :param sample_rows: Most rejected rows that the report shows; they are data of the files. 0 for none.
    :param poke_interval: Seconds between two looks.
    :raises CopyOptionError: ``error_file``, ``newer_than``, ``quiet_seconds``, ``sample_rows`` or ``poke_interval`` is
        none.
    """

    def __init__(
        self,
        *,
        error_file: str,
        storage_conn_id: str,
        error_file_per_load: bool = True,
        newer_than: str | None = None,
        quiet_seconds: float = 60.0,
        sample_rows: int = 10,
        poke_interval: float = 60.0,
    ) -> None:
        from airflow_synapse.copy.location import ExternalLocation  # noqa: PLC0415 - only who makes one needs it
        from airflow_synapse.rejected_rows.arguments import parse_newer_than, parse_rows  # noqa: PLC0415 - as above
        from airflow_synapse.seconds import parse_interval, parse_seconds  # noqa: PLC0415 - as above

        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's, without types
        # Nothing is rendered: a DAG file is told at once.
        ExternalLocation.parse(error_file, option="ERRORFILE")
        parse_newer_than(newer_than)
        self.error_file = error_file
        self.storage_conn_id = storage_conn_id
        self.error_file_per_load = error_file_per_load
        self.newer_than = newer_than
        self.quiet_seconds = parse_seconds("quiet_seconds", quiet_seconds)
        self.sample_rows = parse_rows("sample_rows", sample_rows)
        self.poke_interval = parse_interval("poke_interval", poke_interval)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class and its arguments."""
        return "airflow_synapse.triggers.rejected_rows.RejectedRowsTrigger", {
            "error_file": self.error_file,
            "storage_conn_id": self.storage_conn_id,
            "error_file_per_load": self.error_file_per_load,
            "newer_than": self.newer_than,
            "quiet_seconds": self.quiet_seconds,
            "sample_rows": self.sample_rows,
            "poke_interval": self.poke_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield reports for ever: :meth:`~airflow_synapse.rejected_rows.report.RejectedRowsReport.to_json`."""
        watching = await _import("rejected_rows_watch")
        watch = watching.RejectedRowsWatch(
            folder=self.error_file,
            storage_conn_id=self.storage_conn_id,
            has_subfolders=self.error_file_per_load,
            newer_than=self.newer_than,
            quiet_seconds=self.quiet_seconds,
            sample_rows=self.sample_rows,
        )
        store = getattr(self, "asset_state_store", None)  # Airflow before 3.3 has none
        reported = watch.start(None if store is None else await store.aget(watch.key))
        answers = watching.answers(watch, reported, poke_interval=self.poke_interval, gives_up=False)
        async with aclosing(answers):
            async for answer in answers:
                yield TriggerEvent(answer.report.to_json())  # type: ignore[no-untyped-call]  # as above
                if store is not None:
                    # Once Airflow has the event: rather twice than never, should the triggerer end right now.
                    await asyncio.sleep(_HANDING_OVER)
                    await store.aset(watch.key, answer.reported.to_json())


class RejectedRowsSensorTrigger(BaseTrigger):
    """Waits for a SynapseRejectedRowsSensor, which has looked once before.

    Its event holds ``report`` and ``reported``, the JSON of an :class:`Answer`, with ``key``, the name under which the
    state store of an asset holds what was reported, and ``begin``; or the error that ended it.

    :param watch: Fields of :class:`~airflow_synapse.execution.rejected_rows_watch.RejectedRowsWatch`.
    :param reported: What was reported, as :meth:`~airflow_synapse.rejected_rows.reported.Reported.to_json`.
    :param begin: The same, before the task.
    :param poke_interval: Seconds between two looks.
    """

    def __init__(
        self, *, watch: dict[str, Any], reported: dict[str, Any], begin: dict[str, Any], poke_interval: float
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's, without types
        self.watch = watch
        self.reported = reported
        self.begin = begin
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class and its arguments."""
        return "airflow_synapse.triggers.rejected_rows.RejectedRowsSensorTrigger", {
            "watch": self.watch,
            "reported": self.reported,
            "begin": self.begin,
            "poke_interval": self.poke_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is an answer, and yield it."""
        watching, load_event = await _import("rejected_rows_watch"), await _import("load_event")
        watch, reported = watching.RejectedRowsWatch(**self.watch), watching.Reported.from_json(self.reported)
        await asyncio.sleep(self.poke_interval)
        answers = watching.answers(watch, reported, poke_interval=self.poke_interval, gives_up=True)
        try:
            async with aclosing(answers):
                answer = await anext(answers)
        except SynapseError as error:
            yield TriggerEvent(load_event.failed(error))  # type: ignore[no-untyped-call]  # as above
        else:
            event = {**answer.to_json(), "key": watch.key, "begin": self.begin}
            yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # as above


async def _import(name: str) -> Any:  # noqa: ANN401 - a module
    """Import a module of ``execution``: it is slow, and so not for the event loop."""
    return await asyncio.to_thread(importlib.import_module, f"airflow_synapse.execution.{name}")
