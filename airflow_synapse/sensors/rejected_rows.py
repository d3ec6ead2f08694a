"""Wait for the rows that COPY has rejected, or make sure that there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_synapse.seconds import parse_interval
from airflow_synapse.version_compat import conf

if TYPE_CHECKING:
    from airflow.sdk import Context


class SynapseRejectedRowsSensor(BaseSensorOperator):
    """Look at a folder for rejected rows until there is something to report, and return the report.

    It watches the folder of one load (``load_result``), or a folder that loads write to (``error_file``). A look is one
    request for the folder of a load, however many there are beside it, and one for each 5,000 files of a folder with
    many loads. Files are read only when there is something to report.

    The task returns the fields of :class:`~airflow_synapse.rejected_rows.report.RejectedRowsReport`. What a task with
    an asset as inlet or outlet has reported of ``error_file``, no other task with that asset reports again, while the
    task itself, when it is retried or cleared, says it again; Airflow before 3.3 cannot remember that: give
    ``newer_than``. An account that is busy or out of reach is looked at again; any other
    error fails the task without retry.

    :param error_file: Folder for rejected rows, as in SynapseCopyOperator: a URL, or a path in ``container``.
        (templated)
    :param load_result: What a SynapseCopyOperator has returned, such as ``load.output``: its ``reject_folder`` is
        looked at, and its ``rows_loaded`` is what ``max_rejected_ratio`` needs. The task fails when fewer rows are
        there than its ``rows_rejected`` says, and does not wait when that is 0. (templated)
    :param storage_conn_id: Connection of type ``wasb`` or ``adls`` for the storage account. (templated)
    :param container: The container, where the folder is given as a path. (templated)
    :param error_file_per_load: Whether the loads write to sub-folders of their own in ``error_file``, as
        SynapseCopyOperator lets them. If not, the listing leaves out folders whose names say that they are too old.
    :param expect: ``some`` waits for rejected rows. ``none`` succeeds at once when there are none, and takes them for a
        breach otherwise; below ``error_file`` it waits while a load may still write. (templated)
    :param newer_than: Point in time, or its text in ISO 8601, UTC where it does not say: what was written before does
        not count, by the storage account's clock. Default: everything counts. (templated)
    :param max_rejected_rows: More rejected rows are a breach. Default: any number is allowed, and with ``none`` no row.
        (templated)
    :param max_rejected_ratio: A larger part of the rows of the load is a breach, from 0 to 1. (templated)
    :param on_breach: What to do then: ``fail`` without retry, ``skip``, or ``succeed`` all the same. (templated)
    :param quiet_seconds: How long nothing in a load's folder below ``error_file`` must have changed before it counts.
        With ``load_result`` there is no wait: the load has ended. (templated)
    :param sample_rows: Most rejected rows to show in the report; they are data of the files. 0 for none. (templated)
    :param deferrable: Whether to wait in the triggerer, after one look. Default: ``[operators] default_deferrable``.
    :raises CopyOptionError: ``poke_interval`` is 0.
    """

    template_fields: Sequence[str] = (
        "error_file",
        "load_result",
        "storage_conn_id",
        "container",
        "expect",
        "newer_than",
        "max_rejected_rows",
        "max_rejected_ratio",
        "on_breach",
        "quiet_seconds",
        "sample_rows",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"load_result": "json"}
    ui_color = "#cfe5f7"

    def __init__(
        self,
        *,
        storage_conn_id: str,
        error_file: str | None = None,
        load_result: Mapping[str, Any] | str | None = None,
        container: str | None = None,
        error_file_per_load: bool = True,
        expect: str = "some",
        newer_than: datetime | str | None = None,
        max_rejected_rows: int | str | None = None,
        max_rejected_ratio: float | str | None = None,
        on_breach: str = "fail",
        quiet_seconds: float | str = 60.0,
        sample_rows: int | str = 10,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,  # noqa: ANN401 - the arguments of every sensor
    ) -> None:
        super().__init__(**kwargs)
        parse_interval("poke_interval", self.poke_interval)  # Airflow takes 0, which would look without a pause
        self.storage_conn_id = storage_conn_id
        self.error_file = error_file
        self.load_result = load_result
        self.container = container
        self.error_file_per_load = error_file_per_load
        self.expect = expect
        self.newer_than = newer_than
        self.max_rejected_rows = max_rejected_rows
        self.max_rejected_ratio = max_rejected_ratio
        self.on_breach = on_breach
        self.quiet_seconds = quiet_seconds
        self.sample_rows = sample_rows
        self.deferrable = deferrable

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once. A deferrable task is deferred when there is nothing to say yet.

        :raises AirflowFailException: An argument or the storage account is wrong, or too much was rejected.
        :raises AirflowSkipException: Too much was rejected.
        """
        from airflow_synapse.sensors.looking import look  # noqa: PLC0415 - slow to import

        return look(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take over what the trigger has found.

        :param event: What the trigger said.
        :raises AirflowFailException: As :meth:`poke`.
        :raises AirflowSkipException: As :meth:`poke`.
        """
        from airflow_synapse.sensors.looking import complete  # noqa: PLC0415 - slow to import

        return complete(self, context, event)
