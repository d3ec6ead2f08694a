"""Ask a storage account whether a connection may work in a folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.rights import MissingRight, folder_acls

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

#: What the service answers where a right, or a way through its firewall, is missing.
_REFUSALS: Final = frozenset({401, 403})


def missing_storage_rights(hook: SynapseStorageHook, folder: ExternalLocation) -> list[MissingRight]:
    """Return which of listing, writing, reading and deleting the connection may not do in a folder.

    An empty file is written there, read and removed. Whoever else works in the folder, such as the identity of a Spark
    job or of the SQL pool, cannot be asked for from here.

    :raises SourceFilesError: The account does not answer, or there is no such container.
    :raises CredentialError: The connection is for another account.
    """
    refused = hook.in_container(folder, lambda container: _refused(container, folder.path.rstrip("/")))
    remedy = (
        f"give the identity of connection {hook.storage_conn_id!r} the role Storage Blob Data Contributor on account "
        f"{folder.account!r}, or the permissions {', '.join(folder_acls(folder.path))}; a SAS needs the permissions "
        "rwdlc. The account's firewall refuses in the same way, and a new role takes minutes."
    )
    return [MissingRight(right=name, on=folder.url, remedy=remedy) for name in refused]


def _refused(container: ContainerClient, path: str) -> list[str]:
    # Should it stay there: COPY and Spark leave out a file whose name begins with an underscore.
    marker = container.get_blob_client(f"{path}/_airflow-access-check-{secrets.token_hex(4)}".lstrip("/"))
    refused = []
    if not _is_granted(lambda: next(iter(container.list_blob_names(name_starts_with=path)), None)):
        refused.append("list")
    if not _is_granted(lambda: marker.upload_blob(b"")):
        return [*refused, "write"]  # there is nothing to try the others on
    if not _is_granted(lambda: marker.download_blob().readall()):
        refused.append("read")
    if not _is_granted(marker.delete_blob):
        refused.append("delete")
    return refused


def _is_granted(call: Callable[[], object]) -> bool:
    """Say whether the service does what a call asks for."""
    from azure.core.exceptions import HttpResponseError

    try:
        call()
    except HttpResponseError as error:
        if error.status_code not in _REFUSALS:
            raise
        return False
    return True
