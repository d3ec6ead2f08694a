"""Which folder of rejected rows a task is about: that of one load, or one that loads write to."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import CopyOptionError, SourceFilesError
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.rejected_rows.layout import LoadFolder, find_load_folders
from airflow_synapse.rejected_rows.report_builder import build_report

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectFolder:
    """A folder that ERRORFILE has named.

    :param url: Its URL.
    :param load_result: Fields of the LoadResult of the load that wrote there; empty where they are not known.
    """

    url: str
    load_result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def location(self) -> ExternalLocation:
        """The folder.

        :raises CopyOptionError: Its URL is none.
        """
        return ExternalLocation.parse(self.url, option="ERRORFILE")

    def load_folders(self, storage: SynapseStorageHook) -> tuple[LoadFolder, ...]:
        """Return what is there now. Files whose names say nothing are logged.

        :raises SourceFilesError: It cannot be read, or holds fewer rows than the load has rejected.
        """
        folders = find_load_folders(storage.rejected_row_files(self.location))
        for file in (file for folder in folders for file in folder.unknown_files):
            log.warning("%s is neither a reason file nor a row file: it is left out.", file.name)
        expected = self.load_result.get("rows_rejected") or 0
        if expected:
            # Counted as the load has counted them, which the lines of one file may not be.
            found = build_report(folders, storage.open_rejected_rows(self.location), sample_rows=0).rows
            if found < expected:
                raise SourceFilesError(
                    f"The load has rejected {expected:,} rows, but {self.url} holds {found:,}: files were removed "
                    "since. Nothing was changed."
                )
        return folders

    @classmethod
    def find(
        cls, *, error_file: str | None, load_result: object, container: str | None, storage_conn_id: str
    ) -> RejectFolder | None:
        """Return the folder that the arguments of a task name; None where a load is known to have rejected no row.

        :param error_file: The folder, as URL or as path in the container.
        :param load_result: What a SynapseCopyOperator has returned, or the JSON of it.
        :param storage_conn_id: Connection for the account of the container.
        :raises CopyOptionError: They name none, or two.
        :raises CredentialError: The connection names no account.
        """
        if (error_file is None) == (load_result is None):
            raise CopyOptionError(
                "Give either error_file or load_result. An XCom of a task that was skipped or returned nothing is None."
            )
        result = {} if error_file is not None else read_result(load_result)
        folder = error_file if error_file is not None else result.get("reject_folder")
        if folder is None and result.get("rows_rejected") == 0:
            return None
        if folder is None:
            raise CopyOptionError("load_result has no reject_folder: give the load an error_file.")
        folder = read_text(folder, "error_file" if load_result is None else "reject_folder of load_result")
        return cls(url=_url(folder, container, storage_conn_id), load_result=result)


def _url(folder: str, container: str | None, storage_conn_id: str) -> str:
    if "://" in folder:
        return folder
    if not container:
        raise CopyOptionError(f"{folder!r} is a path: give its container, or the whole URL.")
    settings = SynapseStorageHook(storage_conn_id).settings
    host = urlsplit(settings.endpoint).netloc
    if not host.startswith(f"{settings.account}.blob."):  # an emulator
        host = f"{settings.account}.blob.core.windows.net"
    return f"https://{host}/{container}/{folder.lstrip('/')}"


def read_result(value: object) -> Mapping[str, Any]:
    """Return the fields of a LoadResult, also where a template has made them JSON.

    :raises CopyOptionError: It is none.
    """
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
