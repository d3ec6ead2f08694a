"""Where the files of an external table are, and what opens them.

Source: T-SQL reference, CREATE EXTERNAL DATA SOURCE and CREATE DATABASE SCOPED CREDENTIAL, Azure Synapse Analytics.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from airflow_synapse.local.catalog.external_objects import DataSource, ScopedCredential
from airflow_synapse.local.copy.credentials import read_credential
from airflow_synapse.local.copy.request import Credential, Location, ManagedIdentity, StorageAccountKey
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.reader import not_supported

_CONTAINER_FIRST: Final = re.compile(
    r"(?P<scheme>abfss?|wasbs?)://(?P<container>[^/@]+)@(?P<account>[a-z0-9]{3,24})\.(?P<endpoint>blob|dfs)"
    r"\.core\.windows\.net(?:/(?P<path>[^?#]*))?",
    re.IGNORECASE,
)
_URL: Final = re.compile(
    r"(?P<scheme>https)://(?P<account>[a-z0-9]{3,24})\.(?P<endpoint>blob|dfs)\.core\.windows\.net"
    r"/(?P<container>[^/?#]+)(?:/(?P<path>[^?#]*))?",
    re.IGNORECASE,
)


def read_source_location(text: str) -> Location:
    """Read LOCATION of a data source.

    Assumption: A data source of another kind than Azure Storage, or whose LOCATION cannot be read, is refused with
    number 103010.

    :raises PoolError: It is no location in Azure Storage.
    """
    match = _CONTAINER_FIRST.fullmatch(text) or _URL.fullmatch(text)
    if match is None:
        raise not_supported(
            "A LOCATION other than abfss://<container>@<account>.dfs.core.windows.net/<path>, "
            "wasbs://<container>@<account>.blob.core.windows.net/<path> or "
            "https://<account>.(blob|dfs).core.windows.net/<container>/<path>"
        )
    path = (match["path"] or "").strip("/")
    return Location(match["account"].lower(), match["endpoint"].lower(), match["container"], path)


def external_location(source: DataSource, location: str) -> Location:
    """Return the place of an external table: its path stands below that of its data source.

    A folder of a Hadoop external table is scanned with its subfolders, and knows no wildcard. Source: azure-docs
    synapse-analytics/sql/develop-tables-external-tables.
    """
    root = read_source_location(source.location)
    parts = [part for part in (root.path, location.strip("/")) if part]
    path = "/".join(parts) + ("/" if parts and location.endswith("/") else "")
    return replace(root, path=path)


def literal(location: Location) -> Location:
    """Return the location in the form that COPY's listing takes, where an asterisk would be a wildcard."""
    return replace(location, path=re.sub(r"[\\*]", r"\\\g<0>", location.path))


def storage_credential(source: DataSource, found: ScopedCredential | None) -> Credential | None:
    """Return what opens the storage; None for the identity of the login, or public access.

    The identity of a storage account key may be any text. Through ``wasb`` and ``wasbs`` only a key is taken.

    Assumption: IDENTITY = 'User Identity' opens the storage as the login would.
    Assumption: A credential of another kind than a key is refused with number 105019 for a wasb location.

    :raises PoolError: The data source does not take such a credential.
    """
    if found is None or found.identity.strip().upper() == "USER IDENTITY":
        return None
    credential = _meaning(found)
    if source.location.lower().startswith("wasb") and not isinstance(credential, StorageAccountKey):
        raise access_failed("a wasb location is opened with a storage account key alone")
    return credential


def _meaning(found: ScopedCredential) -> Credential:
    kind = found.identity.strip().upper()
    if kind in {"MANAGED SERVICE IDENTITY", "MANAGED IDENTITY"}:
        return ManagedIdentity()
    secret = None if found.secret is None else found.secret.reveal()
    if kind == "SHARED ACCESS SIGNATURE" or "@https://" in found.identity.lower():
        return read_credential("CREDENTIAL", found.identity, secret)
    return read_credential("CREDENTIAL", "Storage Account Key", secret)


def access_failed(reason: str) -> PoolError:
    """Return the error of storage that an external table cannot reach.

    Source: number and beginning of the text in microsoft/sql-server-samples issue 304 and MicrosoftDocs/azure-docs
    issue 48392.
    """
    return PoolError(105019, f"EXTERNAL TABLE access failed due to internal error: '{reason}'")


def path_not_found(path: str) -> PoolError:
    """Return the error of a path where nothing is.

    Assumption: A path of an external table where no file is fails with number 105002.
    """
    return PoolError(
        105002,
        f"EXTERNAL TABLE access failed because the specified path name '{path}' does not exist. "
        "Enter a valid file path and try again.",
    )
