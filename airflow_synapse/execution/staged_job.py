"""A job of the Spark pool that works in a folder of storage: its scripts, its request, its files and its manifest."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any, Final

from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.exceptions import StagedFilesError
from airflow_synapse.hooks.staging_area import StagingArea
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.load.source_survey import SourceFile
from airflow_synapse.spark.batch import BatchRequest
from airflow_synapse.spark.names import BatchName
from airflow_synapse.transfer.job_request import DATA_FOLDER, REQUEST_NAME
from airflow_synapse.transfer.lake_folder import below, spark_url
from airflow_synapse.transfer.manifest import MANIFEST_NAME, Manifest

_SCRIPTS_FOLDER: Final = "job"

log: Final = logging.getLogger(__name__)


class StagedJob:
    """What the batches of one task do; each batch has a folder of its own, of its name.

    :param area: The storage account.
    :param root: The folder that these folders are in.
    :param scripts: Names of the scripts of :mod:`airflow_synapse.transfer`, that which is run first.
    :param deployed: Folder where somebody has put the scripts; None to upload them for each batch.
    :param request: Returns the request for a folder.
    :param batch: Arguments of :class:`~airflow_synapse.spark.batch.BatchRequest`: sizes and settings.
    """

    def __init__(
        self,
        *,
        area: StagingArea,
        root: ExternalLocation,
        scripts: Sequence[str],
        deployed: ExternalLocation | None,
        request: Callable[[ExternalLocation], Mapping[str, Any]],
        batch: Mapping[str, Any],
    ) -> None:
        self.area = area
        self._root = root
        self._scripts = scripts
        self._deployed = deployed
        self._request = request
        self._batch = batch

    def folder(self, name: str) -> ExternalLocation:
        """Return the folder of a batch."""
        return below(self._root, name)

    def prepare(self, name: str, earlier: Sequence[str]) -> BatchRequest:
        """Remove what earlier batches have left, and put what the job reads into the folder of a new one.

        :raises CredentialError: A setting of the batch holds a credential. Nothing was changed.
        """
        folder = self.folder(name)
        scripts = self._deployed or below(folder, _SCRIPTS_FOLDER)
        request = _file(folder, REQUEST_NAME)
        main, *others = (spark_url(_file(scripts, script)) for script in self._scripts)
        # First: it refuses settings that hold a credential.
        batch = BatchRequest(name=name, file=main, args=[spark_url(request)], py_files=others, **self._batch)
        log.info("What is staged is in %s", folder)  # named now: a worker that is killed says nothing later
        for each in earlier:
            self.area.remove(self.folder(each))
        if self._deployed is None:
            for script in self._scripts:
                self.area.upload(_file(scripts, script), _packaged(script))
        self.area.upload(request, json.dumps(self._request(folder), ensure_ascii=False).encode())
        return batch

    def has_result(self, name: str) -> bool:
        """Say whether the job has written its manifest, and the files are those that it names."""
        try:
            return self.manifest(name) is not None
        except StagedFilesError as error:
            log.warning("What batch %r has written cannot be used: %s", name, error)
            return False

    def manifest(self, name: str) -> Manifest | None:
        """Return the manifest of a batch; None where it has written none.

        :raises StagedFilesError: It cannot be read, or the files are not those that it names.
        """
        folder = self.folder(name)
        text = self.read(name, MANIFEST_NAME)
        if text is None:
            return None
        manifest = Manifest.parse(text)
        if manifest.files:
            listed = self.area.files(below(folder, DATA_FOLDER))
            manifest.check_listing(SourceFile(file.name.removeprefix(folder.path), file.size) for file in listed)
        return manifest

    def read(self, name: str, file: str) -> bytes | None:
        """Return a small file in the folder of a batch; None where there is none."""
        return self.area.download(_file(self.folder(name), file))

    def withdraw(self, name: str) -> None:
        """Take the request away, without which a job does nothing."""
        self.area.remove(_file(self.folder(name), REQUEST_NAME))

    def remove_data(self, name: str) -> None:
        """Remove the files of a batch, and keep what says what it has done."""
        self.area.remove(below(self.folder(name), DATA_FOLDER))

    def remove_all(self, identity: LoadIdentity, try_number: int) -> None:
        """Remove the folders of all batches of a task, except those of a later try.

        :param identity: Whose work is done.
        :param try_number: The try that says so.
        """
        mine = identity.clear_number, try_number
        for name in self.names(identity):
            if name.rank <= mine:
                self.area.remove(self.folder(str(name)))

    def names(self, identity: LoadIdentity) -> list[BatchName]:
        """Return the names of the batches of a task that have a folder, whatever its clear number."""
        name = BatchName.of(identity, try_number=0, fingerprint="", token="")
        folders = self.area.folders(self._root, f"{name.title}-{name.load_id}-")
        return [found for folder in folders if (found := BatchName.parse(folder))]


def _file(folder: ExternalLocation, name: str) -> ExternalLocation:
    return replace(folder, path=folder.path + name)


def _packaged(script: str) -> bytes:
    return files("airflow_synapse.transfer").joinpath(_SCRIPTS_FOLDER, script).read_bytes()
