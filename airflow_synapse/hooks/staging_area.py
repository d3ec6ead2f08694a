"""Folders of a storage account that a task fills, reads and removes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.source_files import patterns
from airflow_synapse.load.source_survey import SourceFile

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient


class StagingArea:
    """Files of one storage account, by the connection of a hook, which needs the right to write and delete.

    Every method raises SourceFilesError where the account refuses, and CredentialError where the location is in another
    account.

    :param hook: The hook.
    """

    def __init__(self, hook: SynapseStorageHook) -> None:
        self._hook = hook

    def upload(self, location: ExternalLocation, content: bytes | Iterable[bytes]) -> None:
        """Write a file, in place of what is there.

        :param content: All of it, or pieces, of which few are in memory at a time.
        """
        self._hook.in_container(
            location, lambda container: container.upload_blob(location.path, content, overwrite=True)
        )

    def download(self, location: ExternalLocation) -> bytes | None:
        """Return what is in a small file; None where there is none."""
        from azure.core.exceptions import ResourceNotFoundError

        def read(container: ContainerClient) -> bytes | None:
            try:
                return container.download_blob(location.path).readall()
            except ResourceNotFoundError:
                return None

        return self._hook.in_container(location, read)

    def files(self, folder: ExternalLocation) -> list[SourceFile]:
        """Return the files in a folder and below it that COPY would read, with names from the container on."""
        (pattern,) = patterns([folder])

        def look(container: ContainerClient) -> list[SourceFile]:
            return [
                SourceFile(blob.name, blob.size)
                for blob in container.list_blobs(name_starts_with=folder.path, include=["metadata"])
                if pattern.matches(blob.name) and not (blob.metadata or {}).get("hdi_isfolder")
            ]

        return self._hook.in_container(folder, look)

    def folders(self, folder: ExternalLocation, prefix: str) -> list[str]:
        """Return the names of the folders in a folder that begin with ``prefix``."""

        def look(container: ContainerClient) -> list[str]:
            found = container.walk_blobs(name_starts_with=folder.path + prefix, delimiter="/")
            return [item.name.removeprefix(folder.path).rstrip("/") for item in found if item.name.endswith("/")]

        return self._hook.in_container(folder, look)

    def remove(self, location: ExternalLocation) -> None:
        """Remove a file, or a folder with all below it; what is not there is no error."""
        from azure.core.exceptions import ResourceNotFoundError

        def delete(container: ContainerClient) -> None:
            # Backwards: in an account with folders, a folder can be removed once it is empty.
            for name in sorted(_names_at(container, location.path.rstrip("/")), reverse=True):
                try:
                    container.delete_blob(name)
                except ResourceNotFoundError:
                    continue

        self._hook.in_container(location, delete)


def _names_at(container: ContainerClient, path: str) -> Iterator[str]:
    for name in container.list_blob_names(name_starts_with=path):
        if name == path or name.startswith(f"{path}/"):
            yield name
