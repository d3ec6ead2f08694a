"""Copy the rows that COPY has rejected to a folder, to be loaded again once the reason is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class RejectedRowsToFilesOperator(BaseOperator):
    """Copy the rejected rows of a load, without their reasons, to a folder that a SynapseCopyOperator can load.

    The row files are copied byte by byte: what the pool left out comes again as the pool has written it. They have no
    header, so that such a load has no ``first_row``; its other options are those of the load that rejected them.

    Each file becomes ``<YYYYMMDD-HHMMSS>-<prefix>.csv``. Run again for the same load, the task writes the same files;
    other files in the folder stay, so that each load should have a folder of its own there, such as one with
    ``{{ run_id }}``.

    The task returns ``folder``, ``files``, ``rows`` (lines) and ``bytes``; without a rejected row nothing is written.
    It fails, and writes nothing, when fewer rows are there than ``rows_rejected`` of ``load_result`` says.

    :param folder: Where to: a URL in the account of the rejected rows, or a path in their container. (templated)
    :param load_result: What a SynapseCopyOperator has returned, such as ``load.output``. (templated)
    :param error_file: Instead of it, the folder that the load wrote to: a URL, or a path in ``container``. (templated)
    :param container: The container, where ``error_file`` is given as a path. (templated)
    :param storage_conn_id: Connection of type ``wasb`` or ``adls`` for the storage account, with the right to write.
        (templated)
    """

    template_fields: Sequence[str] = ("folder", "load_result", "error_file", "container", "storage_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"load_result": "json"}
    ui_color = "#cfe5f7"

    def __init__(
        self,
        *,
        folder: str,
        storage_conn_id: str,
        load_result: Mapping[str, Any] | str | None = None,
        error_file: str | None = None,
        container: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - the arguments of every operator
    ) -> None:
        super().__init__(**kwargs)
        self.folder = folder
        self.load_result = load_result
        self.error_file = error_file
        self.container = container
        self.storage_conn_id = storage_conn_id

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - as Airflow calls it
        """Copy the files.

        :raises AirflowFailException: An error that no retry can mend; it says what to do.
        :raises SynapseError: An error that may pass.
        """
        from airflow_synapse.operators.outcome import or_fail  # noqa: PLC0415 - for running tasks only

        return or_fail(self._copy)

    def _copy(self) -> dict[str, Any]:
        from airflow_synapse.execution.reject_folder import RejectFolder  # noqa: PLC0415 - slow to import
        from airflow_synapse.execution.row_files import CopiedFiles, copy_row_files  # noqa: PLC0415 - slow to import
        from airflow_synapse.hooks.storage import SynapseStorageHook  # noqa: PLC0415 - slow to import

        rejects = RejectFolder.find(
            error_file=self.error_file,
            load_result=self.load_result,
            container=self.container,
            storage_conn_id=self.storage_conn_id,
        )
        if rejects is None:
            self.log.info("The load has rejected no row: there is nothing to copy.")
            return CopiedFiles(folder=self.folder).to_json()
        return copy_row_files(rejects, self.folder, SynapseStorageHook(self.storage_conn_id)).to_json()
