"""Files and directories in a Blob service, as an account with a hierarchical namespace has them.

A directory is an empty blob with the metadata ``hdi_isfolder``: the Blob endpoint of such an account shows directories
in this form. A file appears as a whole when it has been written to its end, or not at all. A rename of a directory
copies what is below and then deletes it, where the service does it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient

from airflow_synapse.local.spark.file_status import FilePath, FileStatus
from airflow_synapse.secret import Secret

_DIRECTORY: Final = {"hdi_isfolder": "true"}
_BLOCK_BYTES: Final = 8 * 1024 * 1024
_FIRST_READ_BYTES: Final = 256 * 1024
_LARGEST_READ_BYTES: Final = 4 * 1024 * 1024


class Reader(Protocol):
    """The source of a file that is written."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, none at the end; raises if the source ends too early."""


class FileSystem:
    """The accounts of a workspace. Every method may be called from any thread.

    A storage that does not answer is not asked again: it is on this machine.

    :param accounts: Endpoint and key by account name.
    :raises FileNotFoundError: From every method: no such account, container, file or directory.
    :raises azure.core.exceptions.AzureError: From every method: the storage refuses or does not answer.
    """

    def __init__(self, accounts: Mapping[str, tuple[str, Secret]]) -> None:
        self._services = {
            account: BlobServiceClient(
                endpoint,
                credential={"account_name": account, "account_key": key.reveal()},
                retry_total=0,
                max_block_size=_BLOCK_BYTES,
                max_single_put_size=_BLOCK_BYTES,
            )
            for account, (endpoint, key) in accounts.items()
        }

    def containers(self) -> list[tuple[str, str]]:
        """Return account and name of every container."""
        return [
            (account, container.name)
            for account, service in self._services.items()
            for container in service.list_containers()
        ]

    def status(self, path: FilePath) -> FileStatus:
        """Return what is there."""
        if not path.key:
            self._container_exists(path)
            return FileStatus(path, is_directory=True)
        try:
            return _status(path, self._blob(path).get_blob_properties())
        except ResourceNotFoundError:
            if not self._has_files_below(path):
                raise FileNotFoundError(f"The path does not exist: {path.key}") from None
            return FileStatus(path, is_directory=True)

    def exists(self, path: FilePath) -> bool:
        """Return whether something is there."""
        try:
            self.status(path)
        except FileNotFoundError:
            return False
        return True

    def entries(self, directory: FilePath) -> list[FileStatus]:
        """Return what is in a directory, by name."""
        prefix = f"{directory.key}/" if directory.key else ""
        blobs = self._service(directory).get_container_client(directory.container)
        found: dict[str, FileStatus] = {}
        for blob in blobs.walk_blobs(name_starts_with=prefix or None, include=["metadata"], delimiter="/"):
            path = directory.child(blob.name.removeprefix(prefix).rstrip("/"))
            if isinstance(blob, BlobProperties):
                found[path.key] = _status(path, blob)
            else:  # a common prefix
                found.setdefault(path.key, FileStatus(path, is_directory=True))
        return [found[key] for key in sorted(found)]

    def make_directory(self, path: FilePath) -> None:
        """Make a directory and those above it.

        :raises NotADirectoryError: One of the names is that of a file.
        """
        missing = []
        while path.key:
            try:
                if not _status(path, self._blob(path).get_blob_properties()).is_directory:
                    raise NotADirectoryError(f"The path is a file: {path.key}")
                break
            except ResourceNotFoundError:
                missing.append(path)
                path = path.parent
        self._container_exists(path)
        for directory in missing:
            self._blob(directory).upload_blob(b"", overwrite=True, metadata=_DIRECTORY)

    def write(self, path: FilePath, source: Reader, *, overwrite: bool) -> None:
        """Write a file, and make the directories above it.

        :raises FileExistsError: It exists and shall not be overwritten, or is a directory.
        """
        self.check_writable(path, overwrite=overwrite)
        self.make_directory(path.parent)
        try:
            # With more than one thread at work, the client never ends the upload of an empty stream.
            self._blob(path).upload_blob(source, overwrite=overwrite, max_concurrency=1)  # type: ignore[arg-type]  # it only reads
        except ResourceExistsError:  # it was written meanwhile
            raise FileExistsError(f"The path exists: {path.key}") from None

    def check_writable(self, path: FilePath, *, overwrite: bool) -> None:
        """Check that a file may be written.

        :raises FileExistsError: It exists and shall not be overwritten, or is a directory.
        """
        self._service(path)
        try:
            status = self.status(path)
        except FileNotFoundError:
            return
        if status.is_directory or not overwrite:
            raise FileExistsError(f"The path exists: {path.key}")

    def read(self, status: FileStatus, offset: int, end: int) -> Iterator[bytes]:
        """Yield a file's bytes from an offset on, up to another; it fails when the file is changed meanwhile."""
        blob = self._blob(status.path)
        size = _FIRST_READ_BYTES  # readers of Parquet seek a lot: they hang up early
        while offset < end:
            size = min(size, end - offset)
            yield blob.download_blob(
                offset, size, etag=status.etag, match_condition=MatchConditions.IfNotModified
            ).readall()
            offset += size
            size = min(size * 2, _LARGEST_READ_BYTES)

    def rename(self, source: FilePath, target: FilePath) -> bool:
        """Move a file or directory; into ``target`` if that is a directory.

        :return: False, and nothing is changed: ``target`` is a file, or in ``source``, or its directory is missing.
        """
        status = self.status(source)
        if self.exists(target):
            if not self.status(target).is_directory:
                return False
            target = target.child(source.name)
        if self.exists(target) or not self.exists(target.parent) or f"{target.key}/".startswith(f"{source.key}/"):
            return False
        moved = [source.key] if self._has_blob(source) else []
        if status.is_directory:
            moved += self._names_below(source)
        for name in moved:
            copied = self._blob(target._replace(key=target.key + name.removeprefix(source.key)))
            copied.start_copy_from_url(self._blob(source._replace(key=name)).url)
        self._delete(source, moved)
        return True

    def delete(self, path: FilePath, *, recursive: bool) -> bool:
        """Delete a file or directory.

        :return: False: nothing is there.
        :raises OSError: A directory has something in it, and ``recursive`` is not set.
        """
        if not path.key or not self.exists(path):
            return False
        below = self._names_below(path)
        if below and not recursive:
            raise OSError(f"The directory is not empty: {path.key}")
        self._delete(path, [*reversed(below), *([path.key] if self._has_blob(path) else [])])
        return True

    def _delete(self, path: FilePath, names: list[str]) -> None:
        for name in names:
            self._blob(path._replace(key=name)).delete_blob()

    def _names_below(self, directory: FilePath) -> list[str]:
        blobs = self._service(directory).get_container_client(directory.container)
        return list(blobs.list_blob_names(name_starts_with=f"{directory.key}/"))

    def _has_files_below(self, directory: FilePath) -> bool:
        blobs = self._service(directory).get_container_client(directory.container)
        return any(True for _ in blobs.list_blob_names(name_starts_with=f"{directory.key}/", results_per_page=1))

    def _has_blob(self, path: FilePath) -> bool:
        return self._blob(path).exists()

    def _container_exists(self, path: FilePath) -> None:
        if not self._service(path).get_container_client(path.container).exists():
            raise FileNotFoundError(f"The file system does not exist: {path.container}")

    def _blob(self, path: FilePath) -> BlobClient:
        return self._service(path).get_blob_client(path.container, path.key)

    def _service(self, path: FilePath) -> BlobServiceClient:
        try:
            return self._services[path.account]
        except KeyError:
            raise FileNotFoundError(f"The storage account does not exist: {path.account}") from None


def _status(path: FilePath, blob: BlobProperties) -> FileStatus:
    if (blob.metadata or {}).get("hdi_isfolder") == "true":
        return FileStatus(path, is_directory=True, modified=blob.last_modified)
    return FileStatus(path, is_directory=False, size=blob.size, modified=blob.last_modified, etag=blob.etag)
